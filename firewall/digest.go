package firewall

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"
)

// challenge is one way to authenticate that a proxy offers.
type challenge struct {
	scheme string
	params map[string]string // names in small letters, values without quotes
}

// parseChallenges reads the values of authenticate headers (RFC 9110, 11.6.1): each may have several challenges,
// separated by the same commas as their parameters. What follows a fault is passed over.
func parseChallenges(values []string) []challenge {
	var list []challenge
	for _, s := range values {
		for {
			s = strings.TrimLeft(s, ", \t")
			n := tokenLength(s)
			if n == 0 {
				break
			}
			name := s[:n]
			after, isParam := strings.CutPrefix(strings.TrimLeft(s[n:], " \t"), "=")
			if !isParam {
				list = append(list, challenge{name, map[string]string{}})
				s = after
				continue
			}
			if len(list) == 0 {
				break
			}
			var value string
			value, s = cutValue(strings.TrimLeft(after, " \t"))
			list[len(list)-1].params[strings.ToLower(name)] = value
		}
	}
	return list
}

// cutValue splits s behind the token or the quoted string that it begins with.
func cutValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := tokenLength(s)
		return s[:n], s[n:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i == len(s) {
				return "", ""
			}
		}
		b.WriteByte(s[i])
	}
	return "", "" // the quotes are not closed
}

// digestHash returns the hash of an algorithm of RFC 7616, 6.1, in hexadecimal, and whether it hashes the session too.
func digestHash(algorithm string) (hash func(string) string, session, ok bool) {
	name, session := strings.CutSuffix(strings.ToUpper(algorithm), "-SESS")
	switch name {
	case "", "MD5":
		return func(s string) string { b := md5.Sum([]byte(s)); return hex.EncodeToString(b[:]) }, session, true
	case "SHA-256":
		return func(s string) string { b := sha256.Sum256([]byte(s)); return hex.EncodeToString(b[:]) }, session, true
	case "SHA-512-256":
		return func(s string) string {
			b := sha512.Sum512_256([]byte(s))
			return hex.EncodeToString(b[:])
		}, session, true
	}
	return nil, false, false
}

// answerDigest makes the credentials for the first Digest challenge that can be met, the one that the proxy likes best;
// ok is false if there is none.
func answerDigest(challenges []string, method, uri, user, password string) (credentials string, ok bool) {
	for _, c := range parseChallenges(challenges) {
		if !strings.EqualFold(c.scheme, "Digest") {
			continue
		}
		if credentials, ok = c.digest(method, uri, user, password, rand.Text()); ok {
			return credentials, true
		}
	}
	return "", false
}

// digest answers a challenge (RFC 7616, 3.4). Only the request line is protected: qop "auth", or none as in RFC 2069.
func (c challenge) digest(method, uri, user, password, cnonce string) (credentials string, ok bool) {
	realm, nonce, algorithm := c.params["realm"], c.params["nonce"], c.params["algorithm"]
	hash, session, ok := digestHash(algorithm)
	qop, protects := c.params["qop"]
	if !ok || nonce == "" || protects && !offersAuth(qop) {
		return "", false
	}
	a1 := hash(user + ":" + realm + ":" + password)
	if session {
		a1 = hash(a1 + ":" + nonce + ":" + cnonce)
	}
	a2 := hash(method + ":" + uri)
	const count = "00000001" // each nonce is used once
	response := hash(a1 + ":" + nonce + ":" + a2)
	if protects {
		response = hash(strings.Join([]string{a1, nonce, count, cnonce, "auth", a2}, ":"))
	}
	credentials = fmt.Sprintf("Digest username=%s, realm=%s, nonce=%s, uri=%s, response=%s",
		quote(user), quote(realm), quote(nonce), quote(uri), quote(response))
	if algorithm != "" {
		credentials += ", algorithm=" + algorithm
	}
	if opaque, has := c.params["opaque"]; has {
		credentials += ", opaque=" + quote(opaque)
	}
	switch {
	case protects:
		credentials += ", qop=auth, nc=" + count + ", cnonce=" + quote(cnonce)
	case session:
		credentials += ", cnonce=" + quote(cnonce)
	}
	return credentials, true
}

// offersAuth reports whether a list of protections has "auth".
func offersAuth(qop string) bool {
	for name := range strings.SplitSeq(qop, ",") {
		if strings.EqualFold(strings.TrimSpace(name), "auth") {
			return true
		}
	}
	return false
}

// quote makes a quoted string. A control character, which none can hold, is dropped: it would end the header.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case isControl(rune(c)):
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
