package errors_test

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// documented is one row of testdata/errors.tsv.
type documented struct {
	code   int
	group  string
	raised bool
	label  string
}

// readDocumented reads our copy of the documented table, 301 and 302 twice.
func readDocumented(t *testing.T) []documented {
	t.Helper()
	file, err := os.Open("testdata/errors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []documented
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 4 || field[3] == "" {
			t.Fatalf("row %q: want 4 columns", lines.Text())
		}
		code, err := strconv.Atoi(field[0])
		if err != nil {
			t.Fatalf("row %q: %v", lines.Text(), err)
		}
		if field[2] != "yes" && field[2] != "no" {
			t.Fatalf("row %q: third column is neither yes nor no", lines.Text())
		}
		rows = append(rows, documented{code, field[1], field[2] == "yes", field[3]})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestTableFollowsDocumentation walks the documented table against All: the
// same numbers in the same order with the same group. A number that is
// documented twice belongs to its first group and is raised if either row is.
func TestTableFollowsDocumentation(t *testing.T) {
	rows := readDocumented(t)
	if len(rows) != 101 {
		t.Fatalf("testdata has %d rows, the documentation lists 101", len(rows))
	}
	var want []documented
	for _, row := range rows {
		i := slices.IndexFunc(want, func(d documented) bool { return d.code == row.code })
		if i < 0 {
			want = append(want, row)
			continue
		}
		want[i].raised = want[i].raised || row.raised
	}
	if len(want) != 99 {
		t.Fatalf("testdata has %d different numbers, the documentation has 99", len(want))
	}

	got := slices.Collect(errors.All())
	if len(got) != len(want) {
		t.Errorf("All yields %d rows, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i].Code != want[i].code || got[i].Group != want[i].group || got[i].Raised != want[i].raised {
			t.Errorf("row %d: got %d %s raised=%t, want %d %s raised=%t (%s)", i,
				got[i].Code, got[i].Group, got[i].Raised,
				want[i].code, want[i].group, want[i].raised, want[i].label)
		}
	}
	for _, row := range want {
		if errors.Description(row.code) == "" {
			t.Errorf("Description(%d) is empty, documented: %s", row.code, row.label)
		}
	}
	for _, row := range got {
		if !slices.ContainsFunc(want, func(d documented) bool { return d.code == row.Code }) {
			t.Errorf("%d %s is not documented", row.Code, row.Name)
		}
	}
}

// TestTableTexts holds every text to the form that New builds on, and keeps
// texts apart except where the documentation has two numbers for one fact.
func TestTableTexts(t *testing.T) {
	seen := map[string]int{}
	for row := range errors.All() {
		if !strings.HasSuffix(row.Text, ".") || strings.TrimSpace(row.Text) != row.Text {
			t.Errorf("%d: text %q is not a sentence", row.Code, row.Text)
		}
		if got := errors.Description(row.Code); got != row.Text {
			t.Errorf("Description(%d) = %q, want %q", row.Code, got, row.Text)
		}
		if other, ok := seen[row.Text]; ok && (other != errors.ErrLocalHostFixed || row.Code != errors.ErrLocalHostFixedAlias) {
			t.Errorf("%d and %d share the text %q", other, row.Code, row.Text)
		}
		seen[row.Text] = row.Code
	}
	for _, code := range []int{0, -1, 1, 99, 506, 10000, 11005, 65536} {
		if got := errors.Description(code); got != "" {
			t.Errorf("Description(%d) = %q, want none", code, got)
		}
	}
}

// TestConstants reads codes.go and compares the constants in it with the table
// in both directions: every constant has a row under its name, every row a
// constant with its number, every constant a comment that begins with its name.
func TestConstants(t *testing.T) {
	constants := readConstants(t)
	for row := range errors.All() {
		code, ok := constants[row.Name]
		if !ok {
			t.Errorf("%d: no constant %s", row.Code, row.Name)
			continue
		}
		if code != row.Code {
			t.Errorf("%s = %d, the table says %d", row.Name, code, row.Code)
		}
		delete(constants, row.Name)
	}
	for name, code := range constants {
		t.Errorf("%s = %d has no row in the table", name, code)
	}
}

// readConstants returns the constants that codes.go declares.
func readConstants(t *testing.T) map[string]int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]int{}
	for _, decl := range file.Decls {
		group := decl.(*ast.GenDecl)
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			name := value.Names[0].Name
			code, err := strconv.Atoi(value.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			constants[name] = code
			if !strings.HasPrefix(value.Doc.Text(), name+": ") {
				t.Errorf("%s: the comment does not begin with the name", name)
			}
		}
	}
	return constants
}

// TestAllStops checks that a loop over All may end early.
func TestAllStops(t *testing.T) {
	for row := range errors.All() {
		if row.Code != errors.ErrProtocol {
			t.Fatalf("first row is %d, want %d", row.Code, errors.ErrProtocol)
		}
		break
	}
}

// TestContractNames fixes the names that the API contract spells out.
func TestContractNames(t *testing.T) {
	for _, row := range []struct{ got, want int }{
		{errors.ErrProtocol, 500},
		{errors.ErrPacketIdsExhausted, 501},
		{errors.ErrInvalidTopicName, 502},
		{errors.ErrInvalidTopicFilter, 503},
		{errors.ErrMalformedMessage, 504},
		{errors.ErrInvalidQoS, 505},
	} {
		if row.got != row.want {
			t.Errorf("constant is %d, want %d", row.got, row.want)
		}
	}
}
