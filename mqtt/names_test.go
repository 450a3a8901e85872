package mqtt_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// No two names of the repository differ by case alone: a checkout on macOS or Windows would lose one of the files, and Go makes
// no module of them (golang.org/x/mod/zip).
func TestFileNamesDifferByMoreThanCase(t *testing.T) {
	seen := map[string]string{}
	must(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" { // branches may
			return fs.SkipDir
		}
		if other := seen[strings.ToLower(path)]; other != "" {
			t.Errorf("%s and %s differ by case alone", other, path)
		}
		seen[strings.ToLower(path)] = path
		return nil
	}))
}
