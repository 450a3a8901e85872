package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// Every pain has a test that bears its number, and docs/pains.md says which.
func TestPains(t *testing.T) {
	s, err := readSource(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	pains, err := readPains(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(pains) != 35 {
		t.Errorf("%d pains, want 35", len(pains))
	}
	for _, problem := range checkPains(pains, s) {
		t.Error(problem)
	}
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(painsPage)))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(raw), "\r\n", "\n") != renderPains(pains, s) {
		t.Errorf("%s is stale; run go generate ./mqtt", painsPage)
	}
}

// A pain without a test and a test of no pain are told; the name counts wherever a table or a helper has it.
func TestCheckPains(t *testing.T) {
	table := "# a comment\n1\tfirst\tanswer | one\n2\tsecond\tanswer\n"
	for _, row := range []struct{ name, test, want string }{
		{"all", `t.Run("pain 1, pain 2: x", nil)`, ""},
		{"in a table", `_, _ = rows, "pain 2"`, ""},
		{"no test", `t.Run("pain 1", nil)`, "pain 2: no test bears it: second"},
		{"another number", `t.Run("pain 1, pain 21", nil)`, "pain 2: no test bears it: second"},
		{"no row", `t.Run("pain 1, pain 2, pain 3", nil)`, "pain 3: x_test.go names it, and no row of mqtt/testdata/pains.tsv has it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := fstest.MapFS{
				painsTable:  {Data: []byte(table)},
				"x_test.go": {Data: []byte("package x\n\nvar rows = []string{\"pain 1\"}\n\nfunc TestX(t *testing.T) { " + row.test + " }\n")},
			}
			s, err := readSource(m)
			if err != nil {
				t.Fatal(err)
			}
			pains, err := readPains(m)
			if err != nil {
				t.Fatal(err)
			}
			problems := checkPains(pains, s)
			if row.want == "" && len(problems) > 0 || row.want != "" && (len(problems) == 0 || problems[0] != row.want) {
				t.Errorf("%q, want %q", problems, row.want)
			}
			if text := renderPains(pains, s); row.want == "" && !strings.Contains(text, `| 1 | first | answer \| one | [x_test.go TestX](../x_test.go) |`) {
				t.Errorf("the page is\n%s", text)
			}
		})
	}
}

func TestPainsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"a gap":        "1\tc\ta\n3\tc\ta\n",
		"cells":        "1\tc\n",
		"no complaint": "1\t\ta\n",
		"no answer":    "1\tc\t\n",
	} {
		if _, err := readPains(fstest.MapFS{painsTable: {Data: []byte(text)}}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := readPains(fstest.MapFS{}); err == nil {
		t.Error("no table was taken")
	}
}
