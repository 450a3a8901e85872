package mqtt

import (
	"fmt"
	"slices"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// route is what one Connect, or one attempt of AutoReconnect, tries: servers, one link after the other. MQTT.mu guards
// it.
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

// newRouteLocked makes the attempt and its first link. There is a server at least.
func (m *MQTT) newRouteLocked(servers []server) *link {
	r := &route{}
	r.link = &link{m: m, route: r}
	r.beginLocked(servers)
	return r.link
}

// beginLocked makes servers those that are tried.
func (r *route) beginLocked(servers []server) {
	r.tried, r.rest = nil, servers
	r.advanceLocked()
}

// advanceLocked makes the next server the one that is tried.
func (r *route) advanceLocked() {
	r.tried, r.rest = append(r.tried, r.rest[0]), r.rest[1:]
}

// currentLocked is the server that is tried.
func (r *route) currentLocked() server { return r.tried[len(r.tried)-1] }

// goOnLocked begins with the next server of an attempt that has failed with this one, if that makes sense.
func (l *link) goOnLocked(failure *errors.Error) bool {
	m, r := l.m, l.route
	if l.result != nil { // Disconnect, Interrupt, Reset or the end of a context
		return false
	}
	reason, reference, sent := m.farewellOfLocked(l)
	switch {
	case sent:
		named := m.sentAwayLocked(r.currentLocked(), reason, reference)
		if len(named) > 0 && r.hops == maxHops {
			m.logLocked(logInformation, logReconnect, fmt.Sprintf("It is not followed: servers have sent this "+
				"attempt elsewhere %d times.", r.hops))
			named = nil
		}
		if len(named) > 0 {
			r.hops++
		}
		r.rest = slices.DeleteFunc(unique(append(named, r.rest...)),
			func(s server) bool { return slices.Contains(r.tried, s) })
	case l.wire != nil && m.isFinalLocked(l, m.client.End(), false):
		return false
	}
	if len(r.rest) == 0 || m.now() >= r.by {
		return false
	}
	r.advanceLocked()
	m.logLocked(logInformation, logReconnect, fmt.Sprintf("Going on with %v. The reason: %s", r.currentLocked(),
		failure.Error()))
	next := &link{m: m, route: r, automatic: l.automatic, insideHandler: l.insideHandler}
	r.link, m.link = next, next
	next.boundLocked()
	next.aimLocked()
	next.startLocked()
	return true
}

// verdictLocked is the error of an attempt whose last server has failed.
func (r *route) verdictLocked(failure *errors.Error) *errors.Error {
	if len(r.tried) == 1 {
		return failure
	}
	return failure.Explained("", fmt.Sprintf("It is the last of %d servers that were tried, %v.", len(r.tried),
		r.currentLocked()))
}

// isFinalLocked reports whether another attempt would be refused too. One that the server has refused for its
// credentials makes sense with others alone.
func (m *MQTT) isFinalLocked(l *link, end *protocol.End, otherCredentials bool) bool {
	var retry packet.Retry
	var reason packet.ReasonCode
	if end.ByServer {
		reason = end.Disconnect.Reason
		retry, _ = packet.RetryAfter(packet.V5, packet.DISCONNECT, reason)
	} else if ack := m.refusalLocked(l); ack != nil {
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
	case reason == packet.ServerMoved && m.hasOthersLocked(l):
		return false
	}
	return retry == packet.Final || retry == packet.WithCredentials && !otherCredentials
}

// hasOthersLocked reports whether AutoReconnect would try other servers than the one that has sent l away.
func (m *MQTT) hasOthersLocked(l *link) bool {
	sender := m.hosts.left
	if !l.stood {
		sender = l.route.currentLocked()
	}
	servers, err := m.serversLocked()
	return err == nil && slices.ContainsFunc(servers, func(s server) bool { return s != sender })
}
