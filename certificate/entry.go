package certificate

import (
	"crypto"
	"crypto/x509"
)

// entry is one thing that a store holds and a search can select: a certificate, a key, or both as a pair. The loaders
// make entries from what they read; pair joins those that belong together.
type entry struct {
	cert *x509.Certificate
	// refused is a certificate that was passed over; cert is nil then.
	refused *refusedCert
	// key is nil if there is none, or if it is locked.
	key crypto.PrivateKey
	// public is the public half of a key without a certificate; nil if unknown.
	public crypto.PublicKey
	// name is what the store calls the entry: alias, friendly name, comment or key id. It finds a key without a
	// certificate.
	name string
	// locked is why the key that is there cannot be read, an error with number 273.
	locked error
	// container is the name of the key's container, in the stores of Windows.
	container string
	// issuerOnly marks a certificate that continues chains and cannot be selected.
	issuerOnly bool
	// chain is the certificate and its issuers, filled when the entry is selected.
	chain [][]byte
}

// keyEntry is the entry of a private key on its own.
func keyEntry(key crypto.PrivateKey, name string) entry {
	return entry{key: key, public: publicOf(key), name: name}
}

// publicKey is the public key of the certificate, or of the key without one.
func (e *entry) publicKey() crypto.PublicKey {
	if e.cert != nil {
		return publicOfCert(e.cert)
	}
	return e.public
}

// store is what a file, a blob or a store of the system holds.
type store struct {
	certs   []entry // with a certificate, in the order of the store
	keys    []entry // keys that belong to none of the certificates
	issuers []entry // further certificates, for chains alone
	refused []entry // certificates that crypto/x509 does not take; key is set if the store has it
}

// newStore sorts the entries that a loader found and gives each lone key to the certificates that it belongs to.
func newStore(found []entry) store {
	var s store
	var lone []entry
	for _, e := range found {
		switch {
		case e.refused != nil:
			s.refused = append(s.refused, e)
		case e.issuerOnly:
			s.issuers = append(s.issuers, e)
		case e.cert != nil:
			s.certs = append(s.certs, e)
		default:
			lone = append(lone, e)
		}
	}
	if len(lone) == 0 {
		return s
	}
	owners := make(map[string][]int) // positions in certs, by what the public key shows
	for i := range s.certs {
		public := publicOfCert(s.certs[i].cert)
		owners[string(marshalPublic(public))] = append(owners[string(marshalPublic(public))], i)
		if opaque, ok := public.(opaquePublic); ok {
			algorithm := opaque.algorithm()
			owners[algorithm] = append(owners[algorithm], i)
		}
	}
	for _, k := range lone {
		belongs := owners[k.trait()]
		if len(belongs) == 0 {
			s.keys = append(s.keys, k)
			if owner := k.owner(s.refused); owner != nil {
				owner.key, owner.locked = k.key, k.locked
			}
		}
		for _, i := range belongs {
			if e := &s.certs[i]; e.key == nil {
				e.key, e.locked = k.key, k.locked
				if e.name == "" {
					e.name = k.name
				}
			}
		}
	}
	return s
}

// trait is what tells the certificates of a lone key: its public half. Of a key whose public half Go cannot compute
// only the algorithm is known, which must do. A locked key may show nothing at all.
func (e *entry) trait() string {
	if e.public != nil {
		return string(marshalPublic(e.public))
	}
	if opaque, ok := e.key.(opaqueKey); ok {
		return opaque.algorithm()
	}
	return "locked"
}

// lockedKey is why one of the lone keys cannot be read, nil if all can. Its public half is not known, so it may belong
// to any of the certificates.
func (s *store) lockedKey() error {
	for i := range s.keys {
		if s.keys[i].public == nil && s.keys[i].locked != nil {
			return s.keys[i].locked
		}
	}
	return nil
}
