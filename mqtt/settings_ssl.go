package mqtt

import (
	stderrors "errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// sslRows is the group SSL. A value counts from the next connection on.
func sslRows() []config.Row {
	const g = group(config.GroupSSL)
	return []config.Row{
		config.Bool(
			g.doc("LogSSLPackets", "bool", "Report the header of each TLS record by SSLStatus."),
			func(m *MQTT) *bool { return &m.settings.tls.LogPackets },
		),
		config.String(
			g.doc("OpenSSLCADir", "string",
				"Directory of further CA certificates: its files .0, .1, ..., .pem and .crt. What cannot be used is "+
					"passed over and logged; error 302 if it cannot be read."),
			func(m *MQTT) *string { return &m.settings.tls.CADir },
			config.Check(readable("OpenSSLCADir", true)),
		),
		config.String(
			g.doc("OpenSSLCAFile", "string",
				"File of further CA certificates as openssl reads it: PEM, text around them is skipped. One that "+
					"cannot be used is passed over and logged; error 302 if the file cannot be read."),
			func(m *MQTT) *string { return &m.settings.tls.CAFile },
			config.Check(readable("OpenSSLCAFile", false)),
		),
		config.String(
			g.doc("OpenSSLCipherList", "string",
				"Cipher suites in OpenSSL's language, used while SSLEnabledCipherSuites is \"*\"."),
			func(m *MQTT) *string { return &m.settings.tls.CipherList },
		),
		config.String(
			g.doc("OpenSSLPrngSeedData", "string", "No effect: the system seeds the random numbers."),
			func(m *MQTT) *string { return &m.settings.inert.prngSeedData },
			config.Secret(),
		),
		config.Bool(
			g.doc("ReuseSSLSession", "bool", "Resume TLS sessions with the same host, at most 10 hours old."),
			func(m *MQTT) *bool { return &m.settings.tls.ReuseSession },
		),
		config.Bool(
			g.doc("SSLAcceptAnyServerCert", "bool",
				"Accept every server certificate. It is verified all the same; SSLServerAuthentication tells the "+
					"result."),
			func(m *MQTT) *bool { return &m.settings.tls.AcceptAny },
			config.Alias("AcceptAnyServerCert"),
		),
		config.String(
			g.doc("SSLCACerts", "string", "CA certificates in PEM that are sent with SSLCert."),
			func(m *MQTT) *string { return &m.settings.tls.ClientChain },
		),
		config.Int(
			g.doc("SSLCipherStrength", "int, bits", "Weakest cipher allowed; 0 = any."),
			func(m *MQTT) *int { return &m.settings.tls.CipherStrength },
			0, math.MaxInt32,
		),
		config.String(
			g.doc("SSLClientCACerts", "string", "No effect: only servers check clients."),
			func(m *MQTT) *string { return &m.settings.inert.clientCACerts },
		),
		config.WordList(
			g.doc("SSLEnabledCipherSuites", "list, ;",
				"Cipher suites allowed, TLS_ or CALG_ names separated by semicolons; \"*\" = Go's choice. "+
					"Documented TLS_ names that crypto/tls lacks (static ECDH, DHE, DES, RC4 with MD5, CBC with "+
					"SHA-384) are refused; these are taken: "+transport.SuiteNames()+"."),
			func(m *MQTT) *[]string { return &m.settings.tls.CipherSuites },
			";",
			transport.KnownSuite,
			"\"*\", or TLS_ names of crypto/tls and documented CALG_ names, separated by semicolons",
		),
		config.Int(
			g.doc("SSLEnabledProtocols", "int, bits",
				"Sum of the versions allowed: TLS 1.3 12288, TLS 1.2 3072, TLS 1.1 768, TLS 1.0 192; SSL 3 48 and "+
					"SSL 2 12 do not exist here. The documented component has 4032, TLS 1.0 to 1.2; this one TLS "+
					"1.2 and 1.3."),
			func(m *MQTT) *int { return &m.settings.tls.Protocols },
			0, transport.AllProtocols,
			config.Bits(transport.AllProtocols),
		),
		config.Bool(
			g.doc("SSLEnableRenegotiation", "bool", "Allow the server to renegotiate (TLS 1.2 and older)."),
			func(m *MQTT) *bool { return &m.settings.tls.Renegotiation },
		),
		config.Bool(
			g.doc("SSLIncludeCertChain", "bool",
				"CertEncoded of SSLServerAuthentication holds the whole chain, not the server's certificate alone."),
			func(m *MQTT) *bool { return &m.settings.tls.IncludeChain },
		),
		config.String(
			g.doc("SSLKeyLogFile", "string",
				"File to which the secrets of TLS sessions are appended, in the format of SSLKEYLOGFILE, for "+
					"debugging."),
			func(m *MQTT) *string { return &m.settings.tls.KeyLogFile },
		),
		config.ReadOnly(
			g.doc("SSLNegotiatedCipher", "string", "Cipher of the connection."),
			func(m *MQTT) string { return m.negotiated.Cipher },
		),
		config.ReadOnly(
			g.doc("SSLNegotiatedCipherStrength", "int", "Key length of the cipher in bits."),
			func(m *MQTT) string { return strconv.Itoa(m.negotiated.CipherStrength) },
		),
		config.ReadOnly(
			g.doc("SSLNegotiatedCipherSuite", "string", "Cipher suite of the connection."),
			func(m *MQTT) string { return m.negotiated.CipherSuite },
		),
		config.ReadOnly(
			g.doc("SSLNegotiatedKeyExchange", "string", "Key exchange of the connection."),
			func(m *MQTT) string { return m.negotiated.KeyExchange },
		),
		config.ReadOnly(
			g.doc("SSLNegotiatedKeyExchangeStrength", "int", "Size of the key exchange in bits."),
			func(m *MQTT) string { return strconv.Itoa(m.negotiated.KeyExchangeStrength) },
		),
		config.ReadOnly(
			g.doc("SSLNegotiatedVersion", "string", "TLS version of the connection: TLS1.3, TLS1.2, TLS1.1 or TLS1."),
			func(m *MQTT) string { return m.negotiated.Version },
		),
		config.Int64(
			g.doc("SSLSecurityFlags", "int, bits",
				"Sum of the faults of a server certificate to overlook: 0x1 dates, 0x10 unknown issuer, 0x20 usage, "+
					"0x80000000 name. 0x2, 0x4, 0x100, 0x200, 0x400, 0x800, 0x4000 and 0x8000 are accepted; what "+
					"they overlook is not checked here."),
			func(m *MQTT) *int64 { return &m.settings.tls.SecurityFlags },
			0, transport.AllSecurityFlags,
			config.Bits(transport.AllSecurityFlags),
		),
		config.String(
			g.doc("SSLServerCACerts", "string",
				"Further CA certificates for checking the server, PEM or Base64 of DER. One that cannot be used is "+
					"passed over and logged."),
			func(m *MQTT) *string { return &m.settings.tls.ServerCACerts },
		),
		config.WordList(
			g.doc("TLS12SignatureAlgorithms", "list",
				"Signature algorithms that the server's certificate may have in TLS 1.2; \"\" = any."),
			func(m *MQTT) *[]string { return &m.settings.tls.SignatureAlgorithms12 },
			",",
			transport.KnownSignatureAlgorithm12,
			"hash-key words such as sha256-rsa",
		),
		config.WordList(
			g.doc("TLS12SupportedGroups", "list", "Groups of the key exchange in TLS 1.2."),
			func(m *MQTT) *[]string { return &m.settings.tls.Groups12 },
			",",
			transport.KnownGroup12,
			"words such as ecdhe_secp256r1",
		),
		config.WordList(
			g.doc("TLS13KeyShareGroups", "list", "No effect: Go chooses the key shares itself."),
			func(m *MQTT) *[]string { return &m.settings.tls.KeyShares13 },
			",",
			transport.KnownGroup13,
			"words such as ecdhe_x25519",
		),
		config.WordList(
			g.doc("TLS13SignatureAlgorithms", "list",
				"Signature algorithms that the server's certificate may have in TLS 1.3; \"\" = any."),
			func(m *MQTT) *[]string { return &m.settings.tls.SignatureAlgorithms13 },
			",",
			transport.KnownSignatureAlgorithm13,
			"words such as rsa_pss_sha256",
		),
		config.WordList(
			g.doc("TLS13SupportedGroups", "list", "Groups of the key exchange in TLS 1.3."),
			func(m *MQTT) *[]string { return &m.settings.tls.Groups13 },
			",",
			transport.KnownGroup13,
			"words such as ecdhe_x25519",
		),
	}
}

// readable checks the name of a file or a directory when it is assigned, so that a mistake is told where it was made.
// It is read when a connection begins.
func readable(setting string, directory bool) func(name string) error {
	return func(name string) error {
		if name == "" {
			return nil
		}
		wanted := map[bool]string{false: "a file", true: "a directory"}[directory]
		f, err := os.Open(name)
		if err == nil {
			defer f.Close()
			var info os.FileInfo
			if info, err = f.Stat(); err == nil && info.IsDir() != directory {
				return errors.New(errors.ErrFileNotOpened,
					fmt.Sprintf("%s is %.100q; the name of %s is needed.", setting, name, wanted))
			}
		}
		if path, is := stderrors.AsType[*os.PathError](err); is {
			err = path.Err // without the name, which may be of any length
		}
		if err != nil {
			return errors.Wrap(errors.ErrFileNotOpened, fmt.Sprintf("%s is %.100q; the name of %s that can be read "+
				"is needed.", setting, name, wanted), err)
		}
		return nil
	}
}
