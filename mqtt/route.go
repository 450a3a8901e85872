package mqtt

import (
	"context"
	"fmt"
	"slices"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// route is an attempt to connect: the servers that it tries, one link after the other. MQTT.mu guards it.
type route struct {
	link    *link             // to the server that is tried now
	by      protocol.Time     // end of the time for the attempt
	options *protocol.Options // what CONNECT says, to every server the same
	rest    []server          // not tried yet, in this order
	tried   []server
	hops    int // how often a server has sent it elsewhere

	formerAck *protocol.ConnAck // what came last before the link's own
}

// maxHops bounds how often one attempt goes where servers send it.
const maxHops = 5

// newRoute makes the attempt and its first link. There is a server at least.
func (m *MQTT) newRoute(servers []server) *link {
	r := &route{}
	r.link = &link{m: m, route: r}
	r.begin(servers)
	return r.link
}

// begin makes servers those that are tried.
func (r *route) begin(servers []server) {
	r.tried, r.rest = nil, servers
	r.advance()
}

// advance makes the next server the one that is tried.
func (r *route) advance() {
	r.tried, r.rest = append(r.tried, r.rest[0]), r.rest[1:]
}

// current is the server that is tried.
func (r *route) current() server { return r.tried[len(r.tried)-1] }

// aim says how the server is reached, as the settings are now. The lock is held.
func (l *link) aim() {
	m, s := l.m, l.route.current()
	l.options, l.dial = l.route.options, l.dialOptions(s.Target, s.Port)
	m.settings.forgetConnection()
	m.serverCert, m.negotiated = nil, transport.Negotiated{}
	m.log(logInformation, logInfo, fmt.Sprintf("Connecting to %s, port %d.", s.Host, s.Port))
}

// bound starts the time of the attempt, which holds for all servers together. The lock is held.
func (l *link) bound() {
	m, r := l.m, l.route
	if r.by == 0 {
		r.by = m.now() + m.connectLimit()
	}
	l.connectBy = r.by
	l.ctx, l.cancel = context.WithTimeout(context.Background(), r.by-m.now())
}

// share leaves each of the servers that are still to be tried an equal share of the time. What one does not need is the
// others'. The lock is held.
func (l *link) share() {
	others := len(l.route.rest)
	if others == 0 {
		return
	}
	now, whole := l.m.now(), l.cancel
	part := (l.connectBy - now) / protocol.Time(others+1)
	l.connectBy = now + part
	ctx, cancel := context.WithTimeout(l.ctx, part)
	l.ctx, l.cancel = ctx, func() {
		cancel()
		whole()
	}
}

// goOn begins with the next server of an attempt that has failed with this one, if that makes sense. The lock is held.
func (l *link) goOn(failure *errors.Error) bool {
	m, r := l.m, l.route
	if l.result != nil { // Disconnect, Interrupt, Reset or the end of a context
		return false
	}
	reason, reference, sent := m.farewellOf(l)
	switch {
	case sent:
		named := m.sentAway(r.current(), reason, reference)
		if len(named) > 0 && r.hops == maxHops {
			m.log(logInformation, logReconnect, fmt.Sprintf("It is not followed: servers have sent this attempt elsewhere %d times.", r.hops))
			named = nil
		}
		if len(named) > 0 {
			r.hops++
		}
		r.rest = slices.DeleteFunc(unique(append(named, r.rest...)), func(s server) bool { return slices.Contains(r.tried, s) })
	case l.conn != nil && m.isFinal(l, m.client.End(), false):
		return false
	}
	if len(r.rest) == 0 || m.now() >= r.by {
		return false
	}
	r.advance()
	m.log(logInformation, logReconnect, fmt.Sprintf("Going on with %v. The reason: %s", r.current(), failure.Error()))
	next := &link{m: m, route: r, automatic: l.automatic, insideHandler: l.insideHandler}
	r.link, m.link = next, next
	next.bound()
	next.aim()
	next.start()
	return true
}

// verdict is the error of an attempt whose last server has failed. The lock is held.
func (r *route) verdict(failure *errors.Error) *errors.Error {
	if len(r.tried) == 1 {
		return failure
	}
	return failure.Explained("", fmt.Sprintf("It is the last of %d servers that were tried, %v.", len(r.tried), r.current()))
}

// isFinal reports whether another attempt would be refused too. One that the server has refused for its credentials makes
// sense with others alone. The lock is held.
func (m *MQTT) isFinal(l *link, end *protocol.End, otherCredentials bool) bool {
	var retry packet.Retry
	var reason packet.ReasonCode
	if end.ByServer {
		reason = end.Disconnect.Reason
		retry, _ = packet.RetryAfter(packet.V5, packet.DISCONNECT, reason)
	} else if ack := m.refusal(l); ack != nil {
		reason = ack.Reason
		retry, _ = packet.RetryAfter(ack.Version, packet.CONNACK, reason)
	} else {
		return false
	}
	switch {
	case slices.Contains(m.settings.reconnectOn, int(reason)):
		return false
	case slices.Contains(m.settings.reconnectOn, -int(reason)):
		return true
	case reason == packet.ServerMoved && m.hasOthers(l):
		return false
	}
	return retry == packet.Final || retry == packet.WithCredentials && !otherCredentials
}

// hasOthers reports whether AutoReconnect would try other servers than the one that has sent l away. The lock is held.
func (m *MQTT) hasOthers(l *link) bool {
	sender := m.hosts.left
	if !l.stood {
		sender = l.route.current()
	}
	servers, err := m.servers()
	return err == nil && slices.ContainsFunc(servers, func(s server) bool { return s != sender })
}
