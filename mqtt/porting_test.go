package mqtt_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// The porting guides name what there is: every name in a column "Here" of docs/porting is one of the code, a setting or an
// error.
func TestPortingPagesNameWhatThereIs(t *testing.T) {
	known := namesOfCode(t)
	for name := range mqtt.New().Settings().Settings() {
		known[strings.ToLower(name.Name)] = true
	}
	rows := 0
	for _, page := range portingPages(t) {
		for _, row := range tableRows(read(t, page)) {
			if row.column(1) != "Here" {
				continue
			}
			rows++
			for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row.cells[1], -1) {
				name, _, _ := strings.Cut(quoted[1], "=")
				name, _, _ = strings.Cut(name, "(")
				if code, err := strconv.Atoi(name); err == nil && errors.Description(code) != "" {
					continue
				}
				if !known[strings.ToLower(name)] {
					t.Errorf("%s: there is no %s, which is said to stand for %q", page, quoted[1], row.cells[0])
				}
			}
		}
	}
	if rows < 200 {
		t.Errorf("only %d rows", rows)
	}
}

// Every name of the other systems is on their page: testdata/porting.tsv has those of the four, testdata/properties.tsv and others
// those of the documented component.
func TestPortingPagesNameWhatWasThere(t *testing.T) {
	there := map[string][]string{}
	for _, row := range facts(t, "porting.tsv") {
		there[row["page"]] = append(there[row["page"]], row["name"])
	}
	const ipworks = "ipworks"
	for _, row := range facts(t, "properties.tsv") {
		there[ipworks] = append(there[ipworks], row["name"])
	}
	for _, file := range []string{"methods.tsv", "events.tsv"} {
		for _, row := range facts(t, file) {
			if name := row["name"] + row["event"]; row["origin"] == "" {
				there[ipworks] = append(there[ipworks], name)
			}
		}
	}
	for page, names := range there {
		text := ""
		for _, row := range tableRows(read(t, "../docs/porting/"+page+".md")) {
			text += row.cells[0] + "\n"
		}
		words := regexp.MustCompile(`\w+`).FindAllString(text, -1)
		for _, name := range names {
			if !slices.Contains(words, name) {
				t.Errorf("docs/porting/%s.md: nothing stands for %s", page, name)
			}
		}
	}
	if len(there) != 5 {
		t.Errorf("%d systems", len(there))
	}
}

func portingPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/porting/*.md")
	must(t, err)
	if len(pages) < 8 {
		t.Fatalf("pages %q", pages)
	}
	return pages
}

// tableRow is a row of a table of a page.
type tableRow struct{ head, cells []string }

// column is the head of a column, "" when there is none.
func (r tableRow) column(i int) string {
	if i < len(r.head) && i < len(r.cells) {
		return r.head[i]
	}
	return ""
}

func tableRows(text string) (rows []tableRow) {
	var head []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			head = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case strings.HasPrefix(line, "|---"):
		case head == nil:
			head = cells
		default:
			rows = append(rows, tableRow{head, cells})
		}
	}
	return rows
}

// namesOfCode are, in lower case, the methods and fields of MQTT by their bare names, the other members of exported types as
// Type.Member, and the exported functions, types and constants of mqtt; those of certificate, firewall and errors with their package.
func namesOfCode(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	component := reflect.TypeFor[*mqtt.MQTT]()
	for i := range component.NumMethod() {
		known[strings.ToLower(component.Method(i).Name)] = true
	}
	for i := range component.Elem().NumField() {
		known[strings.ToLower(component.Elem().Field(i).Name)] = true
	}
	for prefix, folder := range map[string]string{"": ".", "certificate.": "../certificate", "firewall.": "../firewall", "errors.": "../errors"} {
		entries, err := os.ReadDir(folder)
		must(t, err)
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, entry.Name()), nil, parser.SkipObjectResolution)
			must(t, err)
			for _, name := range namesOfFile(file) {
				known[strings.ToLower(prefix+name)] = true
			}
		}
	}
	return known
}

func namesOfFile(file *ast.File) (names []string) {
	add := func(name string) {
		if _, member, _ := strings.Cut(name, "."); ast.IsExported(name) && (member == "" || ast.IsExported(member)) {
			names = append(names, name)
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name.Name)
				continue
			}
			receiver := d.Recv.List[0].Type
			if star, is := receiver.(*ast.StarExpr); is {
				receiver = star.X
			}
			if ident, is := receiver.(*ast.Ident); is {
				add(ident.Name + "." + d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						add(name.Name)
					}
				case *ast.TypeSpec:
					add(spec.Name.Name)
					if structure, is := spec.Type.(*ast.StructType); is {
						for _, field := range structure.Fields.List {
							for _, name := range field.Names {
								add(spec.Name.Name + "." + name.Name)
							}
						}
					}
				}
			}
		}
	}
	return names
}
