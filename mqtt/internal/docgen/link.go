package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is a part of a text, with where it leads to if it is a link.
type piece struct {
	text string
	to   *target
}

// linker finds the names and error numbers in texts.
type linker struct {
	index index
	own   []string // names that are not linked, since the text stands in their entry
	// foreign says that the text is not about the component, so that its names mean it only beside the word for their
	// kind: "the setting FirewallData".
	foreign bool
}

// word is a name, maybe with a member of it, or a number.
var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)?|[0-9]+`)

// split cuts a text into links and what is between them.
func (l *linker) split(text string) []piece {
	var list []piece
	done := 0
	words := word.FindAllStringIndex(text, -1)
	for i, at := range words {
		t, ok := l.target(text, words, i)
		if !ok {
			continue
		}
		list = append(list, piece{text: text[done:at[0]]}, piece{text[at[0]:at[1]], &t})
		done = at[1]
	}
	return append(list, piece{text: text[done:]})
}

// target is where word i of a text leads to.
func (l *linker) target(text string, words [][]int, i int) (target, bool) {
	begin, end := words[i][0], words[i][1]
	if !standsAlone(text, begin, end) {
		return target{}, false
	}
	name := text[begin:end]
	if isNumber(name) {
		if !l.isErrorNumber(text, words, i) {
			return target{}, false
		}
		return l.index.find(name, "", "")
	}
	if slices.Contains(l.own, name) || isPlainWord(name) &&
		(beginsSentence(text[:begin]) || l.beginsTerm(text, words, i)) {
		return target{}, false
	}
	before, behind := neighbour(text, words, i-1), neighbour(text, words, i+1)
	if t, ok := l.index.find(name, before, behind); ok {
		return t, !l.foreign || t.kind == anError || t.kind == aType || t.isNamedBy(before) || t.isNamedBy(behind)
	}
	owner, _, dotted := strings.Cut(name, ".")
	if !dotted || slices.Contains(l.own, owner) {
		return target{}, false
	}
	return l.index.find(owner, string(aType), "")
}

// standsAlone reports whether a word is not a part of something longer, such as 10.0.0.0/8, sha256-rsa or ssl://host.
func standsAlone(text string, begin, end int) bool {
	const joins = "_-/@$%=*"
	before, _ := utf8.DecodeLastRuneInString(text[:begin])
	behind, size := utf8.DecodeRuneInString(text[end:])
	further, _ := utf8.DecodeRuneInString(text[end+size:])
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	switch {
	case begin > 0 && (letter(before) || before == '.' || strings.ContainsRune(joins, before)):
		return false
	case end == len(text):
		return true
	case letter(behind) || strings.ContainsRune(joins, behind):
		return false
	}
	return behind != '.' && behind != ':' || !letter(further) && further != '.' && further != '/'
}

// isErrorNumber reports whether a number is called one of an error: behind the word, as in "error 201", or behind
// another such number, as in "errors 271 to 273 and 302".
func (l *linker) isErrorNumber(text string, words [][]int, i int) bool {
	if len(l.index[neighbour(text, words, i)]) == 0 {
		return false
	}
	before := neighbour(text, words, i-1)
	switch {
	case strings.EqualFold(before, "error") || strings.EqualFold(before, "errors"):
		return text[words[i-1][1]:words[i][0]] == " "
	case before == "to" || before == "and" || before == "or":
		return isNumber(neighbour(text, words, i-2)) && l.isErrorNumber(text, words, i-2)
	case isNumber(before):
		return text[words[i-1][1]:words[i][0]] == ", " && l.isErrorNumber(text, words, i-1)
	}
	return false
}

func isNumber(word string) bool { return word != "" && '0' <= word[0] && word[0] <= '9' }

// neighbour is a word of a text, "" if there is none with this index.
func neighbour(text string, words [][]int, i int) string {
	if i < 0 || i >= len(words) {
		return ""
	}
	return text[words[i][0]:words[i][1]]
}

// isPlainWord reports whether a name may as well be the first word of a sentence: Connect, but not ConnectTo.
func isPlainWord(name string) bool { return strings.ToLower(name[1:]) == name[1:] }

// beginsTerm reports whether a word is a part of a term of the specification, such as User Property.
func (l *linker) beginsTerm(text string, words [][]int, i int) bool {
	next := neighbour(text, words, i+1)
	return next != "" && text[words[i][1]:words[i+1][0]] == " " && unicode.IsUpper(rune(next[0])) &&
		isPlainWord(next) &&
		len(l.index[next]) == 0
}

func beginsSentence(before string) bool {
	before = strings.TrimRight(before, " \n")
	return before == "" || strings.ContainsRune(".?!", rune(before[len(before)-1]))
}

// between are the error numbers of the table that lie between two others, for a range such as 271 to 273.
func (x index) between(first, last string) []string {
	low, _ := strconv.Atoi(first)
	high, _ := strconv.Atoi(last)
	var list []string
	for n := low + 1; n < high; n++ {
		if s := strconv.Itoa(n); len(x[s]) > 0 {
			list = append(list, s)
		}
	}
	return list
}
