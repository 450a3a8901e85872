package mqtt_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

// pagePatterns are those of .ci/pages too.
var pagePatterns = []string{
	"../docs/*.md", "../docs/porting/*.md", "../docs/recipes/*.md", "../examples/README.md", "../examples/*/README.md", "../examples/*/*/README.md",
}

// pages are the pages that people write and read; docs/reference is made from the code.
func pages(t *testing.T) []string {
	t.Helper()
	list := []string{"../README.md", "../CHANGELOG.md"}
	for _, pattern := range pagePatterns {
		more, err := filepath.Glob(pattern)
		must(t, err)
		list = append(list, more...)
	}
	return list
}

// block is a code block of a page.
type block struct {
	page     string
	line     int    // of its first line of code
	language string // what stands behind its first fence
	note     string // the comment <!-- … --> on the lines before it, "" = none
	text     string
}

func (b *block) String() string {
	return fmt.Sprintf("%s:%d", strings.TrimPrefix(b.page, "../"), b.line)
}

// blocks are the code blocks of a page.
func blocks(t *testing.T, page string) (list []*block) {
	t.Helper()
	var open *block
	var note string
	number := 0
	for line := range strings.Lines(read(t, page)) {
		number++
		trimmed := strings.TrimSpace(line)
		fence, fenced := strings.CutPrefix(trimmed, "```")
		comment, commented := strings.CutPrefix(trimmed, "<!--")
		switch {
		case fenced && open == nil:
			open = &block{page: page, line: number + 1, language: fence, note: note}
			list = append(list, open)
			note = ""
		case fenced:
			open = nil
		case open != nil:
			open.text += line
		case commented:
			note = strings.TrimSpace(strings.TrimSuffix(comment, "-->"))
		case trimmed != "":
			note = ""
		}
	}
	return list
}

// Every code block says what it is, so that it is shown as that and it can be told which test looks at it. What is not run
// says why.
func TestBlocksAreTagged(t *testing.T) {
	notes := regexp.MustCompile(`^(compiled only|not run): .{10}|^run with .|^run in a new folder$`)
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if !slices.Contains([]string{"go", "sh", "text", "json"}, b.language) {
				t.Errorf("%s: the block's tag is %q; it should be go, sh, text or json", b, b.language)
			}
			if b.note != "" && (b.language == "go" || b.language == "sh") && !notes.MatchString(b.note) {
				t.Errorf("%s: what does the comment %q say? See TestBlocksOfGo and .ci/pages", b, b.note)
			}
		}
	}
}

// Every Go block of every page compiles, all in one go command. A block of statements also runs, with a component m whose
// server is a broker of this test, and none of the calls of m returns an error; <!-- compiled only: WHY --> before the block
// spares it that.
func TestBlocksOfGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to compile them with")
	}
	here, err := filepath.Abs(".")
	must(t, err)
	p := &program{files: map[string]string{}, folder: filepath.Join(here, "internal", "blocks"), state: filepath.ToSlash(t.TempDir())}
	count := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.language == "go" {
				count++
				p.add(t, b)
			}
		}
	}
	if count < 15 {
		t.Errorf("%d blocks", count)
	}
	p.finish()

	// The files exist for the go command only, which is told where to find them.
	folder := t.TempDir()
	replace := map[string]string{}
	for name, text := range p.files {
		file := filepath.Join(folder, strconv.Itoa(len(replace))+".go")
		must(t, os.WriteFile(file, []byte(text), 0o600))
		replace[filepath.Join(p.folder, filepath.FromSlash(name))] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	list := filepath.Join(folder, "overlay.json")
	must(t, os.WriteFile(list, overlay, 0o600))

	server := mqtttest.NewServer(t)
	command := exec.Command(tool, "run", "-overlay", list, "./internal/blocks", server.Host(), strconv.Itoa(server.Port()))
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// program is the Go program that is made of the blocks: a package for each page's fragments, one for each whole program.
type program struct {
	folder  string            // where the go command finds it
	files   map[string]string // by their names below folder
	state   string            // stands for /var/lib/boiler
	imports []string
	calls   []string
}

// packagesOfBlocks are what a fragment may use without an import of its own.
var packagesOfBlocks = map[string]string{
	"base64": "encoding/base64", "bytes": "bytes", "context": "context", "expvar": "expvar", "fmt": "fmt", "fs": "io/fs", "hex": "encoding/hex",
	"hmac": "crypto/hmac", "http": "net/http", "json": "encoding/json", "log": "log", "os": "os", "pbkdf2": "crypto/pbkdf2", "rand": "crypto/rand",
	"sha256": "crypto/sha256", "signal": "os/signal", "slog": "log/slog", "strconv": "strconv", "strings": "strings",
	"subtle": "crypto/subtle", "time": "time", "tls": "crypto/tls",
	"certificate": "github.com/iotcomponents/iot/certificate", "config": "github.com/iotcomponents/iot/config",
	"firewall": "github.com/iotcomponents/iot/firewall", "mqtt": "github.com/iotcomponents/iot/mqtt",
}

// givenToBlocks are the variables that a fragment may use without declaring them. host and port are the broker's.
var givenToBlocks = map[string]string{
	"m":      "m := client(host, port)",
	"ctx":    "ctx := context.Background()",
	"err":    "var err error",
	"logger": "logger := slog.New(slog.DiscardHandler)",
	"state":  `state := ""`,
}

// add makes a file of a block.
func (p *program) add(t *testing.T, b *block) {
	t.Helper()
	page := regexp.MustCompile(`\W`).ReplaceAllString(strings.TrimSuffix(strings.TrimPrefix(b.page, "../"), ".md"), "")
	name := fmt.Sprintf("%s%d", strings.ToLower(page), b.line)
	absolute, err := filepath.Abs(b.page)
	must(t, err)
	position := fmt.Sprintf("//line %s:%d\n", absolute, b.line)
	lastLine := fmt.Sprintf("//line %s:%d\n", absolute, b.line+strings.Count(b.text, "\n")-1)
	if strings.HasPrefix(b.text, "package main\n") {
		p.files[name+"/block.go"] = fmt.Sprintf("%spackage %s\n%s", position, name, strings.TrimPrefix(b.text, "package main\n"))
		p.imports = append(p.imports, name)
		return
	}
	if file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+b.text, 0); err == nil { // declarations
		p.files[page+"/"+name+".go"] = "package " + page + "\n" + importsOf(file, b.text) + position + b.text
		p.imports = append(p.imports, page)
		return
	}
	const head = "package p; func _() {\n"
	file, err := parser.ParseFile(token.NewFileSet(), "", head+b.text+"}\n", 0)
	if err != nil {
		t.Errorf("%s: it is neither a program nor declarations nor statements: %v", b, err)
		return
	}
	body := checked(file, head+b.text)[len(head):]
	given := ""
	unresolved := map[string]bool{}
	for _, ident := range file.Unresolved {
		unresolved[ident.Name] = true
	}
	for _, variable := range slices.Sorted(maps.Keys(givenToBlocks)) {
		if unresolved[variable] {
			given += givenToBlocks[variable] + "\n"
		}
	}
	if unresolved["m"] {
		given += "defer end(m)\n"
	}
	text := given + body
	p.files[page+"/"+name+".go"] = "package " + page + "\n" + importsOf(file, text) +
		"func Block" + name + "(host string, port int) {\n" + given + position + strings.ReplaceAll(body, "/var/lib/boiler", p.state) +
		lastLine + usesOf(file) + "}\n"
	if !strings.Contains(p.files[page+"/rig.go"], "package") {
		p.files[page+"/rig.go"] = strings.Replace(blockRig, "package p", "package "+page, 1)
	}
	p.imports = append(p.imports, page)
	if b.note == "" {
		p.calls = append(p.calls, fmt.Sprintf("%s.Block%s(host, port)", page, name))
	}
}

// importsOf imports what a fragment uses. There errors is the component's package, unless only the standard one has what is used.
func importsOf(file *ast.File, text string) string {
	used := map[string]bool{}
	for _, ident := range file.Unresolved {
		if path := packagesOfBlocks[ident.Name]; path != "" && strings.Contains(text, ident.Name+".") {
			used[path] = true
		}
		if ident.Name == "errors" {
			used["errors"] = !regexp.MustCompile(`errors\.(Code|Err\w+)\b`).MatchString(text)
			used["github.com/iotcomponents/iot/errors"] = !used["errors"]
		}
	}
	for name, path := range packagesOfBlocks { // of what the variables are given
		used[path] = used[path] || strings.Contains(text, " "+name+".")
	}
	var lines string
	for path, is := range used {
		if is {
			lines += fmt.Sprintf("import %q\n", path)
		}
	}
	return lines
}

// checked is a text in which the error of every statement that calls a method of m is looked at.
func checked(file *ast.File, text string) string {
	var calls []*ast.ExprStmt
	ast.Inspect(file, func(n ast.Node) bool {
		if statement, is := n.(*ast.ExprStmt); is {
			if call, is := statement.X.(*ast.CallExpr); is {
				if method, is := call.Fun.(*ast.SelectorExpr); is {
					if x, is := method.X.(*ast.Ident); is && x.Name == "m" && method.Sel.Name != "Handle" { // which returns nothing
						calls = append(calls, statement)
					}
				}
			}
		}
		return true
	})
	for _, call := range slices.Backward(calls) {
		from, to := file.FileStart, file.FileStart
		from, to = call.Pos()-from, call.End()-to
		text = text[:from] + "check(" + text[from:to] + ")" + text[to:]
	}
	return text
}

// usesOf uses the variables that the statements of the only function declare, and looks at err.
func usesOf(file *ast.File) string {
	lines := ""
	hasError := slices.ContainsFunc(file.Unresolved, func(ident *ast.Ident) bool { return ident.Name == "err" })
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		assign, is := statement.(*ast.AssignStmt)
		if !is || assign.Tok != token.DEFINE {
			continue
		}
		for _, variable := range assign.Lhs {
			switch name := variable.(*ast.Ident).Name; name {
			case "_":
			case "err":
				hasError = true
			default:
				lines += "_ = " + name + "\n"
			}
		}
	}
	if hasError {
		lines += "check(err)\n"
	}
	return lines
}

// blockRig stands beside the fragments of each page.
const blockRig = `package p

import (
	"fmt"
	"os"
	"runtime"

	"github.com/iotcomponents/iot/mqtt"
)

func client(host string, port int) *mqtt.MQTT {
	m := mqtt.New()
	check(m.SetRemoteHost(host))
	check(m.SetRemotePort(port))
	return m
}

func end(m *mqtt.MQTT) {
	check(m.Disconnect())
	check(m.Reset())
}

// check ends the program when the last of some results is an error.
func check(results ...any) {
	if len(results) == 0 {
		return
	}
	if err, is := results[len(results)-1].(error); is {
		_, file, line, _ := runtime.Caller(1)
		fmt.Printf("%s:%d: %v\n", file, line, err)
		os.Exit(1)
	}
}
`

// finish makes the main package.
func (p *program) finish() {
	slices.Sort(p.imports)
	var text string
	for _, name := range slices.Compact(p.imports) {
		as := "_"
		if slices.ContainsFunc(p.calls, func(call string) bool { return strings.HasPrefix(call, name+".") }) {
			as = name
		}
		text += fmt.Sprintf("import %s \"github.com/iotcomponents/iot/mqtt/internal/blocks/%s\"\n", as, name)
	}
	text += "func main() {\n\thost := os.Args[1]\n\tport, _ := strconv.Atoi(os.Args[2])\n\t" + strings.Join(p.calls, "\n\t") + "\n}\n"
	p.files["main.go"] = "package main\n\nimport \"os\"\nimport \"strconv\"\n" + text
}
