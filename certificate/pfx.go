package certificate

import (
	"crypto/hmac"
	"encoding/asn1"
	"encoding/binary"
	stderrors "errors"
	"fmt"
	"unicode/utf16"
)

// The structures of PKCS#12, RFC 7292: a list of contents, each encrypted or not, of which each is a list of bags, and
// a MAC over all of it.
type (
	pfxFile struct {
		Version int
		Safe    contentInfo
		MAC     pfxMAC `asn1:"optional"`
	}
	pfxMAC struct {
		Digest struct {
			Algorithm algorithmIdentifier
			Value     []byte
		}
		Salt       []byte
		Iterations int64 `asn1:"optional,default:1"`
	}
	pfxEncrypted struct {
		Version int
		Content struct {
			Type      asn1.ObjectIdentifier
			Algorithm algorithmIdentifier
			Data      asn1.RawValue `asn1:"optional,tag:0"`
		}
	}
	pfxBag struct {
		Type       asn1.ObjectIdentifier
		Value      asn1.RawValue  `asn1:"explicit,tag:0"`
		Attributes []pfxAttribute `asn1:"set,optional"`
	}
	pfxAttribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue
	}
	pfxCert struct {
		Type asn1.ObjectIdentifier
		Data []byte `asn1:"explicit,tag:0"`
	}
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidKeyBag        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidShroudedBag   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidCertBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidContentsBag   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 6}
	oidX509Cert      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	oidPBMAC1        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}
)

var errPFXPassword = stderrors.New("StorePassword is wrong, or the file is damaged")

// pfxReader reads one file with the password that its MAC has proved.
type pfxReader struct {
	pw     passwords
	secret pbePassword
	found  []entry
	certs  int // certificates so far
}

// loadPFX reads a PKCS#12 file with any number of keys and certificates.
func loadPFX(data []byte, pw passwords) ([]entry, error) {
	data, err := derOf(unPEM(data))
	if err != nil {
		return nil, err
	}
	var file pfxFile
	if err := unmarshal(data, &file); err != nil {
		return nil, err
	}
	if !file.Safe.Type.Equal(oidData) {
		return nil, fmt.Errorf("the protection %s is not supported; only passwords are", file.Safe.Type)
	}
	var safe []byte
	if err := unmarshal(file.Safe.Content.Bytes, &safe); err != nil {
		return nil, err
	}
	r := pfxReader{pw: pw, secret: newPBEPassword(pw.store)}
	if len(file.MAC.Digest.Value) > 0 {
		err = file.MAC.check(safe, r.secret, pw.work)
		if stderrors.Is(err, errPFXPassword) && pw.store == "" {
			// Some programs take an empty password for no bytes at all, others for the zero at its end.
			r.secret.bmp = nil
			err = file.MAC.check(safe, r.secret, pw.work)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.contents(safe); err != nil {
		return nil, err
	}
	return r.found, nil
}

// check proves the password, and that the file is not damaged.
func (m *pfxMAC) check(safe []byte, secret pbePassword, w *work) error {
	var key []byte
	newHash, ok := hashes[m.Digest.Algorithm.Algorithm.String()]
	if m.Digest.Algorithm.Algorithm.Equal(oidPBMAC1) {
		var p struct{ KDF, MAC algorithmIdentifier }
		err := unmarshal(m.Digest.Algorithm.Parameters.FullBytes, &p)
		if err != nil {
			return err
		}
		if newHash, ok = hmacs[p.MAC.Algorithm.String()]; ok {
			if key, err = deriveKey(p.KDF, secret.utf8, 0, w); err != nil {
				return err
			}
		}
	} else if ok {
		var err error
		key, err = derivePKCS12(newHash, pkcs12MAC, secret.bmp, m.Salt, m.Iterations, newHash().Size(), w)
		if err != nil {
			return err
		}
	}
	if !ok {
		return fmt.Errorf("the MAC %s is not supported; openssl pkcs12 -export -macalg sha256 changes it",
			named(m.Digest.Algorithm.Algorithm))
	}
	mac := hmac.New(newHash, key)
	mac.Write(safe)
	if !hmac.Equal(mac.Sum(nil), m.Digest.Value) {
		return errPFXPassword
	}
	return nil
}

// contents reads the list of contents.
func (r *pfxReader) contents(safe []byte) error {
	safe, err := derOf(safe)
	if err != nil {
		return err
	}
	var contents []contentInfo
	if err := unmarshal(safe, &contents); err != nil {
		return err
	}
	for _, content := range contents {
		var data []byte
		switch {
		case content.Type.Equal(oidData):
			err = unmarshal(content.Content.Bytes, &data)
		case content.Type.Equal(oidEncryptedData):
			data, err = r.decrypt(content.Content.Bytes)
		default:
			return fmt.Errorf("the protection %s is not supported; only passwords are", content.Type)
		}
		if err != nil {
			return err
		}
		if err := r.bags(data, 0); err != nil {
			return err
		}
	}
	return nil
}

// decrypt opens one of the contents. The padding is wrong only if there was no MAC to prove the password.
func (r *pfxReader) decrypt(der []byte) ([]byte, error) {
	var e pfxEncrypted
	if err := unmarshal(der, &e); err != nil {
		return nil, err
	}
	data := e.Content.Data.Bytes
	if e.Content.Data.IsCompound { // it was in pieces
		data = nil
		for rest := e.Content.Data.Bytes; len(rest) > 0; {
			var piece []byte
			var err error
			if rest, err = asn1.Unmarshal(rest, &piece); err != nil {
				return nil, err
			}
			data = append(data, piece...)
		}
	}
	plain, err := decryptPBE(e.Content.Algorithm, data, r.secret, r.pw.work)
	if stderrors.Is(err, errPassword) {
		err = errPFXPassword
	}
	return plain, err
}

// bags reads a list of bags, which may be nested. Bags with revocation lists and other secrets are passed over.
func (r *pfxReader) bags(data []byte, depth int) error {
	data, err := derOf(data)
	if err != nil {
		return err
	}
	var bags []pfxBag
	if err := unmarshal(data, &bags); err != nil {
		return err
	}
	if depth > maxDepth {
		return errBER
	}
	for _, b := range bags {
		if b.Type.Equal(oidContentsBag) {
			if err := r.bags(b.Value.Bytes, depth+1); err != nil {
				return err
			}
			continue
		}
		e, ok, err := r.bag(&b)
		if err != nil {
			return err
		}
		if ok {
			e.name = b.friendlyName()
			r.found = append(r.found, e)
		}
	}
	return nil
}

// bag reads a certificate or a key; false for anything else.
func (r *pfxReader) bag(b *pfxBag) (e entry, ok bool, err error) {
	switch {
	case b.Type.Equal(oidCertBag):
		var c pfxCert
		if err := unmarshal(b.Value.Bytes, &c); err != nil || !c.Type.Equal(oidX509Cert) {
			return entry{}, false, err
		}
		r.certs++
		e = certEntry(c.Data, fmt.Sprintf("certificate %d", r.certs))
	case b.Type.Equal(oidKeyBag):
		e, err = privateEntry(b.Value.Bytes, r.pw.work)
	case b.Type.Equal(oidShroudedBag):
		e = decryptPKCS8(b.Value.Bytes, r.secret, r.pw.work)
		if stderrors.Is(e.locked, errPassword) && r.pw.key != r.pw.store {
			e = decryptPKCS8(b.Value.Bytes, newPBEPassword(r.pw.key), r.pw.work)
		}
	default:
		return entry{}, false, nil
	}
	return e, true, err
}

// friendlyName is the name that programs show for the bag, "" if it has none.
func (b *pfxBag) friendlyName() string {
	for _, attribute := range b.Attributes {
		var name asn1.RawValue
		if attribute.Type.Equal(oidFriendlyName) && unmarshal(attribute.Values.Bytes, &name) == nil {
			units := make([]uint16, len(name.Bytes)/2)
			for i := range units {
				units[i] = binary.BigEndian.Uint16(name.Bytes[2*i:])
			}
			return string(utf16.Decode(units))
		}
	}
	return ""
}
