package transport

import (
	"crypto/x509"
	stderrors "errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// roots are the authorities that are trusted: those of the system, and those that the settings add.
type roots struct {
	own        []*x509.Certificate
	passedOver []string // what the settings name besides and cannot be used, for a log and an error
	trace      *Trace
}

// loadRoots adds to the authorities of the system those of SSLServerCACerts, OpenSSLCAFile and OpenSSLCADir.
func loadRoots(t *TLS, trace *Trace) (*roots, *errors.Error) {
	r := &roots{trace: trace}
	if strings.TrimSpace(t.ServerCACerts) != "" {
		if err := r.add("SSLServerCACerts", []byte(t.ServerCACerts)); err != nil {
			return nil, errors.Wrap(errors.ErrCertificateStore, "SSLServerCACerts cannot be read.", err)
		}
	}
	if t.CAFile != "" {
		if err := r.addFile("OpenSSLCAFile", t.CAFile); err != nil {
			return nil, err
		}
	}
	if t.CADir != "" {
		if err := r.addDirectory(t.CADir); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// add takes the certificates of a list. One that cannot be used is noted. An error has no number.
func (r *roots) add(source string, list []byte) error {
	found, passedOver, err := certificate.Authorities(list)
	for _, fault := range passedOver {
		text := source + " passes over " + fault.Error()
		r.passedOver = append(r.passedOver, text)
		r.trace.note(NoteInformation, text)
	}
	r.own = append(r.own, found...)
	return stderrors.Unwrap(err) // the caller gives the number, and says which setting it is
}

// verify looks for a chain from leaf to an authority of our own, and then of the system. A pool of both would have to
// be copied from the system's, which has some hundred authorities, for each connection.
func (r *roots) verify(leaf *x509.Certificate, options *x509.VerifyOptions) ([][]*x509.Certificate, error) {
	if len(r.own) == 0 {
		return verifyBy(leaf, options, nil)
	}
	return verifyBy(leaf, options, newPool(r.own), nil)
}

// verifyBy asks one pool after the other; nil is the system's.
func verifyBy(
	leaf *x509.Certificate, options *x509.VerifyOptions, pools ...*x509.CertPool,
) (_ [][]*x509.Certificate, fault error) {
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

// maxAuthorities bounds what is read of a file, in bytes. All public authorities together have some hundred kilobytes.
const maxAuthorities = 16 << 20

// addFile reads a file.
func (r *roots) addFile(setting, name string) *errors.Error {
	list, err := readBounded(name)
	if err != nil {
		return errors.Wrap(errors.ErrFileNotOpened, setting+" cannot be read.", err)
	}
	if err := r.add(setting+", "+name+",", list); err != nil {
		text := fmt.Sprintf("%s: %s has no usable certificates.", setting, name)
		return errors.Wrap(errors.ErrCertificateStore, text, err)
	}
	return nil
}

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxAuthorities+1)) // of which one byte too many makes a list that is refused
}

// addDirectory reads the files of a directory that OpenSSL would, whose names end in .0, .1, and so on, and those that
// end in .pem and .crt. What is no certificate there is passed over.
func (r *roots) addDirectory(name string) *errors.Error {
	entries, err := os.ReadDir(name)
	if err != nil {
		return errors.Wrap(errors.ErrFileNotOpened, "OpenSSLCADir cannot be read.", err)
	}
	for _, entry := range entries {
		if !isCertificateName(entry.Name()) {
			continue
		}
		if err := r.addFile("OpenSSLCADir", filepath.Join(name, entry.Name())); err != nil {
			r.trace.note(NoteVerbose, err.Description)
		}
	}
	return nil
}

// explain adds to the fault of an unknown authority which ones were passed over, since it may be one of them.
func (r *roots) explain(fault error) error {
	if len(r.passedOver) == 0 || errors.FromOS(fault).Code != errors.ErrCertificateUntrusted {
		return fault
	}
	const most = 3
	text := strings.Join(r.passedOver[:min(len(r.passedOver), most)], "; ")
	if more := len(r.passedOver) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Errorf("%w; %s", fault, text)
}

func isCertificateName(name string) bool {
	extension := strings.TrimPrefix(filepath.Ext(name), ".")
	return extension == "pem" || extension == "crt" || extension != "" && strings.Trim(extension, "0123456789") == ""
}
