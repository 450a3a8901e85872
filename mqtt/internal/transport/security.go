package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// security is a TLS connection to be. It is made ready before anything is dialed, so that a bad setting costs no
// connection.
type security struct {
	settings *TLS
	name     string // of the server
	config   *tls.Config
	trace    *Trace
	versions []uint16 // allowed, ascending
	tls13    []uint16 // suites of TLS 1.3 that are allowed, nil = all
	roots    *roots
	decide   func(ctx context.Context, c *ServerCertificate) bool

	// What the handshake finds out.
	asked   bool // the server asked for a client certificate
	server  *certificate.Certificate
	refusal *errors.Error // why we have refused the server
}

// newSecurity reads the settings of TLS. It returns nil when the connection is to have none.
//
// Errors: 271 SSLServerCACerts or OpenSSLCAFile, 273 SSLCert, 274 SSLCACerts, 276 versions, suites or groups of which
// nothing is left, 302 OpenSSLCAFile, OpenSSLCADir or SSLKeyLogFile.
func newSecurity(o *Options) (*security, *errors.Error) {
	t := &o.TLS
	if !t.Enabled && !o.Target.TLS() {
		return nil, nil
	}
	if t.Config != nil {
		return givenSecurity(o), nil
	}
	s := &security{settings: t, name: o.serverName(), trace: &o.Trace, decide: o.Authenticate}
	s.config = &tls.Config{
		ServerName: s.name,
		// The verification is our own, in verify.go, because SSLSecurityFlags and the handler of
		// SSLServerAuthentication may overlook faults that crypto/tls would end the handshake for.
		InsecureSkipVerify: true,
		NextProtos:         splitList(t.ALPN),
	}
	if t.Renegotiation {
		s.config.Renegotiation = tls.RenegotiateFreelyAsClient
	}
	suites, err := chooseSuites(t)
	if err != nil {
		return nil, err
	}
	for _, word := range suites.ignored {
		s.trace.note(NoteVerbose, fmt.Sprintf("The cipher suite %.64q does not exist here.", word))
	}
	s.config.CipherSuites, s.tls13 = suites.tls12, suites.tls13
	for _, step := range []func() *errors.Error{
		func() *errors.Error { return s.chooseVersions(t, suites) },
		func() *errors.Error { return s.chooseGroups(t) },
		func() (err *errors.Error) { s.roots, err = loadRoots(t, s.trace); return err },
		s.useClientCertificate,
		s.useKeyLog,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if t.ReuseSession && o.Sessions != nil {
		s.config.ClientSessionCache = o.Sessions.forConnection(o)
	}
	return s, nil
}

func splitList(list string) []string {
	var words []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// handshake makes conn a TLS connection. On an error conn is closed.
func (s *security) handshake(ctx context.Context, conn net.Conn) (*secure, *errors.Error) {
	s.trace.sslStatus("Starting the TLS handshake with " + s.name + ".")
	s.config.VerifyConnection = func(state tls.ConnectionState) error {
		judge := s.judge
		if s.settings.Config != nil {
			judge = s.judgeGiven
		}
		refusal := judge(ctx, &state)
		if refusal == nil {
			return nil
		}
		if ctx.Err() == nil {
			s.refusal = refusal
		}
		return refusal
	}
	below := &records{Conn: conn}
	if s.settings.LogPackets {
		below.sent.tell, below.received.tell = s.trace.sslStatus, s.trace.sslStatus
	}
	c := &secure{Conn: tls.Client(below, s.config), below: conn, security: s}
	if err := c.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		failure := s.failed(ctx, err)
		s.trace.sslStatus("The TLS handshake failed: " + failure.Description)
		return nil, failure
	}
	if !s.settings.Renegotiation {
		s.roots = nil // the connection may stand for long and verifies no more
	}
	state := c.ConnectionState()
	h := &Handshake{
		Negotiated: negotiated(&state), Resumed: state.DidResume, ALPN: state.NegotiatedProtocol,
		Server: s.server,
	}
	if state.Version < tls.VersionTLS12 {
		s.trace.note(NoteInformation, "The connection uses "+h.Negotiated.Version+
			", which is no longer considered safe.")
	}
	how := ""
	if h.Resumed {
		how = ", resumed"
	}
	s.trace.sslStatus(fmt.Sprintf("TLS handshake complete: %s, %s, %s%s.", h.Negotiated.Version,
		h.Negotiated.CipherSuite, h.Negotiated.KeyExchange, how))
	s.trace.handshake(h)
	return c, nil
}

// judge decides about what the handshake has agreed, in the middle of it: version and suite, then the certificate.
func (s *security) judge(ctx context.Context, state *tls.ConnectionState) *errors.Error {
	if !slices.Contains(s.versions, state.Version) {
		return errors.New(errors.ErrTLSHandshake, "The server chose "+versionName(state.Version)+
			", which SSLEnabledProtocols does not allow.")
	}
	if state.Version == tls.VersionTLS13 && s.tls13 != nil && !slices.Contains(s.tls13, state.CipherSuite) {
		return errors.New(errors.ErrTLSHandshake, "The server chose "+tls.CipherSuiteName(state.CipherSuite)+
			", which SSLEnabledCipherSuites and SSLCipherStrength do not allow.")
	}
	if len(state.PeerCertificates) == 0 {
		return errors.New(errors.ErrNoServerCertificate, "")
	}
	chains, fault := s.verify(state)
	return s.authenticate(ctx, state.PeerCertificates, chains, fault)
}

// verify checks the certificate of the server, and returns the first fault that SSLSecurityFlags does not overlook.
func (s *security) verify(state *tls.ConnectionState) ([][]*x509.Certificate, error) {
	v := verification{presented: state.PeerCertificates, roots: s.roots, name: s.name, flags: s.settings.SecurityFlags}
	chains, err := v.run()
	if err == nil {
		err = checkSignature(s.settings, state.Version, state.PeerCertificates[0])
	}
	return chains, err
}
