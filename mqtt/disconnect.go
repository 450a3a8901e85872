package mqtt

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// DisconnectProperties are the v5 properties of DisconnectWith.
type DisconnectProperties struct {
	SessionExpInterval *int // seconds; nil = not sent, so that the zero value never ends a session
	ReasonString       string
	UserProperties     []UserProperty
}

// Disconnect ends the connection in order: what was accepted for sending is written, with DisconnectWait its
// acknowledgments are waited for, then comes DISCONNECT, so that the server discards the will, then the connection is
// closed. In v5 DisconnectReasonCode and DisconnectProperties say what DISCONNECT carries. With CleanSession the
// exchanges that are not complete are dropped, unless JournalDir is set, and OnError tells each message of ours with
// 212; without they stay in OutgoingMessages and IncomingMessages for the next Connect. While connecting it ends the
// attempt. It also ends AutoReconnect's waiting for the next attempt; otherwise it does nothing on an idle component.
//
// When it was called inside a handler and has returned, OnMessageIn fires no more for messages of QoS 0 and 1 of that
// connection: those of QoS 1 are not acknowledged, and the server sends them again if the session lasts. Messages of
// QoS 2 that the server has handed over still come.
//
// Errors:
//   - [errors.ErrTimeout] (201): the packets could not be written within Timeout; the connection is closed
//   - [errors.ErrProtocol] (500): DisconnectProperties asks for a session expiry that CONNECT rules out; the connection
//     stands
//   - [errors.ErrMessageTooLong] (10040): the server's Maximum Packet Size leaves no room for reason code and session
//     expiry; the connection stands
func (m *MQTT) Disconnect() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.disconnectReleasing(packet.ReasonCode(m.settings.disconnectReasonCode), m.settings.disconnect.encode())
}

// DisconnectWith is Disconnect with a reason code and properties of its own instead of the settings; 3.1.1 has neither
// and ignores them.
//
// Errors: those of Disconnect, and
//   - [errors.ErrInvalidArgument] (10022): the reason code is none that a client may send (0, 4, 128 to 131, 144 and
//     147 to 153 are possible), or a property is not valid
func (m *MQTT) DisconnectWith(reasonCode int, p DisconnectProperties) error {
	if err := checkDisconnectReason(reasonCode); err != nil {
		return err
	}
	var properties packet.Properties
	if p.SessionExpInterval != nil {
		if v := int64(*p.SessionExpInterval); v < 0 || v > math.MaxUint32 {
			return errors.New(errors.ErrInvalidArgument,
				fmt.Sprintf("SessionExpInterval is %d; 0 to %d are possible.", v, int64(math.MaxUint32)))
		}
		properties = properties.AppendUint(packet.PropSessionExpiryInterval, uint32(*p.SessionExpInterval))
	}
	properties, err := appendExplanation(properties, p.ReasonString, p.UserProperties)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.disconnectReleasing(packet.ReasonCode(reasonCode), properties)
}

// disconnectReasons returns the reason codes that a client may send in DISCONNECT, in ascending order.
func disconnectReasons() []int64 {
	var codes []int64
	for _, c := range packet.Reasons(packet.DISCONNECT, packet.FromClient) {
		codes = append(codes, int64(c))
	}
	return codes
}

func checkDisconnectReason(code int) error {
	possible := disconnectReasons()
	if slices.Contains(possible, int64(code)) {
		return nil
	}
	return errors.New(errors.ErrInvalidArgument,
		fmt.Sprintf("Reason code %d; a client may send %s.", code, spans(possible)))
}

// spans renders numbers in ascending order with "to" between those that follow each other: "0, 4, 128 to 131".
func spans(numbers []int64) string {
	var list []string
	for i := 0; i < len(numbers); {
		first, last := i, i
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		text := strconv.FormatInt(numbers[first], 10)
		if last > first {
			text += " to " + strconv.FormatInt(numbers[last], 10)
		}
		list, i = append(list, text), last+1
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// awaitAcknowledgedReleasing waits until the server has taken what was accepted, for as long as DisconnectWait says. No
// events are fired meanwhile.
func (m *MQTT) awaitAcknowledgedReleasing() {
	l, until := m.link, m.now()+secondsOf(m.settings.disconnectWait)
	m.patient++
	defer func() { m.patient-- }()
	m.resumeReadingLocked()
	for m.link == l && m.client.Phase() == protocol.Connected && m.client.AcceptedBytes() > 0 && m.now() < until {
		m.sleepReleasing(until, false)
	}
}

// disconnectReleasing ends the connection.
func (m *MQTT) disconnectReleasing(reason packet.ReasonCode, p packet.Properties) error {
	if m.pump.taken && insideHandler() {
		m.muted.Store(m.client.Connection())
	}
	m.awaitAcknowledgedReleasing()
	m.reconnect.stopLocked()
	if msg := m.pump.delivering; msg != nil && !msg.Journaled() && m.pump.taken && insideHandler() {
		m.client.Settle(msg) // nothing is acknowledged after DISCONNECT
	}
	l := m.link
	if l == nil || !l.stood {
		m.client.DropRequests(false)
	}
	if l == nil {
		m.wakeLocked() // a Connect may wait for the next attempt
		return nil
	}
	stands := m.client.Phase() == protocol.Connected // else it is ending by itself, and what it has lost is no news
	if !l.stood {
		l.abortLocked(errors.New(errors.ErrInterrupted, "The attempt was ended by Disconnect."))
	} else {
		if timeout := time.Duration(m.properties.timeout) * time.Second; timeout > 0 {
			l.wire.SetPatienceLocked(timeout)
		}
		if err := m.client.Disconnect(reason, p); err != nil {
			return err
		}
		l.wire.SettleLocked()
	}
	m.closeDownReleasing(l)
	if stands && l.wire.WriteErrLocked() != nil {
		return errors.Wrap(errors.ErrTimeout, "The last packets could not be written.", l.wire.WriteErrLocked())
	}
	return nil
}

// closeDownReleasing waits until the link is gone, then fires what that brought.
func (m *MQTT) closeDownReleasing(l *link) {
	// No events are fired while the connection closes: what they would acknowledge could not be acknowledged any more.
	m.waitForEndReleasing(l)
	m.firePendingReleasing()
}

// waitForEndReleasing waits until the link is gone. It takes no longer than the last packets may take to be written. An
// attempt that still asks BeforeConnect ends by itself when that is answered; the caller may be the handler.
func (m *MQTT) waitForEndReleasing(l *link) {
	for m.link == l && l.begun {
		m.sleepReleasing(protocol.Never, false)
	}
}

// Interrupt ends whatever the component does: a blocking method returns error 301, a connection or attempt is closed
// without DISCONNECT, so that the server publishes the will. It may be called from any goroutine and does not wait.
func (m *MQTT) Interrupt() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interrupts++
	m.reconnect.stopLocked()
	if l := m.link; l != nil {
		l.abortLocked(errors.New(errors.ErrInterrupted, "Interrupt was called."))
	}
	if m.link == nil {
		m.client.DropRequests(true)
	}
	m.eventsQueuedLocked()
	return nil
}

// Reset closes a connection as Interrupt does, but without events, and returns properties and settings to their
// defaults. Message lists, session and queues are emptied; with JournalDir the journal of ClientId is deleted. The
// event handlers stay.
//
// Errors:
//   - [errors.ErrFileNotOpened] (302): the journal cannot be deleted, or another component uses it; everything else is
//     done
func (m *MQTT) Reset() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interrupts++
	m.reconnect.stopLocked()
	m.endLinksReleasing()
	err := m.removeJournalReleasing()
	m.endLinksReleasing()
	m.journal = nil
	background := m.background.stopLocked(m)
	m.reconnect.stopLocked()
	m.resets.Add(1)
	m.muted.Store(0)
	m.client, m.sessions, m.connections = newClient(m.epoch), transport.Sessions{}, 0
	if !m.pump.taken || insideHandler() { // nobody else is at the batch
		m.pump.next, m.pump.message = len(m.pump.batch), nil
		if !m.pump.taken {
			m.pump.end()
		}
	}
	m.setDefaultsLocked()
	m.wakeLocked()
	m.awaitBackgroundReleasing(background)
	return err
}

// endLinksReleasing ends connections and attempts until there is none.
func (m *MQTT) endLinksReleasing() {
	for m.link != nil { // while one is waited for, somebody may have begun the next
		l := m.link
		l.abortLocked(errors.New(errors.ErrInterrupted, "Reset was called."))
		m.waitForEndReleasing(l)
		if m.link == l {
			return // it has not started, and will not
		}
	}
}
