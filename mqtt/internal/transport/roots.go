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

// roots are the authorities that are trusted: those of the system, and those that the settings add.
type roots struct{ own []*x509.Certificate }

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
	return r, nil
}

// verify looks for a chain from leaf to an authority of our own, and then of the system. A pool of both would have to be
// copied from the system's, which has some hundred authorities, for each connection.
func (r *roots) verify(leaf *x509.Certificate, options *x509.VerifyOptions) ([][]*x509.Certificate, error) {
	if len(r.own) == 0 {
		return verifyBy(leaf, options, nil)
	}
	return verifyBy(leaf, options, newPool(r.own), nil)
}

// verifyBy asks one pool after the other; nil is the system's.
func verifyBy(leaf *x509.Certificate, options *x509.VerifyOptions, pools ...*x509.CertPool) (_ [][]*x509.Certificate, fault error) {
	for _, pool := range pools {
		options.Roots = pool
		chains, err := leaf.Verify(*options)
		if err == nil {
			return chains, nil
		}
		// Whoever knows the authority has found what is wrong.
		_, unknown := stderrors.AsType[x509.UnknownAuthorityError](fault)
		_, invalid := stderrors.AsType[x509.CertificateInvalidError](err)
		if fault == nil || unknown && invalid {
			fault = err
		}
	}
	return nil, fault
}

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
