// Command conformance writes docs/conformance.md: every normative statement of MQTT 5.0 and 3.1.1, the tests that prove
// it and the files that obey it. The statements are the tables beside this file; the rest is taken from the source, so
// that it cannot drift: a test bears the ids of what it proves in its strings, a branch in its comment. The test of
// this package fails when a statement has no test or no branch, when an id is used that no statement has, and when the
// page is stale. It does the same for docs/pains.md: what users of MQTT clients suffer from, and the tests that bear
// "pain 7".
//
//	go generate ./mqtt
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// pageFile is the page, below the root of the module.
const pageFile = "docs/conformance.md"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: conformance ROOT, the folder of go.mod")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// write brings the pages of the module at root up to date.
func write(root string) error {
	s, err := readSource(os.DirFS(root))
	if err != nil {
		return err
	}
	parts, err := readParts(tables)
	if err != nil {
		return err
	}
	pains, err := readPains(os.DirFS(root))
	if err != nil {
		return err
	}
	for file, text := range map[string]string{pageFile: page(parts, s), painsPage: renderPains(pains, s)} {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(file)), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
