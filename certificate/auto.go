package certificate

import (
	"bytes"
	"encoding/asn1"
	stderrors "errors"
	"os"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// maxPath bounds what is taken for the name of a file, in bytes; the systems have smaller limits.
const maxPath = 4096

var errFormat = stderrors.New("it is in none of the known formats, or damaged")

// loadAuto reads a store of unknown type: contents, or the name of a file that exists.
func loadAuto(data []byte, pw passwords) ([]entry, error) {
	if len(data) > maxStore {
		return loader{}.run(data, pw) // refuses it
	}
	what := "Store is not the name of an existing file, and as contents it"
	if name, ok := existingFile(data); ok {
		var err error
		if data, err = readFile(name); err != nil {
			return nil, err
		}
		what = strconv.Quote(name)
	}
	found, err := loader{load: sniff, what: "store"}.run(data, pw)
	if err != nil && errors.Code(err) < 0 {
		err = errors.Wrap(errors.ErrCertificateStore, what+" cannot be read", err)
	}
	return found, err
}

// existingFile tells the name of a file from contents.
func existingFile(data []byte) (string, bool) {
	name := string(data)
	if name == "" || len(name) > maxPath || strings.ContainsAny(name, "\x00\n") {
		return "", false
	}
	_, err := os.Stat(name)
	return name, err == nil
}

// sniff finds out the format by its marks. Formats of ASN.1 have none, so they are tried one after the other.
func sniff(data []byte, pw passwords) ([]entry, error) {
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return nil, stderrors.New("it is empty")
	case bytes.Contains(data, rfc4716Mark):
		return loadSSHPublic(text, pw)
	case bytes.Contains(data, pemMark):
		return sniffPEM(text, pw)
	case bytes.HasPrefix(data, jksMagic), bytes.HasPrefix(data, jceksMagic):
		return loadJKS(data, pw)
	case bytes.HasPrefix(text, ppkMark):
		return loadPPK(text, pw)
	case text[0] == '{':
		return loadJWK(text, pw)
	case text[0] == '<':
		return loadXML(text, pw)
	case data[0] == 0x30:
		return sniffDER(data, pw)
	}
	found, err := loadSSHPublic(data, pw)
	if err != nil {
		return nil, errFormat
	}
	return found, nil
}

// sniffPEM reads PEM, and binary formats in the guise of PEM.
func sniffPEM(data []byte, pw passwords) ([]entry, error) {
	if found, err := loadPEM(data, pw); err != nil || len(found) > 0 {
		return found, err
	}
	return sniffDER(unPEM(data), pw)
}

// sniffDER tells the formats of ASN.1 apart: certificates and keys by trying, the others, which are a sequence too, by
// what the sequence begins with.
func sniffDER(data []byte, pw passwords) ([]entry, error) {
	if found, err := loadDER(data, pw); err == nil {
		return found, nil
	}
	h, ok := readHeader(data)
	if ok && len(data) > h.size {
		switch data[h.size] {
		case asn1.TagInteger:
			return loadPFX(data, pw)
		case asn1.TagOID:
			return loadP7B(data, pw)
		case 0x20 | asn1.TagSequence:
			return loadBCFKS(data, pw)
		}
	}
	return nil, errFormat
}
