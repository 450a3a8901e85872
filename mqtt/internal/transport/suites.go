package transport

import (
	"crypto/tls"
	"slices"
	"strings"
)

// suite is a cipher suite of crypto/tls with the parts of its name.
type suite struct {
	id       uint16
	name     string // "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
	exchange string // "ECDHE" or "RSA"; "" in TLS 1.3, which names it elsewhere
	auth     string // "RSA" or "ECDSA"; "" in TLS 1.3
	cipher   string // "AES-128-GCM"
	hash     string // "SHA256"
	bits     int    // strength of the cipher
	insecure bool   // offered only when it is named
}

func (s *suite) tls13() bool { return s.exchange == "" }

// suites are those of crypto/tls, the insecure ones included.
var suites = func() []suite {
	var list []suite
	for _, s := range tls.CipherSuites() {
		list = append(list, parseSuite(s))
	}
	for _, s := range tls.InsecureCipherSuites() {
		list = append(list, parseSuite(s))
	}
	return list
}()

func parseSuite(s *tls.CipherSuite) suite {
	parsed := suite{id: s.ID, name: s.Name, insecure: s.Insecure}
	rest := strings.TrimPrefix(s.Name, "TLS_")
	if exchange, bulk, old := strings.Cut(rest, "_WITH_"); old {
		rest = bulk
		parsed.exchange, parsed.auth, _ = strings.Cut(exchange, "_")
		if parsed.auth == "" {
			parsed.auth = parsed.exchange
		}
	}
	i := strings.LastIndexByte(rest, '_')
	parsed.cipher, parsed.hash = strings.ReplaceAll(rest[:i], "_", "-"), rest[i+1:]
	switch {
	case strings.HasPrefix(parsed.cipher, "3DES"):
		parsed.bits = 112
	case strings.Contains(parsed.cipher, "128"):
		parsed.bits = 128
	default:
		parsed.bits = 256
	}
	return parsed
}

// suiteByID returns nil for one that crypto/tls does not have.
func suiteByID(id uint16) *suite {
	i := slices.IndexFunc(suites, func(s suite) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	return &suites[i]
}

func knownSuite(name string) bool {
	return slices.ContainsFunc(suites, func(s suite) bool { return strings.EqualFold(s.name, name) })
}

// SuiteNames are the TLS_ names that SSLEnabledCipherSuites takes, separated by commas.
func SuiteNames() string {
	var names []string
	for _, s := range suites {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

// calgCiphers are the names of the platform's provider that choose suites, by their cipher.
var calgCiphers = map[string]string{
	"CALG_AES": "AES-", "CALG_AES_128": "AES-128", "CALG_AES_256": "AES-256", "CALG_3DES": "3DES", "CALG_RC4": "RC4",
}

// calgNames are all names of the platform's provider. Those that are not in calgCiphers choose nothing.
var calgNames = []string{
	"CALG_3DES", "CALG_3DES_112", "CALG_AES", "CALG_AES_128", "CALG_AES_192", "CALG_AES_256", "CALG_AGREEDKEY_ANY",
	"CALG_CYLINK_MEK", "CALG_DES", "CALG_DESX", "CALG_DH_EPHEM", "CALG_DH_SF", "CALG_DSS_SIGN", "CALG_ECDH",
	"CALG_ECDH_EPHEM",
	"CALG_ECDSA", "CALG_ECMQV", "CALG_HASH_REPLACE_OWF", "CALG_HUGHES_MD5", "CALG_HMAC", "CALG_KEA_KEYX", "CALG_MAC",
	"CALG_MD2", "CALG_MD4", "CALG_MD5", "CALG_NO_SIGN", "CALG_OID_INFO_CNG_ONLY", "CALG_OID_INFO_PARAMETERS",
	"CALG_PCT1_MASTER", "CALG_RC2", "CALG_RC4", "CALG_RC5", "CALG_RSA_KEYX", "CALG_RSA_SIGN", "CALG_SCHANNEL_ENC_KEY",
	"CALG_SCHANNEL_MAC_KEY", "CALG_SCHANNEL_MASTER_HASH", "CALG_SEAL", "CALG_SHA", "CALG_SHA1", "CALG_SHA_256",
	"CALG_SHA_384",
	"CALG_SHA_512", "CALG_SKIPJACK", "CALG_SSL2_MASTER", "CALG_SSL3_MASTER", "CALG_SSL3_SHAMD5", "CALG_TEK",
	"CALG_TLS1_MASTER",
	"CALG_TLS1PRF",
}
