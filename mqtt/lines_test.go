package mqtt_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// A line of code ends at 120 characters, where a tab counts four: longer ones are not read to their end, least of all
// beside another file.
func TestLinesEnd(t *testing.T) {
	const longest = 120
	files := 0
	must(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			wide := strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
			if n := utf8.RuneCountInString(wide); n > longest {
				t.Errorf("%s:%d has %d characters; %d are possible", path, number, n, longest)
			}
		}
		return nil
	}))
	if files < 300 {
		t.Errorf("%d files were read", files)
	}
}
