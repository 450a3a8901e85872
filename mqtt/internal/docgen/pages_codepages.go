package main

import "github.com/iotcomponents/iot/mqtt/internal/codepage"

// codePagesPage lists what the setting CodePage accepts.
func (b *book) codePagesPage() (*page, error) {
	p := b.newPage(codePagesFile)
	p.doc("mqtt", "The setting CodePage takes each of these numbers, of Windows and of Apple; any other is error "+
		"434. What is near differs in what is said. A text with a character that the page lacks is error 434 too; "+
		"bytes that the page does not define are read as U+FFFD.")
	p.doc("mqtt", "The tables are those of golang.org/x/text, and where it has none those of glibc's iconv and of "+
		"perl's Encode.")
	p.printf("| Number | Name | | |\n|---|---|---|---|")
	for info := range codepage.Pages() {
		p.printf("| %d | %s | %s | %s |", info.Number, escape(info.Name), info.Status, escape(info.Note))
	}
	p.printf("")
	return p, nil
}
