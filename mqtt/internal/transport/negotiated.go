package transport

import (
	"crypto/rsa"
	"crypto/tls"
)

// groupBits are the sizes of the groups; of a hybrid that of its second half.
var groupBits = map[tls.CurveID]int{
	tls.CurveP256: 256, tls.CurveP384: 384, tls.CurveP521: 521, tls.X25519: 255,
	tls.X25519MLKEM768: 768, tls.SecP256r1MLKEM768: 768, tls.SecP384r1MLKEM1024: 1024,
}

// hybrids begin here among the groups: two key exchanges in one, of which one resists quantum computers.
const hybrids = tls.CurveID(0x11EB)

// negotiated puts into words what a handshake has agreed.
func negotiated(state *tls.ConnectionState) Negotiated {
	n := Negotiated{
		Version: versionName(state.Version), CipherSuite: tls.CipherSuiteName(state.CipherSuite),
		KeyExchange: "ECDHE", KeyExchangeStrength: groupBits[state.CurveID],
	}
	if state.CurveID >= hybrids {
		n.KeyExchange = state.CurveID.String()
	}
	if s := suiteByID(state.CipherSuite); s != nil {
		n.Cipher, n.CipherStrength = s.cipher, s.bits
		if s.exchange == "RSA" {
			n.KeyExchange = "RSA"
			if key, is := state.PeerCertificates[0].PublicKey.(*rsa.PublicKey); is {
				n.KeyExchangeStrength = key.N.BitLen()
			}
		}
	}
	return n
}
