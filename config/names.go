package config

import "strings"

// maxName bounds the length of a name, so that it can be folded on the stack.
const maxName = 64

// names finds the position of a row or key by its name without regard to case.
type names map[string]int

// add registers a name and panics if it is not usable or taken: a programming
// error.
func (n names) add(name string, position int, valid func(string) bool) {
	if !valid(name) {
		panic("config: " + quote(name) + " cannot be a name")
	}
	lower := strings.ToLower(name)
	if _, taken := n[lower]; taken {
		panic("config: the name " + name + " is given twice")
	}
	n[lower] = position
}

// find does not allocate: it runs for every Config call.
func (n names) find(name string) (position int, ok bool) {
	if len(name) > maxName {
		return 0, false
	}
	var folded [maxName]byte
	for i := range len(name) {
		folded[i] = lowerASCII(name[i])
	}
	position, ok = n[string(folded[:len(name)])]
	return position, ok
}

// validPath accepts names with a dot between, which says whose setting it is. Keys of bags have none: sjson would take
// it for a path.
func validPath(s string) bool {
	owner, name, dotted := strings.Cut(s, ".")
	return len(s) <= maxName && validName(owner) && (!dotted || validName(name))
}

func validName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// nearest returns the candidate that a misspelt name most likely means, or "".
// At most every fourth character may be wrong, and never more than three.
func nearest(name string, candidates []string) string {
	if len(name) > maxName {
		return ""
	}
	best, least := "", min(3, max(1, len(name)/4))+1
	name = strings.ToLower(name)
	for _, c := range candidates {
		if abs(len(c)-len(name)) >= least {
			continue
		}
		if d := distance(name, strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b, in bytes.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
