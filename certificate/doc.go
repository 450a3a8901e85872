// Package certificate loads X.509 certificates and private keys from the places where they are kept: PEM, DER, PFX,
// P7B, Java and Bouncy Castle key stores, SSH and PuTTY keys, JSON Web Keys, XML keys, the certificate stores of
// Windows, and PKCS#11 tokens. It needs no cgo and no program outside; PKCS#11 does, and is therefore a module of its
// own, see [RegisterPKCS11].
//
// # Selecting a certificate
//
// A [Certificate] points to a store with StoreType, Store and StorePassword, and selects one certificate of it by its
// subject. The constructor does all of it in one call:
//
//	cert, err := certificate.FromStore(certificate.CstPFXFile, "client.pfx", "secret", "*")
//
// The subject may be the whole distinguished name, a part of it, "*" for any certificate, or "Thumbprint=" and a
// hash; see [Certificate.SetSubject]. The setters do the same in steps, Subject being the last, which is how a key
// with a password of its own is opened:
//
//	cert, err := certificate.FromStore(certificate.CstJKSFile, "keys.jks", "changeit", "")
//	...
//	err = cert.SetKeyPassword("other")
//	err = cert.SetSubject("CN=device-1")
//
// [CstAuto] finds out the type of a store by looking at it. [FromFile] and [FromEncoded] read a single certificate
// that needs no key, for example the certificate of a server that is to be accepted.
//
// # Using it
//
// [Certificate.TLS] returns the certificate, its issuers as far as the store has them, and the key, ready for
// crypto/tls. [Certificate.X509] returns the parsed certificate alone; it is nil while no certificate is selected.
// The other getters return the documented fields as text and numbers, "" and 0 while nothing is selected.
//
// A store may also hold keys without certificates, as SSH, PuTTY, JWK and XML files usually do. Such a key is
// selected by its name, the comment or key id that is stored with it, and fills the fields about keys and
// fingerprints. TLS needs a certificate.
//
// # Certificates that cannot be used
//
// crypto/x509 does not take every certificate that other libraries do: a negative serial number is an example. One of
// them among others is passed over, and so is one that is damaged; [Certificate.PassedOver] names it. If it is the one
// that is meant, or if nothing else is in the store, there is error 271 with the reason. [Authorities] reads a CA
// bundle in the same way.
//
// # Errors
//
// Every error is an *errors.Error of this module, with one of these numbers:
//
//	270  a PKCS#11 module is not named or cannot be loaded, or PKCS#11 is not part of this build
//	271  the store cannot be read: wrong StorePassword, damaged, another type, or not available on this system; or the
//	     certificate or key that is meant is one that Go does not take
//	272  the store has no certificate with this subject or thumbprint
//	273  the private key is missing, encrypted with another password or by a cipher that is not supported, or of a
//	     kind that TLS cannot use
//	302  the file cannot be opened
//	10022  a property has a bad value
//
// An error never contains a password or a part of a key. A setter that fails changes nothing, except that a Subject
// that is not in the store (error 272) leaves no certificate selected.
//
// # Untrusted stores
//
// Stores may come from anywhere: no content makes this package panic, a store of more than 16 MiB is refused, and
// so is one whose keys and passwords would take more than some ten seconds or 256 MiB to check.
//
// # Concurrency
//
// The getters, TLS and X509 may be called from several goroutines at once. A setter must not run together with any
// other method: do not change a Certificate that a component is using.
package certificate
