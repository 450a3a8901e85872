package mqtt

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
	"github.com/iotcomponents/iot/mqtt/internal/wire"
)

// attempt is what a link needs until its transport stands. The goroutine of begin uses it without the lock.
type attempt struct {
	ctx     context.Context // ends with the attempt
	cancel  context.CancelFunc
	by      protocol.Time      // end of its time, until CONNACK
	dial    *transport.Options // how the server is reached
	options *protocol.Options  // what CONNECT says
}

// boundLocked starts the time of the attempt, which holds for all servers together.
func (l *link) boundLocked() {
	m, r := l.m, l.route
	if r.by == 0 {
		r.by = m.now() + m.connectLimitLocked()
	}
	l.attempt = &attempt{by: r.by}
	l.attempt.ctx, l.attempt.cancel = context.WithTimeout(context.Background(), r.by-m.now())
}

// shareLocked leaves each of the servers that are still to be tried an equal share of the time. What one does not need
// is the others'.
func (l *link) shareLocked() {
	a, others := l.attempt, len(l.route.rest)
	if others == 0 {
		return
	}
	now, whole := l.m.now(), a.cancel
	part := (a.by - now) / protocol.Time(others+1)
	a.by = now + part
	ctx, cancel := context.WithTimeout(a.ctx, part)
	a.ctx, a.cancel = ctx, func() {
		cancel()
		whole()
	}
}

// aimLocked says how the server is reached, as the settings are now.
func (l *link) aimLocked() {
	m, s := l.m, l.route.currentLocked()
	l.attempt.options, l.attempt.dial = l.route.options, l.dialOptionsLocked(s.Target, s.Port)
	m.settings.forgetConnection()
	m.serverCert, m.negotiated = nil, transport.Negotiated{}
	m.logLocked(logInformation, logInfo, fmt.Sprintf("Connecting to %s, port %d.", s.Host, s.Port))
}

// startLocked begins the attempt.
func (l *link) startLocked() {
	l.begun = true
	l.shareLocked()
	// Ended by: the end of the connection or of the attempt, or others who read in its place. Waited for by: whoever
	// waits for m.link to become nil.
	go l.begin(l.attempt)
}

// begin is the goroutine that connects and then becomes the reader.
func (l *link) begin(a *attempt) {
	defer a.cancel()
	m := l.m
	m.mu.Lock()
	journal, failure := m.useJournalReleasing(a.options.ClientID)
	if failure != nil {
		l.route.rest = nil // it would be the same with every server
	}
	m.mu.Unlock()
	conn, err := a.connect(failure)
	m.mu.Lock()
	l.journal = journal
	var w *wire.Wire
	if err == nil {
		w, err = l.openReleasing(conn)
	}
	m.mu.Unlock()
	if err == nil {
		w.Read()
		return
	}
	if conn != nil {
		_ = conn.Close()
	}
	l.clearUp(err)
}

// connect makes the transport stand, unless the attempt has failed before.
func (a *attempt) connect(failure error) (transport.Conn, *errors.Error) {
	if failure != nil {
		return nil, errors.FromOS(failure)
	}
	return transport.Dial(a.ctx, a.dial)
}

// openReleasing begins the protocol on a transport that stands.
func (l *link) openReleasing(conn transport.Conn) (*wire.Wire, *errors.Error) {
	m, a := l.m, l.attempt
	if a.ctx.Err() != nil { // interrupted meanwhile
		return nil, errors.Wrap(errors.ErrInterrupted, "Connect was interrupted.", a.ctx.Err())
	}
	if err := m.client.Connect(m.now(), a.options); err != nil {
		var numbered *errors.Error
		stderrors.As(err, &numbered)
		return nil, numbered
	}
	l.route.formerAck = m.client.ConnAck()
	if !l.overFirewall { // whose address is not the server's
		l.remote, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
	}
	if s := l.route.currentLocked(); l.remote == "" && !m.isRemoteHostLocked(s) {
		l.remote = s.String()
	}
	m.statusLocked(remoteHostConnected, nil)
	m.logLocked(logInformation, logInfo, "Connected to "+conn.RemoteAddr().String()+".")
	if m.logsLocked(logVerbose) {
		text := fmt.Sprintf("The connection to %s goes from %v to %v.", a.dial.Target.Host, conn.LocalAddr(),
			conn.RemoteAddr())
		m.logLocked(logVerbose, logInfo, text)
	}
	a.cancel()
	w := wire.New(&wire.Options{Owner: l, Lock: &m.mu, Client: m.client, Conn: conn, AcceptBy: a.by, Secure: l.overTLS})
	l.attempt, l.wire = nil, w
	l.traceLocked()
	w.StartReleasing()
	return w, nil
}
