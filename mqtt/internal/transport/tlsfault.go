package transport

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/iotcomponents/iot/errors"
)

// The alerts that speak of the version and of the certificate of the client (RFC 8446, section 6.2). handshake_failure
// is what servers of TLS 1.2 send when there was none.
const (
	alertHandshakeFailure    = tls.AlertError(40)
	alertProtocolVersion     = tls.AlertError(70)
	alertBadCertificate      = tls.AlertError(42)
	alertUnknownCA           = tls.AlertError(48)
	alertCertificateRequired = tls.AlertError(116)
)

// receivedAlert returns the alert in an error of crypto/tls. Its type is not exported over TCP, but its text is that of
// tls.AlertError.
func receivedAlert(err error) (tls.AlertError, bool) {
	op, is := stderrors.AsType[*net.OpError](err)
	if !is || op.Op != "remote error" {
		return 0, false
	}
	text := op.Err.Error()
	for a := range tls.AlertError(255) {
		if a.Error() == text {
			return a, true
		}
	}
	return 0, false
}

// failed gives an error of the handshake its number and says what may be the cause.
func (s *security) failed(ctx context.Context, err error) *errors.Error {
	if s.refusal != nil {
		return s.refusal
	}
	if cause := ctx.Err(); cause != nil {
		return ended(cause, "The TLS handshake was not finished.")
	}
	if refused := s.refusedClient(err); refused != nil {
		return refused
	}
	if header, is := stderrors.AsType[tls.RecordHeaderError](err); is {
		detail := fmt.Sprintf("The server does not speak TLS on this port: it sent %q.", header.RecordHeader[:])
		return errors.Wrap(errors.ErrTLSHandshake, detail, err)
	}
	if stderrors.Is(err, io.EOF) || stderrors.Is(err, io.ErrUnexpectedEOF) {
		return errors.Wrap(errors.ErrTLSHandshake, "The server closed the connection in the TLS handshake: it may "+
			"not speak TLS on this port, or "+
			s.offered()+".", err)
	}
	if alert, is := receivedAlert(err); is && (alert == alertProtocolVersion || alert == alertHandshakeFailure) ||
		s.otherVersion(err) {
		return errors.Wrap(errors.ErrTLSHandshake, "The server may have "+s.offered()+".", err)
	}
	if strings.Contains(err.Error(), "tls: failed to parse certificate from server") {
		return errors.Wrap(errors.ErrTLSHandshake, "Go does not take the certificate of the server, whatever "+
			"SSLAcceptAnyServerCert says; the server needs another one.", err)
	}
	failure := errors.FromOS(unexpectedReset(err, "the TLS handshake was finished: the server may not speak TLS on "+
		"this port."))
	if _, ofSystem := stderrors.AsType[syscall.Errno](err); failure.Code == errors.ErrConnectionAborted && !ofSystem {
		// of a package below crypto/tls, such as crypto/rsa about a key that is too short
		return errors.Wrap(errors.ErrTLSHandshake, "", err)
	}
	return failure
}

// otherVersion reports whether the server has chosen a version that was not offered. crypto/tls has only a text for it.
func (s *security) otherVersion(err error) bool {
	return strings.Contains(err.Error(), "tls: server selected unsupported protocol version")
}

// offered says what a server may lack, as the continuation of a sentence about it.
func (s *security) offered() string {
	if s.settings.Config != nil {
		return "only versions or cipher suites that the configuration of SetTLSConfig does not allow"
	}
	var names []string
	for _, v := range s.versions {
		names = append(names, versionName(v))
	}
	text := "only versions that SSLEnabledProtocols does not allow; it allows " + strings.Join(names, ", ")
	if s.versions[0] > tls.VersionTLS10 {
		text += fmt.Sprintf(", and %d allows TLS 1.0 and 1.1 too", s.settings.Protocols|ProtocolTLS10|ProtocolTLS11)
	}
	return text + ". Or its cipher suites are not among those of SSLEnabledCipherSuites"
}

// refusedClient tells whether the server broke off on account of the client's certificate: 281 when there is none, 276
// when it does not like what it got. It returns nil when it broke off for another reason.
func (s *security) refusedClient(err error) *errors.Error {
	alert, is := receivedAlert(err)
	if !is || !s.asked {
		return nil
	}
	missed := alert == alertCertificateRequired || alert == alertHandshakeFailure || alert == alertBadCertificate
	switch {
	case missed && !s.hasCertificate():
		return errors.Wrap(errors.ErrNoClientCertificate, "", err)
	case s.hasCertificate() && (missed || alert >= alertBadCertificate && alert <= alertUnknownCA):
		return errors.Wrap(errors.ErrTLSHandshake, fmt.Sprintf("The server may not have accepted the client "+
			"certificate %q.", s.settings.Certificate.Subject()), err)
	}
	return nil
}

// broken gives an error of the TLS layer after the handshake the number code. Errors of the connection below stay as
// they are. With TLS 1.3 the client has finished its handshake before the server looks at its certificate, so that an
// alert which is the first that comes still belongs to it.
func (s *security) broken(err error, code int, first bool) error {
	if err == io.EOF {
		return err
	}
	if first {
		if refused := s.refusedClient(err); refused != nil {
			return refused
		}
	}
	if errors.FromOS(err).Code == errors.ErrTLSHandshake { // which is what it calls all errors of crypto/tls
		return errors.Wrap(code, "", err)
	}
	return err
}
