package transport

import (
	"slices"
	"strings"
)

// The words that the settings of TLS know, also those that crypto/tls cannot do.

// The bits of SSLEnabledProtocols. Two belong to each version, either of which chooses it.
const (
	ProtocolTLS13 = 0x3000
	ProtocolTLS12 = 0x0C00
	ProtocolTLS11 = 0x0300
	ProtocolTLS10 = 0x00C0
	ProtocolSSL3  = 0x0030
	ProtocolSSL2  = 0x000C

	AllProtocols     = ProtocolTLS13 | ProtocolTLS12 | ProtocolTLS11 | ProtocolTLS10 | ProtocolSSL3 | ProtocolSSL2
	DefaultProtocols = ProtocolTLS13 | ProtocolTLS12
)

// AllSecurityFlags are the bits of SSLSecurityFlags.
const AllSecurityFlags = 0x8000CF37

// DefaultTLS returns the documented defaults. The lists are shared: they are replaced, never written.
func DefaultTLS() TLS {
	return TLS{
		Protocols: DefaultProtocols, CipherSuites: anySuites, CipherList: "DEFAULT",
		SignatureAlgorithms12: signatureAlgorithms12, Groups12: groups12[:3:3],
		KeyShares13:           keyShares13,
		SignatureAlgorithms13: signatureAlgorithms13, Groups13: groups13,
	}
}

// anySuite in SSLEnabledCipherSuites stands for all.
const anySuite = "*"

var anySuites = []string{anySuite}

var signatureAlgorithms12 = func() []string {
	var words []string
	for _, hash := range []string{"sha512", "sha384", "sha256", "sha224", "sha1"} {
		for _, key := range []string{"ecdsa", "rsa", "dsa"} {
			words = append(words, hash+"-"+key)
		}
	}
	return words
}()

var signatureAlgorithms13 = []string{
	"ed25519", "ed448", "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512",
	"rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512", "rsa_pss_sha256", "rsa_pss_sha384", "rsa_pss_sha512",
}

// groups12 begins with the default; the rest of the list are the further curves that TLS 1.2 has names for.
var groups12 = []string{
	"ecdhe_secp256r1", "ecdhe_secp384r1", "ecdhe_secp521r1", "ecdhe_x25519", "ecdhe_x448", "ecdhe_secp192k1",
	"ecdhe_secp192r1",
	"ecdhe_secp224k1", "ecdhe_secp224r1", "ecdhe_secp256k1", "ecdhe_sect163k1", "ecdhe_sect163r2", "ecdhe_sect233k1",
	"ecdhe_sect233r1", "ecdhe_sect283k1", "ecdhe_sect283r1", "ecdhe_sect409k1", "ecdhe_sect409r1", "ecdhe_sect571k1",
	"ecdhe_sect571r1",
}

var keyShares13 = []string{"ecdhe_x25519", "ecdhe_secp256r1", "ecdhe_secp384r1", "ffdhe_2048", "ffdhe_3072"}

var groups13 = []string{
	"ecdhe_x25519", "ecdhe_x448", "ecdhe_secp256r1", "ecdhe_secp384r1", "ecdhe_secp521r1",
	"ffdhe_2048", "ffdhe_3072", "ffdhe_4096", "ffdhe_6144", "ffdhe_8192",
}

// KnownSignatureAlgorithm12 and the functions below say whether a setting accepts a word.
func KnownSignatureAlgorithm12(word string) bool { return known(signatureAlgorithms12, word) }

// KnownGroup12 is for TLS12SupportedGroups.
func KnownGroup12(word string) bool { return known(groups12, word) }

// KnownSignatureAlgorithm13 is for TLS13SignatureAlgorithms.
func KnownSignatureAlgorithm13(word string) bool { return known(signatureAlgorithms13, word) }

// KnownGroup13 is for TLS13SupportedGroups and TLS13KeyShareGroups.
func KnownGroup13(word string) bool { return known(groups13, word) }

// KnownSuite is for SSLEnabledCipherSuites.
func KnownSuite(word string) bool {
	return word == anySuite || knownSuite(word) || known(calgNames, word)
}

func known(words []string, word string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
}
