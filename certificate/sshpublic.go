package certificate

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/binary"
	stderrors "errors"
	"strings"

	"golang.org/x/crypto/ssh"
)

// rfc4716End ends a block that rfc4716Mark begins.
const rfc4716End = "---- END SSH2 PUBLIC KEY ----"

var rfc4716Mark = []byte("---- BEGIN SSH2 PUBLIC KEY ----")

// loadSSHPublic reads SSH public keys: lines as in authorized_keys, blocks of RFC 4716, or the bare wire form.
func loadSSHPublic(data []byte, _ passwords) ([]entry, error) {
	if bytes.Contains(data, rfc4716Mark) {
		return loadRFC4716(data)
	}
	if public, err := parseSSHWire(data); err == nil {
		return []entry{{public: public}}, nil
	}
	var found []entry
	for len(bytes.TrimSpace(data)) > 0 {
		key, comment, _, rest, err := ssh.ParseAuthorizedKey(data)
		if err != nil {
			if len(found) > 0 {
				break // comments at the end
			}
			return nil, err
		}
		found = append(found, entry{public: sshCrypto(key), name: comment})
		data = rest
	}
	return found, nil
}

// loadRFC4716 reads blocks of the form of RFC 4716: header lines with a colon, continued by a backslash at the end,
// and Base64.
func loadRFC4716(data []byte) ([]entry, error) {
	var found []entry
	var body, comment string
	inside, continued := false, false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		header, value, isHeader := strings.Cut(line, ":")
		switch {
		case line == string(rfc4716Mark):
			inside, body, comment = true, "", ""
		case !inside:
		case line == rfc4716End:
			inside = false
			blob, err := base64.StdEncoding.DecodeString(body)
			if err != nil {
				return nil, err
			}
			public, err := parseSSHWire(blob)
			if err != nil {
				return nil, err
			}
			found = append(found, entry{public: public, name: strings.Trim(comment, `"`)})
		case continued:
			continued = strings.HasSuffix(line, `\`)
		case isHeader:
			continued = strings.HasSuffix(line, `\`)
			if strings.EqualFold(header, "comment") {
				comment = strings.TrimSpace(strings.TrimSuffix(value, `\`))
			}
		default:
			body += line
		}
	}
	if inside {
		return nil, stderrors.New("the SSH2 PUBLIC KEY block has no end")
	}
	return found, nil
}

// parseSSHWire reads the wire form of a public key.
func parseSSHWire(blob []byte) (crypto.PublicKey, error) {
	r := sshReader(blob)
	if name, _ := r.next(); string(name) == "ssh-ed448" {
		point, ok := r.next()
		if !ok || len(r) > 0 {
			return nil, stderrors.New("the Ed448 key is damaged")
		}
		return ed448Public(point), nil
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, err
	}
	return sshCrypto(key), nil
}

// sshCrypto returns the key inside a key of the ssh package, also that inside an SSH certificate.
func sshCrypto(key ssh.PublicKey) crypto.PublicKey {
	switch k := key.(type) {
	case *ssh.Certificate:
		return sshCrypto(k.Key)
	case ssh.CryptoPublicKey:
		return k.CryptoPublicKey()
	}
	return nil
}

// sshReader reads the strings of SSH: a length of four bytes, then as many bytes.
type sshReader []byte

// next takes a string off the front; false if there is no whole one.
func (r *sshReader) next() ([]byte, bool) {
	if len(*r) < 4 {
		return nil, false
	}
	n := binary.BigEndian.Uint32(*r)
	if uint64(n) > uint64(len(*r)-4) {
		return nil, false
	}
	value := (*r)[4 : 4+n]
	*r = (*r)[4+n:]
	return value, true
}
