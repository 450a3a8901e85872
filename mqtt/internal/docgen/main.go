// Command docgen writes docs/reference: a page each for properties, methods, events, settings, errors and types. It
// takes them from the doc comments of the packages mqtt, certificate, firewall, config and errors, from the registry of
// settings and from the table of errors, so that nothing is written twice. Its test fails when a page is stale.
//
//	go generate ./mqtt
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// pagesDir is where the pages are, below the root of the module.
const pagesDir = "docs/reference"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docgen ROOT, the folder of go.mod")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

// write brings the pages of the module at root up to date.
func write(root string) error {
	b, err := newBook(root)
	if err != nil {
		return err
	}
	pages, err := b.pages()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, filepath.FromSlash(pagesDir))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, p := range pages {
		if err := os.WriteFile(filepath.Join(dir, p.file), []byte(p.text()), 0o666); err != nil {
			return err
		}
	}
	return nil
}
