package mqtt

import (
	"fmt"
	"strings"
	"time"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// PublishData publishes data on topic with QoS 0, 1 or 2. The settings Retain, Duplicate and in v5 TopicAlias,
// ResponseTopic, OutgoingMessageProperties and OutgoingUserProp shape the message. It returns when the message is
// accepted for sending and never waits for the server's acknowledgment: that is told by MessageAck and MessageOut. data
// may be changed afterwards.
//
// A QoS 1 or 2 message that was accepted is kept until it is acknowledged, over connections too: from the first time
// that it is sent it is in OutgoingMessages. While the server's Receive Maximum is used up it waits in order, and with
// the setting QueueMessages a message is also accepted without a connection and waits for one: until then the setting
// QueuedMessages counts it, and OutgoingMessages does not have it, as documented. With the setting JournalDir it is on
// disk when the call returns. What a v5 server refuses ends with Error and with MessageAck, whose ResponseCode is 128
// or more, and has no MessageOut. A QoS 0 message ends with MessageOut when it was written; it is lost, without
// MessageOut, when its connection ends before.
//
// In version 5 a message with MessageExpInterval that waits gets older: what is sent has the time taken off, and one
// that has expired is not sent; OnError tells it with error 201. With QueueFullPolicy DropOldest the oldest message
// that waits makes room for the new one; OnError tells it with error 10055.
//
// A large QoS 0 message is written while the call lasts, for a tenth of a second at most, if OnMessageOut is nil and
// nothing waits before it; what is left then is copied. With Timeout 0 the call does not wait for that.
//
// Errors; not sent:
//   - [errors.ErrNotConnected] (212): there is no connection
//   - [errors.ErrInvalidTopicName] (502): the topic is not valid
//   - [errors.ErrInvalidQoS] (505): the QoS does not exist, or is more than the server takes
//   - [errors.ErrProtocol] (500): Retain, or a topic alias, which the server does not take
//   - [errors.ErrMalformedMessage] (504): the payload is not what PayloadFormatIndicator says
//   - [errors.ErrMessageTooLong] (10040): the packet is larger than MQTT or the server allows
//   - [errors.ErrPacketIdsExhausted] (501): all packet identifiers are in use
//   - [errors.ErrTimeout] (201): there was no room within Timeout
//   - [errors.ErrInterrupted] (301): interrupted while waiting for room
//   - [errors.ErrFileNotOpened] (302): the journal of JournalDir cannot be written
//   - [errors.ErrWrongState] (211): the journal belongs to another ClientId
//   - [errors.ErrWouldBlock] (10035): there is no room, with Timeout 0 and ReadyToSend False, or for a QoS 0 message
//     without a connection
//
// Errors; kept and will be sent:
//   - [errors.ErrWouldBlock] (10035): there is no room, with Timeout 0 and ReadyToSend True until this call
//
// So error 10035 has two meanings with Timeout 0, as documented: the message that meets the full buffer while
// ReadyToSend is True was accepted and needs no action to be sent. ReadyToSend is False from then on, and as long as it
// is, a further message is refused. OnReadyToSend fires when there is room again.
func (m *MQTT) PublishData(topic string, qos int, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.publishBySettingsReleasing(&protocol.Publish{Topic: topic, Payload: data, QoS: qos})
	return err
}

// PublishMessage is PublishData with a text, which is encoded with the setting CodePage.
//
// Errors; not sent: those of PublishData, and
//   - [errors.ErrCodePage] (434): a character that the page lacks
func (m *MQTT) PublishMessage(topic string, qos int, message string) error {
	payload, err := m.encodeText(message)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.publishBySettingsReleasing(&protocol.Publish{Topic: topic, Payload: payload, Owned: true, QoS: qos})
	return err
}

// PublishWith is PublishData with properties of its own, which replace Retain and all settings of outgoing messages for
// this call. It returns the packet identifier, 0 for QoS 0.
func (m *MQTT) PublishWith(topic string, qos int, data []byte, p PublishProperties) (packetId int, err error) {
	publish, err := p.publish(topic, qos, data)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	msg, err := m.publishReleasing(&publish)
	if msg == nil {
		return 0, err
	}
	return int(msg.ID), err // with error 10035 a message may have been accepted
}

// PublishAndWait is PublishData that waits for the end of the exchange, PublishAndWaitTimeout seconds at most (10 by
// default), firing events meanwhile: QoS 0 until it is sent, QoS 1 until PUBACK, QoS 2 until PUBCOMP.
//
// Errors; not sent: those of PublishData.
//
// Errors; kept and will be sent, if need be on another connection:
//   - [errors.ErrTimeout] (201): the time is over: the message stays in OutgoingMessages
//   - [errors.ErrNotConnected] (212): the connection was lost, with QoS 1 and 2 only while AutoReconnect is False
//
// Errors; may have been sent:
//   - [errors.ErrInterrupted] (301): interrupted while waiting
//   - [errors.ErrTimeout] (201): the message was given up (RepublishAttempts, RepublishTimeout)
//   - [errors.ErrNotConnected] (212): a QoS 0 message whose connection was lost, or Disconnect has dropped the message
//   - [errors.ErrProtocol] (500): the server has refused it, with its code in errors.Error.ReasonCode
//
// A message that QueueMessages had accepted and that the server turns out not to take fails as it would have failed on
// the connection.
func (m *MQTT) PublishAndWait(topic string, qos int, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.publishAndWaitReleasing("PublishAndWait", &protocol.Publish{Topic: topic, Payload: data, QoS: qos},
		m.publishBySettingsReleasing)
}

// PublishAndWaitWith is PublishAndWait with properties of its own, which replace Retain and all settings of outgoing
// messages for this call.
func (m *MQTT) PublishAndWaitWith(topic string, qos int, data []byte, p PublishProperties) error {
	publish, err := p.publish(topic, qos, data)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.publishAndWaitReleasing("PublishAndWaitWith", &publish, m.publishReleasing)
}

// publishAndWaitReleasing publishes with accept and waits for the end of the exchange.
func (m *MQTT) publishAndWaitReleasing(method string, p *protocol.Publish,
	accept func(*protocol.Publish) (*protocol.Message, error),
) error {
	start, interrupts, qos := m.now(), m.interrupts, p.QoS
	p.Awaited = true
	msg, err := accept(p)
	if msg == nil {
		return err // with error 10035 a message may have been accepted, which is waited for
	}
	client := m.client // Reset makes another one
	defer func() { client.Release(msg) }()
	l := &limit{start: start, timeout: secondsOf(m.settings.publishAndWaitTimeout), what: method}
	bound := !m.reconnect.wanted || qos == 0 // the end of its connection is the end of waiting
	err = m.awaitReleasing(l, func() bool {
		return msg.Done || m.interrupts != interrupts ||
			bound && client.Lost(msg)
	})
	if err != nil {
		return err
	}
	m.firePendingReleasing()
	switch {
	case !msg.Done && m.interrupts != interrupts:
		return errors.New(errors.ErrInterrupted, method+" was interrupted.")
	case !msg.Done && qos == 0:
		return errors.New(errors.ErrNotConnected, "The connection was lost before the message was sent.")
	case !msg.Done:
		return errors.New(errors.ErrNotConnected, fmt.Sprintf("The connection was lost before message %d was "+
			"acknowledged; it stays in OutgoingMessages.", msg.ID))
	case msg.Failure != nil:
		return msg.Failure
	case msg.Refused:
		return refused(packet.PUBACK, msg.Outcome, fmt.Sprintf("message %d", msg.ID))
	}
	return nil
}

// refused is the error of what the server has refused with a reason code.
func refused(by packet.Type, reason packet.ReasonCode, what string) *errors.Error {
	return errors.Refused(int(reason), fmt.Sprintf("The server refused %s: %d (0x%02X) %s.", what, reason,
		uint8(reason), packet.ReasonName(by, reason)))
}

// publishBySettingsReleasing publishes with the settings of outgoing messages.
func (m *MQTT) publishBySettingsReleasing(p *protocol.Publish) (*protocol.Message, error) {
	s := &m.settings
	p.Retain, p.Dup = s.retain, s.duplicate
	if m.properties.version == MvV5 {
		p.Alias, p.Properties = s.outgoing.alias(), s.outgoing.encoded()
	}
	return m.publishReleasing(p)
}

// publishReleasing waits for room and accepts the message. With Timeout 0 the message that finds no room is accepted
// all the same, and returned together with error 10035.
func (m *MQTT) publishReleasing(p *protocol.Publish) (*protocol.Message, error) {
	if p.Ages = m.properties.version == MvV5 && len(p.Properties) > 0; p.Ages {
		m.client.SetNow(m.now())
	}
	if m.congestedLocked(p.QoS) && !m.makeRoomLocked(p) || m.blockedLocked() {
		wouldBlock, err := m.awaitRoomReleasing(p)
		if err != nil {
			return nil, err
		}
		if wouldBlock {
			m.readyToSend = false // before the lock is released on the way, so that there is one such message
			msg, err := m.acceptReleasing(p)
			if err != nil {
				m.readyToSend = m.client.Phase() == protocol.Connected
				return nil, err
			}
			return msg, errors.New(errors.ErrWouldBlock, "The message was accepted and leaves as soon as there is "+
				"room; do not publish it again. Until OnReadyToSend fires no other one is accepted.")
		}
	}
	if len(p.Payload) >= protocol.DirectPayload && !p.Owned {
		if m.mayWriteLargeLocked(p) {
			return nil, m.writeLargeReleasing(p)
		}
		return m.publishLargeReleasing(p)
	}
	return m.acceptReleasing(p)
}

// blockedLocked reports whether error 10035 was returned and ReadyToSend has not fired since. A program that waits for
// room needs no event for it.
func (m *MQTT) blockedLocked() bool {
	return m.properties.timeout == 0 && !m.readyToSend && m.client.Phase() == protocol.Connected
}

// acceptReleasing accepts the message, whatever waits already.
func (m *MQTT) acceptReleasing(p *protocol.Publish) (*protocol.Message, error) {
	// One that is copied here is told like any other, and shows the copy.
	p.Untold = m.untoldLocked() && (p.Owned || len(p.Payload) < protocol.DirectPayload)
	var msg *protocol.Message
	var err error
	if p.QoS > 0 && m.settings.journalDir != "" {
		msg, err = m.publishJournaledReleasing(p)
	} else {
		msg, err = m.client.Publish(p)
	}
	if err != nil {
		return nil, err
	}
	switch w := m.wireLocked(); {
	case w == nil:
	case w.SingleLocked(p.QoS) && !m.mustCommitLocked():
		w.WriteDirectReleasing()
	default:
		w.WakeWriterLocked()
	}
	if w := m.wireLocked(); w != nil && p.Ages {
		w.ScheduleLocked() // it may expire while it waits
	}
	return msg, nil
}

// publishLargeReleasing copies a large payload without the lock, since others need not wait for that, and then looks
// for room again, which others may have taken meanwhile.
func (m *MQTT) publishLargeReleasing(p *protocol.Publish) (*protocol.Message, error) {
	if err := protocol.CheckPublish(p); err != nil {
		return nil, err
	}
	kept := *p
	m.released(func() { kept.Payload, kept.Owned = append([]byte(nil), p.Payload...), true })
	return m.publishReleasing(&kept)
}

// untoldLocked reports whether MessageOut has no handler. While one runs it may set that of MessageOut, which is not
// looked at then.
func (m *MQTT) untoldLocked() bool { return !m.pump.taken && m.OnMessageOut == nil }

// mayWriteLargeLocked reports whether a large message can be written out of its caller's memory: at QoS 0 nobody needs
// it afterwards, unless MessageOut shows it.
func (m *MQTT) mayWriteLargeLocked(p *protocol.Publish) bool {
	w := m.wireLocked()
	return p.QoS == 0 && m.untoldLocked() && !p.Awaited && w != nil && w.MayWriteLargeLocked() &&
		m.client.Phase() == protocol.Connected && !m.mustCommitLocked()
}

// largePatience is how long a call that publishes a large message writes it by itself. After that what is left is
// copied, and the writer goes on. With Timeout 0 no call waits at all.
const largePatience = 100 * time.Millisecond

// writeLargeReleasing publishes a large message and writes it out of its caller's memory, in the writer's place.
func (m *MQTT) writeLargeReleasing(p *protocol.Publish) error {
	p.Owned, p.Untold = true, true // nobody changes it until the call returns
	if _, err := m.client.Publish(p); err != nil {
		return err
	}
	var patience time.Duration
	if m.properties.timeout > 0 {
		patience = largePatience
	}
	m.link.wire.WriteLargeReleasing(patience)
	return nil
}

// feedLocked fires ReadyToSend when publishing is possible again after error 10035: what was in the outgoing buffer
// then has left, and there is room for more.
func (m *MQTT) feedLocked() {
	l := m.link
	if l != nil && l.stood && !m.readyToSend && m.client.Phase() == protocol.Connected && l.wire.HasWrittenLocked() &&
		!m.congestedLocked(1) {
		m.readyToSend = true
		m.client.PushReadyToSend()
	}
}

// congestedLocked reports whether a message has to wait for room: in the outgoing buffer, in the queue behind the
// server's Receive Maximum, or among the events that wait for the pump.
func (m *MQTT) congestedLocked(qos int) bool {
	return m.cloggedLocked(qos) || m.client.Undelivered() >= maxEvents || m.client.MemoryFull(false)
}

// cloggedLocked reports whether there is no room on the way to the server.
func (m *MQTT) cloggedLocked(qos int) bool {
	return m.client.OutputFull() || m.queueFullLocked(qos)
}

// queueFullLocked reports whether too much waits already that was accepted.
func (m *MQTT) queueFullLocked(qos int) bool {
	if qos == 0 && m.client.Phase() == protocol.Connected {
		return false // it waits for nothing else
	}
	size := m.settings.sendQueueSize
	return size > 0 && m.client.HeldBack() >= size || m.client.AcceptedBytes() >= maxQueuedBytes
}

// makeRoomLocked gives up the messages that have expired and, with QueueFullPolicy=DropOldest, the oldest ones, until
// there is room for p, and reports whether there is. Each is told by an event, so that none is dropped while too many
// of those wait for the pump.
func (m *MQTT) makeRoomLocked(p *protocol.Publish) bool {
	m.client.DropExpired(m.now())
	if m.settings.dropOldest && m.client.MayPublish(p) == nil {
		for m.queueFullLocked(p.QoS) && m.client.Undelivered() < maxEvents && !m.client.MemoryFull(false) {
			if !m.client.DropOldest() {
				break
			}
		}
	}
	m.eventsQueuedLocked()
	return !m.congestedLocked(p.QoS)
}

// The values of QueueFullPolicy.
const (
	policyRefuse     = "Refuse"
	policyDropOldest = "DropOldest"
)

func (m *MQTT) queueFullPolicyLocked() string {
	if m.settings.dropOldest {
		return policyDropOldest
	}
	return policyRefuse
}

func (m *MQTT) setQueueFullPolicyLocked(value string) error {
	drop := strings.EqualFold(value, policyDropOldest)
	if !drop && !strings.EqualFold(value, policyRefuse) {
		return config.Reason(policyRefuse + " and " + policyDropOldest + " are possible")
	}
	m.settings.dropOldest = drop
	return nil
}

// maxQueuedBytes bounds the memory of the messages that wait for a connection, for the server's Receive Maximum or for
// its acknowledgment, of which it may make us wait for 65,535: topic, payload, properties and 256 bytes for each
// message; the last one may exceed it.
const maxQueuedBytes = 64 << 20

// awaitRoomReleasing waits until there is room for p. What cannot succeed fails at once. wouldBlock is for the first
// message that finds no room with Timeout 0: as documented, it needs no action to be sent.
func (m *MQTT) awaitRoomReleasing(p *protocol.Publish) (wouldBlock bool, err error) {
	if err := protocol.CheckPublish(p); err != nil {
		return false, err
	}
	link, queueing := m.link, m.settings.queueMessages
	standing := link != nil && m.client.Phase() == protocol.Connected
	if !standing && !queueing {
		return false, nil // Publish refuses it
	}
	if !standing && p.QoS == 0 {
		return false, errors.New(errors.ErrWouldBlock, "The message was not accepted: there is no connection, and no "+
			"room for more until there is one or the pump runs.")
	}
	inside := m.pump.taken && insideHandler()
	if inside && !m.cloggedLocked(p.QoS) && !m.blockedLocked() {
		return false, nil // the pump is below us on the stack, so waiting for it would never end
	}
	if m.properties.timeout > 0 || m.readyToSend {
		m.logQueuesLocked("Publishing has to wait for room")
	}
	if m.properties.timeout == 0 {
		if m.readyToSend {
			return true, nil
		}
		return false, errors.New(errors.ErrWouldBlock, "The message was not accepted; OnReadyToSend tells when to "+
			"publish again.")
	}
	l := &limit{timeout: secondsOf(m.properties.timeout), activity: !m.settings.absoluteTimeout, what: "Publishing"}
	if !queueing {
		l.link = link
	}
	l.pumping = !m.cloggedLocked(p.QoS)
	interrupts := m.interrupts // which make room too
	return false, m.awaitReleasing(l, func() bool {
		return m.interrupts == interrupts && !m.cloggedLocked(p.QoS) && (inside || !m.congestedLocked(p.QoS))
	})
}
