package main

import (
	"fmt"
	"go/doc/comment"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

const errorsPath = module + "/errors"

// doc writes a doc comment of a package.
func (p *page) doc(pkg, text string) {
	p.out.WriteString(p.markdown(pkg, text, 4))
	p.out.WriteByte('\n')
}

// section writes one section of the comment of a package; its title only if it is not that of the page.
func (p *page) section(pkg, title string) error {
	parsed := p.book.source.packages[pkg].Parser().Parse(p.book.source.packages[pkg].Doc)
	var blocks []comment.Block
	inside := false
	for _, block := range parsed.Content {
		if h, ok := block.(*comment.Heading); ok {
			inside = plainText(h.Text) == title
			if !inside || title == p.title {
				continue
			}
		}
		if inside {
			blocks = append(blocks, block)
		}
	}
	if len(blocks) == 0 {
		return fmt.Errorf("package %s has no section %q in its comment", pkg, title)
	}
	parsed.Content = blocks
	p.out.WriteString(p.print(pkg, parsed, 2))
	p.out.WriteByte('\n')
	return nil
}

// cell is a doc comment for a cell of a table.
func (p *page) cell(pkg, text string) string {
	text = strings.TrimSpace(p.markdown(pkg, text, 4))
	return strings.ReplaceAll(strings.ReplaceAll(text, "\n\n", "<br>"), "|", `\|`)
}

// codeCell is Go for a cell of a table.
func codeCell(text string) string {
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}

// markdown is a doc comment of a package with its names and error numbers linked.
func (p *page) markdown(pkg, text string, headingLevel int) string {
	return p.print(pkg, p.book.source.packages[pkg].Parser().Parse(text), headingLevel)
}

func (p *page) print(pkg string, parsed *comment.Doc, headingLevel int) string {
	p.link.foreign = pkg == "certificate" || pkg == "firewall"
	p.linkBlocks(parsed.Content)
	printer := comment.Printer{
		HeadingLevel: headingLevel,
		HeadingID:    func(*comment.Heading) string { return "" }, // GitHub makes its own
		DocLinkURL:   func(l *comment.DocLink) string { return p.docLink(pkg, l) },
	}
	return string(printer.Markdown(parsed))
}

func (p *page) linkBlocks(blocks []comment.Block) {
	for _, block := range blocks {
		switch block := block.(type) {
		case *comment.Paragraph:
			block.Text = p.linkTexts(block.Text)
		case *comment.List:
			for _, item := range block.Items {
				p.linkBlocks(item.Content)
			}
		}
	}
}

func (p *page) linkTexts(texts []comment.Text) []comment.Text {
	var list []comment.Text
	p.mentionLinks(texts)
	for _, text := range texts {
		plain, ok := text.(comment.Plain)
		if !ok {
			list = append(list, text)
			continue
		}
		pieces := p.link.split(string(plain))
		for i, piece := range pieces {
			if piece.to == nil {
				list = append(list, comment.Plain(piece.text))
				continue
			}
			list = append(list, &comment.Link{
				Text: []comment.Text{comment.Plain(piece.text)},
				URL:  piece.to.url(p.file),
			})
			if piece.to.kind == anError {
				p.mention(pieces, i)
			}
		}
	}
	return list
}

// mentionLinks notes that the entry names the errors of links such as [errors.ErrTimeout] (201), and where two of them
// have a "to" between them those inside.
func (p *page) mentionLinks(texts []comment.Text) {
	last := ""
	for i, text := range texts {
		link, ok := text.(*comment.DocLink)
		if !ok || link.ImportPath != errorsPath {
			continue
		}
		number, ok := p.book.errorNumber(link.Name)
		if !ok {
			continue
		}
		if i > 0 && last != "" && texts[i-1] == comment.Plain(" ("+last+") to ") {
			for _, inside := range p.book.index.between(last, number) {
				p.book.mention(inside, p)
			}
		}
		p.book.mention(number, p)
		last = number
	}
}

// errorNumber is the number of a constant of package errors.
func (b *book) errorNumber(constant string) (string, bool) {
	for e := range errors.All() {
		if e.Name == constant {
			return strconv.Itoa(e.Code), true
		}
	}
	return "", false
}

// mention notes that the entry names the error of link i, and if that ends a range such as 271 to 273, those inside.
func (p *page) mention(pieces []piece, i int) {
	last := pieces[i].text
	if i >= 2 && pieces[i-1].text == " to " { // every second piece is a link
		for _, number := range p.book.index.between(pieces[i-2].text, last) {
			p.book.mention(number, p)
		}
	}
	p.book.mention(last, p)
}

// docLink is where a link such as [MQTT.Connect] leads to: to an entry, or to the page of the package.
func (p *page) docLink(pkg string, l *comment.DocLink) string {
	name := l.Name
	if l.Recv != "" && l.Recv != component {
		name = l.Recv + "." + name
	}
	if number, ok := p.book.errorNumber(l.Name); ok && l.ImportPath == errorsPath {
		t, _ := p.book.index.find(number, "", "")
		return t.url(p.file)
	}
	for _, name := range []string{name, pkg + "." + name} {
		t, ok := p.book.index.find(name, string(aType), string(aMethod))
		if ok && l.ImportPath == "" && (pkg == "mqtt" || t.file == typesFile) {
			return t.url(p.file)
		}
	}
	path := l.ImportPath
	if path == "" {
		path = module + "/" + pkg
	}
	url := "https://pkg.go.dev/" + path
	if l.Name != "" {
		url += "#" + strings.TrimPrefix(l.Recv+"."+l.Name, ".")
	}
	return url
}

func plainText(texts []comment.Text) string {
	var b strings.Builder
	for _, text := range texts {
		if plain, ok := text.(comment.Plain); ok {
			b.WriteString(string(plain))
		}
	}
	return b.String()
}
