// Package pkcs11 lets package certificate use private keys on PKCS#11 tokens: smart cards, USB keys, TPMs, secure
// elements and network HSMs. It is a module of its own because it needs cgo and a C compiler, which the SDK does not.
//
// # Use
//
// A program imports it for its effect alone:
//
//	import _ "github.com/iotcomponents/iot/certificate/pkcs11"
//
// From then on StoreType CstPKCS11 works: Store is a PKCS#11 URI, StorePassword the PIN of the user.
//
//	cert, err := certificate.FromStore(certificate.CstPKCS11,
//		"pkcs11:token=rig;object=client?module-path=/usr/lib/softhsm/libsofthsm2.so", pin, "*")
//	...
//	err = m.SetSSLCert(cert)
//
// The private key never leaves the token: PrivateKeyAvailable is true, PrivateKey is "", and TLS returns a certificate
// whose key has the token sign. A key whose certificate is in a file is found with SetEncoded.
//
// # URI
//
// The URI is one of RFC 7512, with each character that is not a letter, a digit or one of -._~ written as % and two
// hexadecimal digits where it could be mistaken. Tools such as p11tool show the URI of what is on a token. The
// attributes of the path choose, those left out match everything:
//
//	token, serial, manufacturer, model                 the token; exactly one must match
//	slot-id, slot-description, slot-manufacturer       the slot it is in
//	library-manufacturer, -description, -version       the module
//	object, id                                         CKA_LABEL and CKA_ID of the certificate, or of its private key
//	type                                               cert or private: object and id are those of this one only
//
// A certificate and the key that belongs to it are always selected together, whichever of them the URI means. The other
// certificates of the token continue the chain. The subject then selects among what the URI selects; it is mostly "*".
//
// After a question mark follows module-path, the file of the module, which is needed. It is a program library that is
// loaded into the process, so a Store from an untrusted place must not be used. pin-value and pin-source are refused,
// so that no PIN is shown where the URI is; module-name is refused because its meaning depends on the system. Other
// attributes after the question mark are passed over, as the RFC demands.
//
// # Keys
//
// RSA, ECDSA with a NIST curve, and Ed25519 sign, if the token can do it. TLS 1.3 with an RSA key needs the mechanism
// CKM_RSA_PKCS_PSS, which some old tokens lack. Keys that may not sign (CKA_SIGN) are passed over. With the PIN ""
// nobody logs in: certificates are found, private keys mostly not. The PIN has to come from StorePassword; a keypad at
// the token is not used.
//
// # Errors
//
//	270  the URI names no module, or it cannot be loaded
//	271  there is no such token, there are several, it refuses the PIN, or it cannot be read
//	272  the URI, or the subject, selects nothing on the token
//	273  the private key cannot sign; from TLS: there is none, or the PIN is ""
//	10022  Store is no PKCS#11 URI, or has an attribute that is not supported
//
// No error contains the PIN. A PIN that is refused brings the token nearer to locking itself. Each search asks the
// token once; a component that connects again and again does not repeat a PIN that was refused.
//
// # Sessions
//
// A module is loaded once and stays loaded. Each token that was used keeps one session, in which the user is logged in;
// nothing has to be closed. [Close] logs out of all tokens when a program goes on without them. A token that was pulled
// out and put back, and one that somebody else logged out of, is logged in to again at the next signature. All calls
// into one module are made one after the other.
package pkcs11
