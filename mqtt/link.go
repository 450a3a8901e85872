package mqtt

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/wire"
)

// link is one try at one server: an attempt until the transport stands, then a wire, whose owner it is.
type link struct {
	m *MQTT

	// MQTT.mu guards the rest.
	attempt               *attempt      // nil before its time begins, and again when the transport stands
	wire                  *wire.Wire    // nil until the transport stands
	begun                 bool          // else it asks BeforeConnect
	journal               *journaling   // in use as long as the link stands; nil = none
	remote                string        // the address, while connected
	route                 *route        // which it is a part of, until the server accepts it
	automatic             bool          // AutoReconnect has begun it
	takesOver             bool          // the program's own Connect, in the place of an attempt that automatic tells
	insideHandler         bool          // Connect was called inside a handler, so that the pump cannot answer it
	overFirewall, overTLS bool          // what it goes over
	stood                 bool          // the server accepted the connection
	since                 protocol.Time // when it did
	result                error         // of the attempt, when it failed
}

// overLocked reports whether the attempt or the connection has ended for the program, although goroutines of it are
// still closing it.
func (l *link) overLocked() bool {
	return l.begun && (l.result != nil || l.stood && l.m.client.Phase() == protocol.Ended)
}

// fixedLocked reports whether the properties that the attempt was made of cannot be exchanged: they can while it asks
// BeforeConnect, whose handler may bring other credentials, and when it is over.
func (l *link) fixedLocked() bool { return l.begun && !l.overLocked() }

// acceptedLocked takes over what CONNACK says.
func (l *link) acceptedLocked() {
	m := l.m
	l.stood, m.readyToSend = true, m.client.Phase() == protocol.Connected
	l.since = m.now()
	m.connections++
	m.reconnect.first = false
	m.hosts.stands(l.route.currentLocked())
	l.route = nil // a connection may stand for long
	if l.automatic {
		m.logLocked(logInformation, logReconnect, fmt.Sprintf("Connected again with attempt %d.", m.reconnect.attempt))
		m.reconnect.attempt = 0
	}
	ack := m.client.ConnAck()
	m.properties.clientID = ack.ClientID
	m.settings.noteConnAck(ack, m.client.Limits())
	m.logLocked(logInformation, logSession, fmt.Sprintf("Connected as %s; session present: %t.",
		protocol.Quote(ack.ClientID), ack.SessionPresent))
	m.logLimitsLocked()
	m.background.ensureLocked(m)
}

// abortLocked ends the attempt or the connection at once, without a packet.
func (l *link) abortLocked(err *errors.Error) {
	m := l.m
	m.client.Fail(err)
	l.result = err
	switch {
	case l.wire != nil:
		l.wire.AbortLocked()
	case l.attempt != nil:
		l.attempt.cancel()
	default: // an automatic attempt that waits for BeforeConnect
		m.link = nil
	}
}

// clearUp ends the link.
func (l *link) clearUp(failure *errors.Error) {
	m := l.m
	leaving := m.leave(l.journal)
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.journal != nil {
		m.journalOutcomeLocked(l.journal, leaving)
	}
	l.finishLocked(failure)
}

// finishLocked clears up after the attempt or the connection, and tells its end.
func (l *link) finishLocked(failure *errors.Error) {
	m := l.m
	end := m.client.End()
	if l.wire != nil {
		l.wire.CloseLocked()
		failure = end.Err
		m.client.Settings.QueueRequests = m.returnsLocked()
		m.client.Closed()
		m.statusLocked(remoteHostDisconnected, failure)
		if l.overTLS {
			m.statusLocked(sslDisconnected, failure)
		}
		if l.overFirewall {
			m.statusLocked(firewallDisconnected, failure)
		}
	}
	m.link, m.readyToSend = nil, false
	if l.stood {
		if failure != nil {
			m.client.NoteError(failure)
		}
		m.logLocked(logInformation, logInfo, "Disconnected: "+describe(failure))
		a := l.farewellArgs(end)
		m.client.PushOwner(a, len(a.Description)+len(a.ReasonString)+len(a.ServerReference)+sizeOf(a.UserProperties))
		if end.ByServer {
			m.settings.noteServerDisconnect(&end.Disconnect)
			m.sentAwayConnectedLocked(l)
		}
	} else {
		if failure == nil { // the server ended the attempt with DISCONNECT 0, or Disconnect did
			failure = errors.New(errors.ErrInterrupted, "The attempt was ended before the server accepted it.")
		}
		if l.result != nil { // the program has ended it, perhaps while a refused connection was being closed
			failure = errors.FromOS(l.result)
		}
		m.logLocked(logInformation, logInfo, "Connecting failed: "+describe(failure))
		if l.goOnLocked(failure) {
			m.eventsQueuedLocked()
			return
		}
		failure = l.route.verdictLocked(failure)
		l.result = failure
		m.client.NoteError(failure)
	}
	goesOn := m.reconnectAfterLocked(l, failure)
	if !goesOn {
		m.client.DropRequests(!end.Local)
	}
	if !goesOn && !l.stood && !l.automatic {
		m.client.PushOwner(&ConnectedEventArgs{StatusCode: failure.Code, Description: failure.Description},
			len(failure.Description))
	}
	m.eventsQueuedLocked()
}

func (l *link) farewellArgs(end *protocol.End) *DisconnectedEventArgs {
	a := &DisconnectedEventArgs{Description: ok}
	if end.Err != nil {
		a.StatusCode, a.Description = end.Err.Code, end.Err.Description
	}
	if end.ByServer {
		d := &end.Disconnect
		a.ReasonCode, a.ReasonName = int(d.Reason), packet.ReasonName(packet.DISCONNECT, d.Reason)
		a.ReasonString, a.ServerReference, a.UserProperties = d.ReasonString, d.ServerReference,
			packet.ConvertUserProperties[UserProperty](d.UserProperties)
	}
	return a
}

// The methods below are those of the owner of a wire.

func (l *link) Now() protocol.Time { return l.m.now() }

// ChangedLocked notices that the server has accepted the connection, and tells the pump and those who wait.
func (l *link) ChangedLocked() {
	if !l.stood && l.m.client.Accepted() {
		l.acceptedLocked()
	}
	l.m.eventsQueuedLocked()
}

func (l *link) WaitingLocked() bool { return l.m.arrived.waiters > 0 }

func (l *link) TickLocked(now protocol.Time) {
	m := l.m
	pings := m.client.UnansweredPings()
	m.client.Tick(now)
	if n := m.client.UnansweredPings(); n > pings && m.logsLocked(logDebug) {
		m.logLocked(logDebug, logInfo, fmt.Sprintf("Keep-alive is due: PINGREQ is sent; %d now wait for PINGRESP.", n))
	}
}

func (l *link) MustPauseLocked() protocol.Pause {
	switch {
	case l.m.overfullLocked():
		return protocol.PumpBehind
	case l.m.client.AnswersFull():
		return protocol.OutputFull
	}
	return protocol.Reading
}

func (l *link) PausedLocked(why protocol.Pause) { l.m.logPauseLocked(why) }

func (l *link) WrittenLocked() { l.m.feedLocked() }

// CommitLocked brings to the disk what the outgoing buffer follows from.
func (l *link) CommitLocked() func() error {
	file, upTo := l.m.journal.neededLocked()
	if file == nil {
		return nil
	}
	return func() error { return journalError(file.Commit(upTo)) }
}

func (l *link) FlushLocked() func() error {
	if file := l.m.journal.unwrittenLocked(); file != nil {
		return file.Flush
	}
	return nil
}

func (l *link) Ended() { l.clearUp(nil) }

// The functions below are how the component uses its wire, if it has one.

// wireLocked is the connection that stands, nil if there is none.
func (m *MQTT) wireLocked() *wire.Wire {
	if l := m.link; l != nil {
		return l.wire
	}
	return nil
}

// wakeWriterLocked starts the writer unless it is at work.
func (m *MQTT) wakeWriterLocked() {
	if w := m.wireLocked(); w != nil {
		w.WakeWriterLocked()
	}
}

// resumeReadingLocked makes the reader look whether it may go on: there is more room for events.
func (m *MQTT) resumeReadingLocked() {
	if w := m.wireLocked(); w != nil {
		w.ResumeLocked()
	}
}

// overfullLocked reports whether more events wait for the pump, and more messages for Ack, than may. While a method
// waits for the server, which the pump may be waiting for in a handler, their number does not count and their memory
// may be twice as much.
func (m *MQTT) overfullLocked() bool {
	n, _ := m.client.Pending()
	waiting := m.patient > 0
	return n+m.client.Deferred() >= maxEvents && !waiting || m.client.MemoryFull(waiting)
}
