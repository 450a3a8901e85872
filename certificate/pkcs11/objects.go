package pkcs11

import (
	"crypto"
	"crypto/x509"
	stderrors "errors"
	"strconv"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

func init() { certificate.RegisterPKCS11(open) }

// open returns what a URI selects. A certificate and a private key that belong together are selected together,
// whichever of the two has the name or the number that the URI asks for.
func open(text, pin string) (certs, issuers []*x509.Certificate, keys []crypto.Signer, err error) {
	u, err := parse(text)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := load(u.module)
	if err != nil {
		return nil, nil, nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.session(u, pinNumber(pin), false)
	if err != nil {
		return nil, nil, nil, err
	}
	allCerts, allKeys, err := m.read(s)
	if err != nil {
		m.drop(s)
		return nil, nil, nil, failed("The token "+strconv.Quote(s.token.label)+" cannot be read", err)
	}
	for _, c := range allCerts {
		chosen := u.selects(typeCert, c.label, c.id)
		for _, k := range allKeys {
			chosen = chosen || k.belongs(c) && u.selects(typePrivate, k.label, k.id)
		}
		if chosen {
			certs = append(certs, c.cert)
		} else {
			issuers = append(issuers, c.cert)
		}
	}
	unusable := ""
	for _, k := range allKeys {
		chosen := u.selects(typePrivate, k.label, k.id)
		for _, c := range allCerts {
			chosen = chosen || k.belongs(c) && u.selects(typeCert, c.label, c.id)
		}
		switch {
		case chosen && k.unusable == "":
			k.uri, k.pin = s.token.only(u), pinNumber(pin)
			keys = append(keys, k)
		case chosen:
			unusable = k.named() + " " + k.unusable + "."
		}
	}
	if len(certs) == 0 && len(keys) == 0 && unusable != "" {
		return nil, nil, nil, errors.New(errors.ErrCredentials, unusable)
	}
	return certs, issuers, keys, nil
}

// selects reports whether the URI means an object by itself.
func (u uri) selects(kind, label, id string) bool {
	return u.means("type", kind) && u.means("object", label) && u.means("id", id)
}

// cert is a certificate on a token.
type cert struct {
	cert      *x509.Certificate
	label, id string
}

// read returns all certificates and private keys that a session shows. Certificates that Go cannot parse are passed
// over: the program cannot do anything about the other contents of the token.
func (m *module) read(s *session) ([]cert, []*key, error) {
	r := reader{module: m, session: s}
	var certs []cert
	for _, o := range r.find(pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE)) {
		if x, err := x509.ParseCertificate(r.value(o, pkcs11.CKA_VALUE)); err == nil {
			certs = append(certs, cert{x, string(r.value(o, pkcs11.CKA_LABEL)), string(r.value(o, pkcs11.CKA_ID))})
		}
	}
	var keys []*key
	for _, o := range r.find(pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY)) {
		k := &key{
			module: m, session: s, handle: o,
			label: string(r.value(o, pkcs11.CKA_LABEL)), id: string(r.value(o, pkcs11.CKA_ID)),
			eachTime: r.flag(o, pkcs11.CKA_ALWAYS_AUTHENTICATE, false),
		}
		k.public = r.public(o, k.id, certs)
		switch {
		case k.public == nil:
			k.unusable = "is of an unknown kind, or neither a public key nor a certificate has the same id"
		case !r.flag(o, pkcs11.CKA_SIGN, true):
			k.unusable = "may not sign (CKA_SIGN is false)"
		}
		keys = append(keys, k)
	}
	return certs, keys, r.err
}

// reader reads objects. After an error it reads nothing more, so the error needs to be looked at only once.
type reader struct {
	module  *module
	session *session
	err     error
}

// find returns the objects with these attributes.
func (r *reader) find(template ...*pkcs11.Attribute) (found []pkcs11.ObjectHandle) {
	if r.err != nil {
		return nil
	}
	ctx, handle := r.module.ctx, r.session.handle
	if r.err = ctx.FindObjectsInit(handle, template); r.err != nil {
		return nil
	}
	for {
		some, _, err := ctx.FindObjects(handle, 64)
		if err != nil || len(some) == 0 {
			r.err = stderrors.Join(err, ctx.FindObjectsFinal(handle))
			return found
		}
		found = append(found, some...)
	}
}

// value returns an attribute, nil if the object has none or keeps it secret.
func (r *reader) value(o pkcs11.ObjectHandle, attribute uint) []byte {
	if r.err != nil {
		return nil
	}
	list, err := r.module.ctx.GetAttributeValue(r.session.handle, o,
		[]*pkcs11.Attribute{pkcs11.NewAttribute(attribute, nil)})
	switch err {
	case nil:
		return list[0].Value
	case pkcs11.Error(pkcs11.CKR_ATTRIBUTE_TYPE_INVALID), pkcs11.Error(pkcs11.CKR_ATTRIBUTE_SENSITIVE):
	default:
		r.err = err
	}
	return nil
}

// flag returns an attribute that is true or false, otherwise if the object has none.
func (r *reader) flag(o pkcs11.ObjectHandle, attribute uint, otherwise bool) bool {
	if value := r.value(o, attribute); len(value) == 1 {
		return value[0] != 0
	}
	return otherwise
}
