package main

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// tables are the statements, a file for each part of the page. The columns are id, side, requirement, branch and
// choice, separated by tabs.
//
//go:embed statements-*.tsv
var tables embed.FS

// statement is one normative statement.
type statement struct {
	id   string // the label of the standard with the version in it, or one of ours for a duty without a label
	side string
	text string // in our words
	// branch says why no branch obeys it, such as that we offer no way to break it. "" = one does, and says so.
	branch string
	choice string // what we do where the standard leaves it open, and why; "" = it does not
}

// The sides that a statement binds.
const (
	sideClient = "client"
	sideBoth   = "both"
	// sideServer binds the server alone; the test shows what the client does with a server that breaks it, or that it
	// asks for what the server has to do.
	sideServer = "server"
	// sideUnseen binds the server alone and shows nothing to a client: there is nothing to test.
	sideUnseen = "unseen"
)

// binds reports whether the statement is a duty of the client.
func (s *statement) binds() bool { return s.side == sideClient || s.side == sideBoth }

// part is a table with its title.
type part struct {
	title      string
	statements []statement
}

var titles = []struct{ file, title string }{
	{"statements-v5.tsv", "MQTT 5.0"},
	{"statements-v311.tsv", "MQTT 3.1.1"},
	{"statements-unlabelled.tsv", "Duties without a label"},
}

const columns = "id\tside\trequirement\tbranch\tchoice"

// id is the form of an id, and unversioned that of a label alone, which means different things in the two standards.
var (
	id          = regexp.MustCompile(`\b(?:MQTT(?:5|311)-\d+(?:\.\d+)+-\d+|U(?:5|311)-\d\d)\b`)
	unversioned = regexp.MustCompile(`\bMQTT-\d+(?:\.\d+)+-\d+\b`)
)

// readParts reads the tables.
func readParts(files fs.FS) ([]part, error) {
	var parts []part
	seen := map[string]bool{}
	for _, t := range titles {
		raw, err := fs.ReadFile(files, t.file)
		if err != nil {
			return nil, err
		}
		p := part{title: t.title}
		lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
		if lines[0] != columns {
			return nil, fmt.Errorf("%s: the columns are %q, want %q", t.file, lines[0], columns)
		}
		for i, line := range lines[1:] {
			cells := strings.Split(line, "\t")
			if len(cells) != 5 {
				return nil, fmt.Errorf("%s:%d: %d cells", t.file, i+2, len(cells))
			}
			s := statement{cells[0], cells[1], cells[2], cells[3], cells[4]}
			switch {
			case id.FindString(s.id) != s.id:
				return nil, fmt.Errorf("%s:%d: %q is no id", t.file, i+2, s.id)
			case seen[s.id]:
				return nil, fmt.Errorf("%s:%d: %s is there twice", t.file, i+2, s.id)
			case !slices.Contains([]string{sideClient, sideBoth, sideServer, sideUnseen}, s.side):
				return nil, fmt.Errorf("%s:%d: %q is no side", t.file, i+2, s.side)
			case s.text == "":
				return nil, fmt.Errorf("%s:%d: %s has no text", t.file, i+2, s.id)
			}
			seen[s.id] = true
			p.statements = append(p.statements, s)
		}
		parts = append(parts, p)
	}
	return parts, nil
}
