package transport

import "crypto/tls"

// goSuites are the names of the suites that crypto/tls has, the insecure ones included.
func goSuites() []string {
	var names []string
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		names = append(names, s.Name)
	}
	return names
}

// missingSuites are the documented names that crypto/tls lacks: they are accepted and choose nothing.
var missingSuites = func() []string {
	var names []string
	add := func(bulk string, exchanges ...string) {
		for _, exchange := range exchanges {
			names = append(names, "TLS_"+exchange+"_WITH_"+bulk)
		}
	}
	static := []string{"ECDH_ECDSA", "ECDH_RSA", "DHE_RSA", "DHE_DSS"}
	add("AES_256_GCM_SHA384", static...)
	add("AES_128_GCM_SHA256", static...)
	add("AES_256_CBC_SHA384", "ECDHE_ECDSA", "ECDHE_RSA", "ECDH_ECDSA", "ECDH_RSA")
	add("AES_256_CBC_SHA256", "RSA", "DHE_RSA", "DHE_DSS")
	add("AES_256_CBC_SHA", static...)
	add("AES_128_CBC_SHA256", static...)
	add("AES_128_CBC_SHA", static...)
	add("3DES_EDE_CBC_SHA", "ECDHE_ECDSA", "ECDH_ECDSA", "ECDH_RSA", "DHE_RSA", "DHE_DSS")
	add("DES_CBC_SHA", "RSA", "DHE_RSA", "DHE_DSS")
	add("RC4_128_MD5", "RSA")
	return names
}()

// calgNames are the names of the platform's provider. Those of bulk ciphers choose the suites that have them; the
// others choose nothing.
var calgNames = []string{
	"CALG_3DES", "CALG_3DES_112", "CALG_AES", "CALG_AES_128", "CALG_AES_192", "CALG_AES_256", "CALG_AGREEDKEY_ANY",
	"CALG_CYLINK_MEK", "CALG_DES", "CALG_DESX", "CALG_DH_EPHEM", "CALG_DH_SF", "CALG_DSS_SIGN", "CALG_ECDH", "CALG_ECDH_EPHEM",
	"CALG_ECDSA", "CALG_ECMQV", "CALG_HASH_REPLACE_OWF", "CALG_HUGHES_MD5", "CALG_HMAC", "CALG_KEA_KEYX", "CALG_MAC",
	"CALG_MD2", "CALG_MD4", "CALG_MD5", "CALG_NO_SIGN", "CALG_OID_INFO_CNG_ONLY", "CALG_OID_INFO_PARAMETERS",
	"CALG_PCT1_MASTER", "CALG_RC2", "CALG_RC4", "CALG_RC5", "CALG_RSA_KEYX", "CALG_RSA_SIGN", "CALG_SCHANNEL_ENC_KEY",
	"CALG_SCHANNEL_MAC_KEY", "CALG_SCHANNEL_MASTER_HASH", "CALG_SEAL", "CALG_SHA", "CALG_SHA1", "CALG_SHA_256", "CALG_SHA_384",
	"CALG_SHA_512", "CALG_SKIPJACK", "CALG_SSL2_MASTER", "CALG_SSL3_MASTER", "CALG_SSL3_SHAMD5", "CALG_TEK", "CALG_TLS1_MASTER",
	"CALG_TLS1PRF",
}
