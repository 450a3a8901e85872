package certificate

import (
	"crypto"
	"encoding/asn1"
)

// Go has no Ed448. Such keys are shown in their standard forms, and refused by TLS.

// ed448Public makes the X.509 form of a public key; its point is not checked.
func ed448Public(point []byte) opaquePublic {
	spki, _ := asn1.Marshal(publicKeyInfo{ // cannot fail: the identifier is a valid one
		Algorithm: algorithmIdentifier{Algorithm: oidEd448},
		PublicKey: asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
	return opaquePublic{spki}
}

// ed448Private makes the PKCS#8 form of a private key.
func ed448Private(secret []byte, public opaquePublic) crypto.PrivateKey {
	inner, _ := asn1.Marshal(secret) // cannot fail
	return opaqueKey{pkcs8: marshalPKCS8(algorithmIdentifier{Algorithm: oidEd448}, inner), public: &public}
}
