package main

import (
	"fmt"
	"path"
	"strings"
)

const introduction = `<!-- Made by go generate ./mqtt from the tables in mqtt/internal/conformance and from the source.
Do not edit. -->
# Conformance

Every normative statement of MQTT 5.0 and MQTT 3.1.1, in our words, with the tests that prove it and the files in
which a comment names it at the branch that obeys it. An id is the label of the standard with the version in it:
` + "`MQTT5-3.1.0-1`" + ` is MQTT-3.1.0-1 of MQTT 5.0, ` + "`MQTT311-3.1.0-1`" + ` the same label of MQTT 3.1.1,
which need not mean the same. ` + "`U5-`" + ` and ` + "`U311-`" + ` number duties that the standards state without a
label.

A statement that binds the server alone has a test too if a client can see it broken: it shows that the client answers
as the standard says, and never with a hang, a panic or silence. A test bears the id in its strings:
` + "`go test -v -run TestName`" + ` shows it among the names of its cases, or in the text of a check. A statement
without a test, an id that is in none of these tables, and a stale page fail the tests.

`

// page renders docs/conformance.md.
func page(parts []part, s *source) string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("| | statements | bind a client | bind the server, tested here | nothing to see for a client " +
		"|\n|---|---|---|---|---|\n")
	for _, p := range parts {
		n := map[string]int{}
		for _, st := range p.statements {
			n[st.side]++
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", p.title, len(p.statements), n[sideClient]+n[sideBoth],
			n[sideServer], n[sideUnseen])
	}
	for _, p := range parts {
		fmt.Fprintf(&b, "\n## %s\n\n| id | binds | requirement | obeyed in | tests |\n|---|---|---|---|---|\n", p.title)
		for i := range p.statements {
			row(&b, &p.statements[i], s)
		}
	}
	b.WriteString("\n## Choices\n\nWhere the standards leave the reaction of a client open, this is what we do, and " +
		"why.\n\n| id | choice |\n|---|---|\n")
	for _, p := range parts {
		for _, st := range p.statements {
			if st.choice != "" {
				fmt.Fprintf(&b, "| %s | %s |\n", st.id, cell(st.choice))
			}
		}
	}
	return b.String()
}

func row(b *strings.Builder, st *statement, s *source) {
	side := st.side
	if side == sideUnseen {
		side = sideServer
	}
	obeyed := links(s.branches[st.id])
	if st.branch != "" {
		obeyed = "no branch: " + cell(st.branch)
	}
	tests := links(s.tests[st.id])
	if st.side == sideUnseen {
		tests = "a client sees nothing of it"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", st.id, side, cell(st.text), obeyed, tests)
}

// links renders places as links to their files.
func links(places []place) string {
	var list []string
	for _, p := range places {
		dir, file := path.Split(p.file)
		text := path.Join(path.Base(dir), file)
		if p.function != "" {
			text += " " + p.function
		}
		list = append(list, fmt.Sprintf("[%s](../%s)", text, p.file))
	}
	return strings.Join(list, ", ")
}

// cell makes a text fit for a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`).Replace(s)
}
