package certificate

import (
	"bytes"
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 old stores hold DSA keys
	"encoding/base64"
	"encoding/binary"
	stderrors "errors"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The names of Ed448 (RFC 8709) and of DSA (RFC 4253).
const (
	algorithmEd448 = "ssh-ed448"
	algorithmDSA   = "ssh-dss"
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
		if e, rest, ok := cutSSHLine(data); ok {
			found, data = append(found, e), rest
			continue
		}
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

// cutSSHLine takes a line off the front whose key is of an algorithm that ssh.ParseAuthorizedKey does not know; it
// passes over such lines in silence.
func cutSSHLine(data []byte) (e entry, rest []byte, ok bool) {
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	fields := strings.Fields(string(line))
	at := slices.IndexFunc(fields, func(f string) bool { return f == algorithmEd448 || f == algorithmDSA })
	if at < 0 || at+1 >= len(fields) || strings.HasPrefix(fields[0], "#") {
		return entry{}, nil, false
	}
	blob, err := base64.StdEncoding.DecodeString(fields[at+1])
	if err != nil {
		return entry{}, nil, false
	}
	public, err := parseSSHWire(blob)
	return entry{public: public, name: strings.Join(fields[at+2:], " ")}, rest, err == nil
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

// parseSSHWire reads the wire form of a public key. The ssh package knows no Ed448, and of DSA no more than 1024 bits.
func parseSSHWire(blob []byte) (crypto.PublicKey, error) {
	r := sshReader(blob)
	switch name, _ := r.next(); string(name) {
	case algorithmEd448:
		point, ok := r.next()
		if !ok || len(r) > 0 {
			return nil, stderrors.New("the Ed448 key is damaged")
		}
		return ed448Public(point), nil
	case algorithmDSA:
		return parseSSHDSA(r)
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, err
	}
	return sshCrypto(key), nil
}

// parseSSHDSA reads the numbers of a DSA key.
func parseSSHDSA(r sshReader) (*dsa.PublicKey, error) {
	k := new(dsa.PublicKey)
	for _, number := range []**big.Int{&k.P, &k.Q, &k.G, &k.Y} {
		b, ok := r.next()
		*number = new(big.Int).SetBytes(b)
		if !ok || (*number).Sign() == 0 {
			return nil, errNumbers
		}
	}
	if len(r) > 0 || k.P.BitLen() > maxDSABits {
		return nil, errNumbers
	}
	return k, nil
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

// uint32 takes a number off the front; false if there is no whole one.
func (r *sshReader) uint32() (uint32, bool) {
	if len(*r) < 4 {
		return 0, false
	}
	n := binary.BigEndian.Uint32(*r)
	*r = (*r)[4:]
	return n, true
}

// appendSSH appends a string of SSH.
func appendSSH(dst, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(value))), value...)
}
