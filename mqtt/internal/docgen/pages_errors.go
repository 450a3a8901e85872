package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

func (b *book) errorsPage() (*page, error) {
	p := b.newPage(errorsFile)
	for _, title := range []string{"Branching on the number", "One meaning per number"} {
		if err := p.section("errors", title); err != nil {
			return nil, err
		}
	}
	p.printf("## All numbers\n")
	p.printf("| Number | Constant | Text |\n|---|---|---|")
	for e := range errors.All() {
		p.printf("| [%d](#%[1]d) | `%s` | %s |", e.Code, e.Name, escape(e.Text))
	}
	p.printf("")
	comments := b.errorComments()
	group := ""
	for e := range errors.All() {
		if e.Group != group {
			group = e.Group
			p.printf("## %s\n", group)
			p.link.own = nil
			p.doc("errors", b.groupComment(e.Name))
		}
		number := strconv.Itoa(e.Code)
		p.begin(3, number, number, e.Name)
		p.printf("`errors.%s`: %s\n", e.Name, escape(e.Text))
		_, when, _ := strings.Cut(comments[e.Name], ": ")
		p.doc("errors", upperFirst(when))
		if !e.Raised {
			p.printf("This component does not raise it.\n")
		}
		if mentions := b.mentions[number]; len(mentions) > 0 {
			p.printf("Named at: %s.\n", joinMentions(mentions))
		}
	}
	return p, nil
}

func joinMentions(list []mention) string {
	links := make([]string, len(list))
	for i, m := range list {
		links[i] = fmt.Sprintf("[%s](%s)", m.heading, m.url)
	}
	return strings.Join(links, ", ")
}

// errorComments are the comments of the constants by their names.
func (b *book) errorComments() map[string]string {
	comments := map[string]string{}
	for _, v := range b.source.packages["errors"].Consts {
		for _, c := range b.source.constants(v) {
			comments[c.name] = c.comment
		}
	}
	return comments
}

// groupComment is the comment of the declaration that has a constant.
func (b *book) groupComment(name string) string {
	for _, v := range b.source.packages["errors"].Consts {
		if slices.Contains(v.Names, name) {
			return v.Doc
		}
	}
	return ""
}

func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
