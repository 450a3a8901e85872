package errors_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	stderrors "errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// layers are the ways in which libraries hand on an error.
var layers = []struct {
	name string
	wrap func(error) error
}{
	{"bare", func(err error) error { return err }},
	{"fmt", func(err error) error { return fmt.Errorf("connect: %w", err) }},
	{"net", func(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }},
	{"joined", func(err error) error { return stderrors.Join(stderrors.New("first"), err) }},
	{"three deep", func(err error) error {
		return fmt.Errorf("a: %w", &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("b: %w", err)})
	}},
}

// wantFromOS checks what FromOS promises for every error that is no *Error: the
// number, the text of the table, the original's text, the original itself.
func wantFromOS(t *testing.T, err error, want int) {
	t.Helper()
	got := errors.FromOS(err)
	if got.Code != want {
		t.Fatalf("FromOS(%v) = %d, want %d", err, got.Code, want)
	}
	if text := fmt.Sprintf("[%d] %s %s", want, errors.Description(want), err); got.Error() != text {
		t.Errorf("text is %q, want %q", got.Error(), text)
	}
	if got.Err != err {
		t.Errorf("Err = %v, want the original", got.Err)
	}
}

func TestFromOSMapping(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want int
	}{
		{"context cancelled", context.Canceled, 301},
		{"context deadline", context.DeadlineExceeded, 201},
		{"i/o deadline", os.ErrDeadlineExceeded, 201},
		{"name not found", &net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}, 11001},
		{"name not found for now", &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true, IsTemporary: true}, 11001},
		{"name service temporary", &net.DNSError{Err: "server misbehaving", Name: "x", IsTemporary: true}, 11002},
		{"name service timeout", &net.DNSError{Err: "i/o timeout", Name: "x", IsTimeout: true}, 11002},
		{"name service failed", &net.DNSError{Err: "cannot unmarshal DNS message", Name: "x"}, 11003},
		{"no suitable address", &net.AddrError{Err: "no suitable address found", Addr: "::1"}, 11004},
		{"unknown authority", x509.UnknownAuthorityError{}, 275},
		{"system roots", x509.SystemRootsError{Err: stderrors.New("none")}, 275},
		{"host name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}, 280},
		{"weak algorithm", x509.InsecureAlgorithmError(x509.MD5WithRSA), 280},
		{"alert", tls.AlertError(40), 276},
		{"record header", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, 276},
		{"handshake text", stderrors.New("tls: server selected unsupported protocol version 301"), 276},
		{"no server certificate", stderrors.New("tls: received empty certificates message"), 282},
		{"end of file", io.EOF, 1120},
		{"unexpected end of file", io.ErrUnexpectedEOF, 1120},
		{"file", &fs.PathError{Op: "open", Path: "f", Err: fs.ErrNotExist}, 302},
		{"closed here", net.ErrClosed, 10058},
		{"closed pipe", io.ErrClosedPipe, 10053},
		{"anything else", stderrors.New("radio silence"), 10053},
		{"anything else from net", net.UnknownNetworkError("tcp9"), 10053},
	} {
		for _, layer := range layers {
			t.Run(row.name+"/"+layer.name, func(t *testing.T) {
				wantFromOS(t, layer.wrap(row.err), row.want)
			})
		}
	}
}

func TestFromOSCertificateInvalid(t *testing.T) {
	for _, row := range []struct {
		name   string
		reason x509.InvalidReason
		want   int
	}{
		{"NotAuthorizedToSign", x509.NotAuthorizedToSign, 275},
		{"Expired", x509.Expired, 280},
		{"CANotAuthorizedForThisName", x509.CANotAuthorizedForThisName, 275},
		{"TooManyIntermediates", x509.TooManyIntermediates, 275},
		{"IncompatibleUsage", x509.IncompatibleUsage, 280},
		{"NameMismatch", x509.NameMismatch, 280},
		{"NameConstraintsWithoutSANs", x509.NameConstraintsWithoutSANs, 275},
		{"UnconstrainedName", x509.UnconstrainedName, 275},
		{"TooManyConstraints", x509.TooManyConstraints, 275},
		{"CANotAuthorizedForExtKeyUsage", x509.CANotAuthorizedForExtKeyUsage, 275},
		{"NoValidChains", x509.NoValidChains, 275},
	} {
		t.Run(row.name, func(t *testing.T) {
			invalid := x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: row.reason}
			wantFromOS(t, invalid, row.want)
			wantFromOS(t, &tls.CertificateVerificationError{Err: invalid}, row.want)
			wantFromOS(t, fmt.Errorf("connect: %w", &tls.CertificateVerificationError{Err: invalid}), row.want)
		})
	}
}

func TestFromOSCertificateVerification(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want int
	}{
		{"unknown authority", x509.UnknownAuthorityError{}, 275},
		{"system roots", x509.SystemRootsError{}, 275},
		{"host name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}, 280},
		{"weak algorithm", x509.InsecureAlgorithmError(x509.SHA1WithRSA), 280},
		{"critical extension", x509.UnhandledCriticalExtension{}, 280},
		{"constraint", x509.ConstraintViolationError{}, 280},
		{"text of the system verifier", stderrors.New("x509: certificate is not standards compliant"), 280},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantFromOS(t, &tls.CertificateVerificationError{Err: row.err}, row.want)
		})
	}
}

// TestFromOSOrder puts two conditions into one error. The order of the
// documentation decides, not the place in the tree.
func TestFromOSOrder(t *testing.T) {
	dns := &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}
	for _, row := range []struct {
		name string
		err  error
		want int
	}{
		{"cancelled in OpError", &net.OpError{Op: "dial", Net: "tcp", Err: context.Canceled}, 301},
		{"cancelled in DNSError", &net.DNSError{Err: "canceled", Name: "x", UnwrapErr: context.Canceled}, 301},
		{"deadline in DNSError", &net.DNSError{Err: "i/o timeout", Name: "x", IsTimeout: true, UnwrapErr: context.DeadlineExceeded}, 201},
		{"cancelled after deadline", stderrors.Join(context.DeadlineExceeded, context.Canceled), 301},
		{"deadline beside EOF", stderrors.Join(io.EOF, os.ErrDeadlineExceeded), 201},
		{"name before address", stderrors.Join(&net.AddrError{Err: "no suitable address"}, dns), 11001},
		{"address before certificate", stderrors.Join(x509.UnknownAuthorityError{}, &net.AddrError{Err: "no suitable address"}), 11004},
		{"certificate before alert", stderrors.Join(tls.AlertError(42), x509.UnknownAuthorityError{}), 275},
		{"TLS before EOF", stderrors.Join(io.EOF, tls.AlertError(42)), 276},
		{"EOF before file", &fs.PathError{Op: "read", Path: "f", Err: io.EOF}, 1120},
		{"file before closed", stderrors.Join(net.ErrClosed, &fs.PathError{Op: "open", Path: "f", Err: fs.ErrNotExist}), 302},
		{"a word of the caller is no TLS error", fmt.Errorf("tls: %w", io.EOF), 1120},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantFromOS(t, row.err, row.want)
		})
	}
}

// TestFromOSKeepsNumber: an *Error keeps its number whatever is around it or
// below it.
func TestFromOSKeepsNumber(t *testing.T) {
	numbered := errors.Wrap(212, "Ping", context.Canceled)
	if got := errors.FromOS(numbered); got != numbered {
		t.Errorf("FromOS(*Error) = %v, want the same pointer", got)
	}
	for _, layer := range layers[1:] {
		t.Run(layer.name, func(t *testing.T) {
			err := layer.wrap(numbered)
			got := errors.FromOS(err)
			if got.Code != 212 || got.Err != err {
				t.Errorf("FromOS = %#v, want number 212 around the original", got)
			}
			if text := got.Error(); strings.Count(text, "[212]") != 1 || !strings.HasPrefix(text, "[212] ") {
				t.Errorf("text %q does not show the number once, in front", text)
			}
			if again := errors.FromOS(got); again != got {
				t.Errorf("a second FromOS gives %v", again)
			}
		})
	}
	if got := errors.FromOS(stderrors.Join(io.EOF, numbered)); got.Code != 212 {
		t.Errorf("beside io.EOF: %d, want 212", got.Code)
	}
	if got := errors.FromOS(&errors.Error{Err: io.EOF}); got.Code != 1120 {
		t.Errorf("an *Error without a number: %d, want that of its cause", got.Code)
	}
}

func TestFromOSNil(t *testing.T) {
	for _, err := range []error{nil, (*errors.Error)(nil)} {
		if got := errors.FromOS(err); got != nil {
			t.Errorf("FromOS(%#v) = %v, want nil", err, got)
		}
	}
	if got := errors.Code(errors.FromOS(nil)); got != 0 {
		t.Errorf("Code(FromOS(nil)) = %d, want 0", got)
	}
}

func TestFromOSMissingFile(t *testing.T) {
	_, err := os.ReadFile(filepath.Join(t.TempDir(), "missing.pem"))
	wantFromOS(t, err, 302)
	if !stderrors.Is(errors.FromOS(err), fs.ErrNotExist) {
		t.Error("errors.Is(fs.ErrNotExist) fails")
	}
}

// listen gives a loopback listener that closes with the test.
func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// connect gives both ends of a loopback connection.
func connect(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	listener := listen(t)
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func TestFromOSRefusedDial(t *testing.T) {
	listener := listen(t)
	address := listener.Addr().String()
	listener.Close()
	_, err := net.Dial("tcp", address)
	wantFromOS(t, err, 10061)
}

func TestFromOSRealConnection(t *testing.T) {
	for _, row := range []struct {
		name string
		fail func(client, server *net.TCPConn) error
		want int
	}{
		{"closed here, read", func(client, _ *net.TCPConn) error {
			client.Close()
			_, err := client.Read(make([]byte, 1))
			return err
		}, 10058},
		{"closed here, write", func(client, _ *net.TCPConn) error {
			client.Close()
			_, err := client.Write([]byte{0xc0, 0x00})
			return err
		}, 10058},
		{"closed there", func(client, server *net.TCPConn) error {
			server.Close()
			_, err := client.Read(make([]byte, 1))
			return err
		}, 1120},
		{"closed there amid a packet", func(client, server *net.TCPConn) error {
			server.Write([]byte{0x20})
			server.Close()
			_, err := io.ReadFull(client, make([]byte, 4))
			return err
		}, 1120},
		{"reset there", func(client, server *net.TCPConn) error {
			server.SetLinger(0)
			server.Close()
			_, err := client.Read(make([]byte, 1))
			return err
		}, 10054},
		{"read deadline", func(client, _ *net.TCPConn) error {
			client.SetReadDeadline(time.Unix(1, 0))
			_, err := client.Read(make([]byte, 1))
			return err
		}, 201},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.fail(connect(t))
			if err == nil {
				t.Fatal("no error")
			}
			wantFromOS(t, err, row.want)
		})
	}
}

func TestFromOSContext(t *testing.T) {
	address := listen(t).Addr().String()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer stop()
	for _, row := range []struct {
		name string
		ctx  context.Context
		want int
	}{
		{"cancelled", cancelled, 301},
		{"deadline", late, 201},
	} {
		t.Run(row.name, func(t *testing.T) {
			var dialer net.Dialer
			_, err := dialer.DialContext(row.ctx, "tcp", address)
			wantFromOS(t, err, row.want)
			wantFromOS(t, row.ctx.Err(), row.want)
		})
	}
}

// TestFromOSAddressFamily resolves a literal address, which asks no server.
func TestFromOSAddressFamily(t *testing.T) {
	_, err := net.ResolveTCPAddr("tcp6", "127.0.0.1:1883")
	wantFromOS(t, err, 11004)
}
