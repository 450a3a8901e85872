package mqtt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// parseReference reads a Server Reference (4.11, U5-22): names with or without a port, separated by spaces, which are
// reached as the server that sends it is. What cannot be read is left out, and so is what follows the first maxServers.
func parseReference(reference string, sender server) (named []server) {
	if sender.Unix() {
		return nil // a host name says nothing to who came through the file system
	}
	for field := range strings.FieldsSeq(reference) {
		if host, port, valid := transport.SplitHost(field); valid && len(named) < maxServers {
			named = append(named, sender.beside(host, port))
		}
	}
	return unique(named)
}

// detours are what servers have said about where to go instead, and where the last connection stood.
type detours struct {
	follow   bool                // FollowServerReference
	moved    map[server][]server // 157: what took the place of a server. What is named here is not moved itself
	last     server              // the server of the last connection, which AutoReconnect tries first; zero = none
	referred []server            // what its DISCONNECT has named, which AutoReconnect tries first
	left     server              // the server that has sent it, which is tried last; zero = none
}

// forget returns to RemoteHost and RemoteHosts as they are.
func (d *detours) forget() { *d = detours{follow: d.follow} }

// restart forgets what holds for a connection and AutoReconnect only.
func (d *detours) restart() { d.last, d.referred, d.left = server{}, nil, server{} }

// stands notes that a connection stands.
func (d *detours) stands(s server) { d.last, d.referred, d.left = s, nil, server{} }

// appendCurrent appends s, or what took its place.
func (d *detours) appendCurrent(list []server, s server) []server {
	if successors := d.moved[s]; d.follow && len(successors) > 0 {
		return append(list, successors...)
	}
	return append(list, s)
}

// leftLast moves the server that has sent us away to the end.
func (d *detours) leftLast(list []server) []server {
	if i := slices.Index(list, d.left); i >= 0 {
		return append(slices.Delete(list, i, i+1), d.left)
	}
	return list
}

// noteMoved notes that successors have taken the place of s. How many servers say so is bounded: what comes beyond it
// holds for the attempt only.
func (d *detours) noteMoved(s server, successors []server) {
	if d.moved == nil {
		d.moved = make(map[server][]server)
	}
	for _, successor := range successors { // who is named is a server again, whatever it has said before
		delete(d.moved, successor)
	}
	for from, to := range d.moved {
		if i := slices.Index(to, s); i >= 0 {
			d.moved[from] = unique(slices.Replace(slices.Clone(to), i, i+1, successors...))
		}
	}
	if len(d.moved) < maxServers {
		d.moved[s] = successors
	}
}

// farewellOfLocked returns the reason and the Server Reference with which a server has sent l away; ok false = it has
// not.
func (m *MQTT) farewellOfLocked(l *link) (reason packet.ReasonCode, reference string, ok bool) {
	if end := m.client.End(); l.wire != nil && end.ByServer {
		reason, reference = end.Disconnect.Reason, end.Disconnect.ServerReference
	} else if ack := m.refusalLocked(l); ack != nil {
		text, _ := ack.Properties.Bytes(packet.PropServerReference)
		reason, reference = ack.Reason, string(text)
	}
	return reason, reference, reason == packet.UseAnotherServer || reason == packet.ServerMoved
}

// refusalLocked is the CONNACK with which the server has refused the attempt; nil if it has not.
func (m *MQTT) refusalLocked(l *link) *protocol.ConnAck {
	ack := m.client.ConnAck()
	if l.wire == nil || l.stood || ack == nil || ack == l.route.formerAck || ack.Reason == packet.Success {
		return nil
	}
	return ack
}

// sentAwayLocked takes note of a server that has sent us away, and returns the servers that it names instead: none
// unless the setting FollowServerReference is on.
func (m *MQTT) sentAwayLocked(sender server, reason packet.ReasonCode, reference string) []server {
	d := &m.hosts.detours
	said := fmt.Sprintf("%v answers with %d (%s)", sender, reason, packet.ReasonName(packet.DISCONNECT, reason))
	if reference == "" {
		m.logLocked(logInformation, logReconnect, said+" and names no other server.")
		return nil
	}
	if !d.follow {
		m.logLocked(logInformation, logReconnect, fmt.Sprintf("%s and names %s, which is not followed: "+
			"FollowServerReference is False.", said, protocol.Quote(reference)))
		return nil
	}
	isSender := func(s server) bool { return s == sender }
	named := slices.DeleteFunc(parseReference(reference, sender), isSender)
	if reason == packet.ServerMoved && len(named) > 0 {
		d.noteMoved(sender, named)
	}
	var current []server
	for _, s := range named {
		current = d.appendCurrent(current, s)
	}
	if named = slices.DeleteFunc(unique(current), isSender); len(named) == 0 {
		m.logLocked(logInformation, logReconnect, fmt.Sprintf("%s and names %s, which is no other server that can be "+
			"connected to.", said, protocol.Quote(reference)))
		return nil
	}
	m.logLocked(logInformation, logReconnect, fmt.Sprintf("%s and names %s.", said, protocol.Quote(reference)))
	return named
}

// sentAwayConnectedLocked is sentAwayLocked for a server whose connection stood: what AutoReconnect then tries first,
// and last.
func (m *MQTT) sentAwayConnectedLocked(l *link) {
	reason, reference, ok := m.farewellOfLocked(l)
	if !ok {
		return
	}
	sender := m.hosts.last
	named := m.sentAwayLocked(sender, reason, reference)
	m.hosts.last, m.hosts.referred, m.hosts.left = server{}, named, sender
}
