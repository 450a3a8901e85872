package transport

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	stderrors "errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// roots are the authorities that are trusted.
type roots struct {
	pool *x509.CertPool      // nil = those of the system
	own  []*x509.Certificate // those that the settings add
}

// loadRoots adds to the authorities of the system those of SSLServerCACerts, OpenSSLCAFile and OpenSSLCADir.
func loadRoots(t *TLS, trace *Trace) (*roots, *errors.Error) {
	r := &roots{}
	if strings.TrimSpace(t.ServerCACerts) != "" {
		certs, err := parseCertificates(t.ServerCACerts)
		if err != nil {
			return nil, errors.Wrap(errors.ErrCertificateStore, "SSLServerCACerts cannot be read.", err)
		}
		r.own = append(r.own, certs...)
	}
	if t.CAFile != "" {
		certs, err := readCertificates("OpenSSLCAFile", t.CAFile)
		if err != nil {
			return nil, err
		}
		r.own = append(r.own, certs...)
	}
	if t.CADir != "" {
		certs, err := readDirectory(t.CADir, trace)
		if err != nil {
			return nil, err
		}
		r.own = append(r.own, certs...)
	}
	r.pool = withSystem(r.own)
	return r, nil
}

// withSystem returns the authorities of the system and more, nil when there are no more.
func withSystem(more []*x509.Certificate) *x509.CertPool {
	if len(more) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a system without authorities does not make ours worthless
		pool = x509.NewCertPool()
	}
	for _, c := range more {
		pool.AddCert(c)
	}
	return pool
}

// withoutDates is the pool with our own authorities valid at any time.
func (r *roots) withoutDates() *x509.CertPool { return withSystem(withoutDates(r.own)) }

// readCertificates reads a file in PEM.
func readCertificates(setting, name string) ([]*x509.Certificate, *errors.Error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, errors.Wrap(errors.ErrFileNotOpened, setting+" cannot be read.", err)
	}
	certs, err := parsePEM(text)
	if err != nil {
		return nil, errors.Wrap(errors.ErrCertificateStore, fmt.Sprintf("%s: %s has no usable certificates.", setting, name), err)
	}
	return certs, nil
}

// readDirectory reads the files of a directory that OpenSSL would, whose names end in .0, .1, and so on, and those that
// end in .pem and .crt. What is no certificate there is passed over.
func readDirectory(name string, trace *Trace) ([]*x509.Certificate, *errors.Error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, errors.Wrap(errors.ErrFileNotOpened, "OpenSSLCADir cannot be read.", err)
	}
	var all []*x509.Certificate
	for _, entry := range entries {
		if !isCertificateName(entry.Name()) {
			continue
		}
		certs, err := readCertificates("OpenSSLCADir", filepath.Join(name, entry.Name()))
		if err != nil {
			trace.note(NoteVerbose, err.Description)
			continue
		}
		all = append(all, certs...)
	}
	return all, nil
}

func isCertificateName(name string) bool {
	extension := strings.TrimPrefix(filepath.Ext(name), ".")
	return extension == "pem" || extension == "crt" || extension != "" && strings.Trim(extension, "0123456789") == ""
}

// parseCertificates reads PEM, or the Base64 of DER.
func parseCertificates(text string) ([]*x509.Certificate, error) {
	if strings.Contains(text, "-----BEGIN") {
		return parsePEM([]byte(text))
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificates(der)
}

var errNoBlock = stderrors.New("there is no block CERTIFICATE in it")

// parsePEM reads every block "CERTIFICATE"; text around them and other blocks are passed over.
func parsePEM(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if !strings.HasSuffix(block.Type, "CERTIFICATE") { // also "X509 CERTIFICATE" and "TRUSTED CERTIFICATE"
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errNoBlock
	}
	return certs, nil
}
