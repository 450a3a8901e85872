package main

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// painsPage is the page of the pains, and painsTable what it is made of, below the root of the module.
const (
	painsPage  = "docs/pains.md"
	painsTable = "mqtt/testdata/pains.tsv"
)

// pain is something that users of MQTT clients suffer from.
type pain struct {
	id        string // as tests bear it: "pain 7"
	complaint string
	answer    string // what this component does instead
}

// painID is the form of the id of a pain, and named that of all ids that a test bears.
var (
	painID = regexp.MustCompile(`^pain [1-9]\d*$`)
	named  = regexp.MustCompile(id.String() + `|\bpain [1-9]\d*\b`)
)

// readPains reads the table. Its columns are number, complaint and answer; they are numbered without gaps.
func readPains(files fs.FS) ([]pain, error) {
	raw, err := fs.ReadFile(files, painsTable)
	if err != nil {
		return nil, err
	}
	var pains []pain
	for line := range strings.Lines(strings.ReplaceAll(string(raw), "\r\n", "\n")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		want := fmt.Sprint(len(pains) + 1)
		if len(cells) != 3 || cells[0] != want || cells[1] == "" || cells[2] == "" {
			return nil, fmt.Errorf("%s: %q is not number %s with a complaint and an answer", painsTable, line, want)
		}
		pains = append(pains, pain{"pain " + cells[0], cells[1], cells[2]})
	}
	return pains, nil
}

// checkPains says which pain has no test, and which test bears a pain that is not there.
func checkPains(pains []pain, s *source) (problems []string) {
	known := map[string]bool{}
	for _, p := range pains {
		known[p.id] = true
		if len(s.tests[p.id]) == 0 {
			problems = append(problems, fmt.Sprintf("%s: no test bears it: %s", p.id, p.complaint))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.tests)) {
		if painID.MatchString(key) && !known[key] {
			problems = append(problems, fmt.Sprintf("%s: %s names it, and no row of %s has it", key,
				s.tests[key][0].file, painsTable))
		}
	}
	return problems
}

const painsIntroduction = `<!-- Made by go generate ./mqtt from mqtt/testdata/pains.tsv and from the source.
Do not edit. -->
# What users of MQTT clients suffer from

The complaints that come again and again in the public trackers of MQTT clients, what this component does instead, and
the tests that prove it. A test bears the number in the names of its cases:
` + "`go test -v -run TestName ./mqtt`" + ` shows "pain 7". A pain without a test, and a stale page, fail the tests.

| # | complaint | here | tests |
|---|---|---|---|
`

// renderPains renders docs/pains.md.
func renderPains(pains []pain, s *source) string {
	var b strings.Builder
	b.WriteString(painsIntroduction)
	for _, p := range pains {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.TrimPrefix(p.id, "pain "), cell(p.complaint), cell(p.answer),
			links(s.tests[p.id]))
	}
	return b.String()
}
