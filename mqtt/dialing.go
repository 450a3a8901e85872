package mqtt

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// The texts of ConnectionStatusEventArgs.ConnectionEvent.
const (
	firewallConnected      = "Firewall connection complete."
	sslConnected           = "SSL handshake complete."
	remoteHostConnected    = "Remote host connection complete."
	remoteHostDisconnected = "Remote host disconnected."
	sslDisconnected        = "SSL connection broken."
	firewallDisconnected   = "Firewall host disconnected."
)

// stageEvents are the events that tell the end of a stage of connecting.
var stageEvents = map[transport.Stage]string{
	transport.StageTCP: remoteHostConnected, transport.StageFirewall: firewallConnected,
	transport.StageTLS: sslConnected, transport.StageWebSocket: remoteHostConnected,
}

// dialOptionsLocked gives transport what it needs to connect and to tell how that proceeds.
func (l *link) dialOptionsLocked(target transport.Target, port int) *transport.Options {
	m := l.m
	o := &transport.Options{
		Target: target, Port: port, Socket: m.settings.socket, Firewall: *m.firewall, TLS: m.settings.tls,
		WebSocketHeaders: m.settings.webSocketHeaders, AnySubprotocol: m.settings.anySubprotocol, DialContext: m.dial,
		Sessions: &m.sessions,
		Trace: transport.Trace{
			Resolved:  l.resolved,
			Tried:     l.tried,
			Stage:     l.stageEnded,
			Handshake: l.secured,
			SSLStatus: l.sslStatus,
			Note:      l.note,
		},
	}
	if m.handlers.authenticates {
		o.Authenticate = l.authenticate
	}
	return o
}

func list(addresses []netip.Addr) string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

// The functions below are called by transport, without the lock.

func (l *link) resolved(host string, addresses []netip.Addr) {
	l.note(logVerbose, fmt.Sprintf("%s is %s.", host, list(addresses)))
}

func (l *link) tried(address string, err error) {
	if err != nil {
		l.note(logVerbose, fmt.Sprintf("%s does not answer: %v", address, err))
	}
}

// sslStatus queues SSLStatus. With LogSSLPackets there is one for each record, also for those that leave while nobody
// pumps: beyond the bound of events they are left out.
func (l *link) sslStatus(message string) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if !l.m.overfullLocked() {
		l.m.client.PushOwner(&SSLStatusEventArgs{Message: message}, len(message))
		l.m.eventsQueuedLocked()
	}
}

func (l *link) note(level int, text string) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.logLocked(level, logInfo, text)
	l.m.eventsQueuedLocked()
}

// stageEnded tells the end of a stage. That of the last one, when all is well, is told by openReleasing.
func (l *link) stageEnded(s transport.Stage, err *errors.Error) {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	event := stageEvents[s]
	if err != nil || event != remoteHostConnected {
		m.statusLocked(event, err)
	}
	if err == nil {
		l.overFirewall = l.overFirewall || s == transport.StageFirewall
		l.overTLS = l.overTLS || s == transport.StageTLS
		if s != transport.StageTCP { // which is told with both addresses
			m.logLocked(logVerbose, logInfo, "Done: "+s.String()+".")
		}
	} else {
		m.logLocked(logVerbose, logInfo, "Failed: "+s.String()+".")
	}
	m.eventsQueuedLocked()
}

func (l *link) secured(h *transport.Handshake) {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.negotiated, m.serverCert = h.Negotiated, h.Server
	text := fmt.Sprintf("%s with %s, key exchange %s", h.Negotiated.Version, h.Negotiated.CipherSuite,
		h.Negotiated.KeyExchange)
	if h.Resumed {
		text += ", resumed"
	}
	if h.ALPN != "" {
		text += ", protocol " + h.ALPN
	}
	m.logLocked(logVerbose, logInfo, text+".")
	m.eventsQueuedLocked()
}

// authenticate asks SSLServerAuthentication and waits for the pump, no longer than the attempt may take; without an
// answer the server is not accepted. A Connect inside a handler cannot wait for its own pump: there the verification
// decides, and an answer of the handler that does not accept ends the connection.
func (l *link) authenticate(ctx context.Context, c *transport.ServerCertificate) bool {
	m := l.m
	args := &SSLServerAuthenticationEventArgs{
		CertEncoded: string(c.Encoded), CertEncodedB: c.Encoded, CertSubject: c.Subject, CertIssuer: c.Issuer,
		Status: c.Status, Accept: c.Accept,
	}
	answer := make(chan bool, 1)
	m.mu.Lock()
	later := l.insideHandler
	m.client.PushOwner(&question{authenticate: args, answered: func() {
		answer <- args.Accept
		if later && c.Accept && !args.Accept {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.link == l {
				l.abortLocked(errors.New(errors.ErrCertificateRejected, "SSLServerAuthentication did not accept the "+
					"certificate of "+c.Subject+"."))
			}
		}
	}}, 2*len(c.Encoded))
	m.eventsQueuedLocked()
	m.mu.Unlock()
	if later {
		return c.Accept
	}
	select {
	case accept := <-answer:
		return accept
	case <-ctx.Done():
		return false
	}
}
