package transport

import (
	"slices"
	"strings"
)

// parseCipherList reads a list of suites in OpenSSL's language (ciphers(1) of OpenSSL): elements separated by colons,
// commas or spaces, each one word or several joined by "+", with an operator in front:
//
//	(none)  adds the suites
//	-       removes them; they may be added again
//	!       removes them for good
//	+       moves them to the end, which means nothing here, since crypto/tls has an order of its own
//	@       @STRENGTH and @SECLEVEL=n: likewise
//
// The result is nil while it is what crypto/tls offers by itself. Words that nothing is known of are returned too; they
// choose nothing. As in OpenSSL, the suites of TLS 1.3 are not affected.
func parseCipherList(list string) (ids []uint16, ignored []string) {
	var chosen, killed suiteSet
	asDefault := true // nothing but DEFAULT so far
	for element := range strings.FieldsFuncSeq(list,
		func(r rune) bool { return strings.ContainsRune(":, ;\t\r\n", r) }) {
		operator := byte(0)
		if strings.IndexByte("-!+@", element[0]) >= 0 {
			operator, element = element[0], element[1:]
		}
		if operator == '@' || operator == '+' {
			continue
		}
		set, known := matching(element)
		if !known {
			ignored = append(ignored, element)
			continue
		}
		asDefault = asDefault && element == "DEFAULT" && operator == 0
		switch operator {
		case 0:
			chosen |= set &^ killed
		case '!':
			killed |= set
			chosen &^= set
		case '-':
			chosen &^= set
		}
	}
	if asDefault && chosen != 0 {
		return nil, ignored
	}
	return chosen.ids(), ignored
}

// suiteSet is a set of suites: bit i is suites[i].
type suiteSet uint64

func (set suiteSet) ids() []uint16 {
	ids := []uint16{}
	for i := range suites {
		if set&(1<<i) != 0 {
			ids = append(ids, suites[i].id)
		}
	}
	return ids
}

// matching is the set of the suites that all words of an element have in common.
func matching(element string) (set suiteSet, known bool) {
	set = ^suiteSet(0)
	for word := range strings.SplitSeq(element, "+") {
		matches, known := cipherWord(word)
		if !known {
			return 0, false
		}
		var one suiteSet
		for i := range suites {
			if s := &suites[i]; !s.tls13() && matches(s) {
				one |= 1 << i
			}
		}
		set &= one
	}
	return set, true
}

// emptyWords are words of OpenSSL for what crypto/tls does not have at all, and which lists in use exclude.
var emptyWords = []string{
	"aNULL", "eNULL", "NULL", "ADH", "AECDH", "EXP", "EXPORT", "LOW", "DES", "MD5", "RC2", "IDEA", "SEED", "CAMELLIA",
	"ARIA",
	"PSK", "aPSK", "kPSK", "SRP", "kSRP", "DSS", "aDSS", "DH", "DHE", "EDH", "kDHE", "kEDH", "AESCCM", "AESCCM8",
	"GOST",
}

// cipherWord is what one word stands for.
func cipherWord(word string) (matches func(*suite) bool, known bool) {
	if matches, known = cipherWords[word]; known {
		return matches, true
	}
	if slices.Contains(emptyWords, word) {
		return func(*suite) bool { return false }, true
	}
	for i := range suites {
		if s := &suites[i]; word == s.name || word == s.openSSLName() {
			return func(other *suite) bool { return other.id == s.id }, true
		}
	}
	return nil, false
}

var cipherWords = func() map[string]func(*suite) bool {
	cipher := func(prefix, suffix string) func(*suite) bool {
		return func(s *suite) bool { return strings.HasPrefix(s.cipher, prefix) && strings.HasSuffix(s.cipher, suffix) }
	}
	hash := func(name string) func(*suite) bool {
		return func(s *suite) bool {
			return s.hash == name && strings.HasSuffix(s.cipher, "-CBC") || s.hash == name && s.cipher == "RC4-128"
		}
	}
	exchange := func(name string) func(*suite) bool { return func(s *suite) bool { return s.exchange == name } }
	auth := func(name string) func(*suite) bool { return func(s *suite) bool { return s.auth == name } }
	medium := func(s *suite) bool { return s.bits < 128 || s.cipher == "RC4-128" }
	new12 := func(s *suite) bool { return s.hash != "SHA" }
	words := map[string]func(*suite) bool{
		"DEFAULT": defaultSuites, "COMPLEMENTOFDEFAULT": func(s *suite) bool { return !defaultSuites(s) },
		"ALL":  func(*suite) bool { return true },
		"HIGH": func(s *suite) bool { return !medium(s) }, "MEDIUM": medium,
		"AES128": cipher("AES-128", ""), "AES256": cipher("AES-256", ""), "AES": cipher("AES", ""),
		"AESGCM":   cipher("AES", "-GCM"),
		"CHACHA20": cipher("CHACHA20", ""), "3DES": cipher("3DES", ""), "RC4": cipher("RC4", ""),
		"SHA1": hash("SHA"), "SHA": hash("SHA"), "SHA256": hash("SHA256"), "SHA384": hash("SHA384"),
		"RSA": exchange("RSA"), "kRSA": exchange("RSA"), "aRSA": auth("RSA"), "ECDSA": auth("ECDSA"),
		"aECDSA":  auth("ECDSA"),
		"TLSv1.2": new12, "TLSv1": func(s *suite) bool { return !new12(s) },
		"SSLv3": func(s *suite) bool { return !new12(s) },
	}
	for _, name := range []string{"ECDHE", "kECDHE", "EECDH", "kEECDH", "ECDH"} {
		words[name] = exchange("ECDHE")
	}
	return words
}()

// openSSLName is "ECDHE-RSA-AES128-GCM-SHA256" for TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
func (s *suite) openSSLName() string {
	var name string
	if s.exchange == "ECDHE" {
		name = "ECDHE-" + s.auth + "-"
	}
	switch s.cipher {
	case "RC4-128":
		return name + "RC4-" + s.hash
	case "3DES-EDE-CBC":
		return name + "DES-CBC3-" + s.hash
	case "CHACHA20-POLY1305":
		return name + s.cipher
	}
	bits, mode, _ := strings.Cut(strings.TrimPrefix(s.cipher, "AES-"), "-")
	name += "AES" + bits + "-"
	if mode == "GCM" {
		name += "GCM-"
	}
	return name + s.hash
}
