package certificate

import (
	"bytes"
	"encoding/pem"
	stderrors "errors"
	"fmt"
	"strings"
)

// encoding/pem passes over damaged blocks in silence, which would make a certificate seem to be missing. So the blocks
// are found here, and encoding/pem only decodes them.

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
)

var (
	pemMark = []byte(pemBegin)

	errNoEnd    = stderrors.New("the block has no end")
	errNoBase64 = stderrors.New("what is between its first and its last line is not Base64")
)

// pemBlock is one block of a text in PEM.
type pemBlock struct {
	number int    // in the text, from 1
	kind   string // such as "CERTIFICATE", "" if its first line is damaged
	block  *pem.Block
	fault  error // why block is nil
	last   bool  // the text ends in the block
}

// where is the block for the text of an error.
func (b *pemBlock) where() string { return fmt.Sprintf("PEM block %d (%s)", b.number, b.kind) }

// isCertificate reports whether the block is a certificate in one of the three ways of OpenSSL.
func (b *pemBlock) isCertificate() bool {
	return b.kind == "CERTIFICATE" || b.kind == "X509 CERTIFICATE" || b.isTrusted()
}

// isTrusted reports whether the block is OpenSSL's TRUSTED CERTIFICATE, which has an opinion behind the certificate.
func (b *pemBlock) isTrusted() bool { return b.kind == "TRUSTED CERTIFICATE" }

// pemBlocks finds the blocks of a text, whatever stands around them: a byte order mark in front of any line, as
// concatenated files have it, lines that are indented, and all three kinds of line ends.
func pemBlocks(text []byte) []pemBlock {
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	var list []pemBlock
	var lines []string // of the block, nil outside
	finish := func(fault error) {
		b := &list[len(list)-1]
		if b.fault = fault; fault == nil {
			if b.block, _ = pem.Decode([]byte(strings.Join(lines, "\n") + "\n")); b.block == nil {
				b.fault = errNoBase64
			}
		}
		lines = nil
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		line = strings.Trim(line, " \t\uFEFF")
		switch {
		case strings.HasPrefix(line, pemBegin):
			if lines != nil {
				finish(errNoEnd)
			}
			kind, whole := strings.CutSuffix(line[len(pemBegin):], pemDash)
			if !whole {
				kind = ""
			}
			list, lines = append(list, pemBlock{number: len(list) + 1, kind: kind}), []string{line}
		case lines == nil:
		case strings.HasPrefix(line, pemEnd) && strings.HasSuffix(line, pemDash):
			if kind := list[len(list)-1].kind; kind == "" || line != pemEnd+kind+pemDash {
				finish(fmt.Errorf("its first line %q and its last line %q do not fit together", lines[0], line))
				continue
			}
			lines = append(lines, line)
			finish(nil)
		default:
			lines = append(lines, line)
		}
	}
	if lines != nil {
		finish(errNoEnd)
		list[len(list)-1].last = true
	}
	return list
}
