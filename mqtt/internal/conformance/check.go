package main

import (
	"fmt"
	"maps"
	"slices"
)

// check says what is missing and what is stale.
func check(parts []part, s *source) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	known := map[string]bool{}
	for _, p := range parts {
		for i := range p.statements {
			st := &p.statements[i]
			known[st.id] = true
			tests, branches := s.tests[st.id], s.branches[st.id]
			switch {
			case st.side == sideUnseen && len(tests) > 0:
				say("%s: %s tests it, so its side is server", st.id, tests[0].function)
			case st.side != sideUnseen && len(tests) == 0:
				say("%s: no test bears it: %s", st.id, st.text)
			}
			switch {
			case st.binds() && st.branch == "" && len(branches) == 0:
				say("%s: no comment names it where it is obeyed: %s", st.id, st.text)
			case st.branch != "" && (len(branches) > 0 || !st.binds()):
				say("%s: the reason why it has no branch is stale", st.id)
			}
		}
	}
	for _, found := range []map[string][]place{s.tests, s.branches} {
		for _, key := range slices.Sorted(maps.Keys(found)) {
			if !known[key] && !painID.MatchString(key) {
				say("%s: %s names it, and no table has it", key, found[key][0].file)
			}
		}
	}
	for _, p := range s.loose {
		say("%s: %s of %s is used by no test", p.id, p.function, p.file)
	}
	for _, p := range s.labels {
		say("%s: %s names it without the version, MQTT5- or MQTT311-", p.id, p.file)
	}
	return problems
}
