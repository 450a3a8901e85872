package mqtt

import (
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// args are the argument structs of the frequent events, made once: they belong to a handler only while it runs, and
// one handler runs at a time.
type args struct {
	messageIn  MessageInEventArgs
	handled    MessageInEventArgs // a copy for each handler of Handle
	messageOut MessageOutEventArgs
	messageAck MessageAckEventArgs
	pubAck     PubAckEventArgs
}

// arguments returns the args, which a component that gets no messages has none of.
func (p *pump) arguments() *args {
	if p.args == nil {
		p.args = new(args)
	}
	return p.args
}

// question is an event whose handler answers. The asker waits for answered.
type question struct {
	before       *BeforeConnectEventArgs // this or
	authenticate *SSLServerAuthenticationEventArgs
	answered     func()
}

// dispatch calls the handlers of one event, for one of its messages if it has any. It is the only place where handlers
// are called, and its name on the stack is how insideHandler knows.
//
//go:noinline
func (m *MQTT) dispatch(e *protocol.Event, msg *protocol.Message) {
	switch e.Kind {
	case protocol.EventMessageIn:
		m.fireMessageIn(msg)
	case protocol.EventDeliver:
		m.deliver(e, msg)
	case protocol.EventMessageOut:
		m.fireMessageOut(msg, -1)
	case protocol.EventPublished:
		m.published(e, msg)
	case protocol.EventPubRec:
		if m.OnPubRec != nil {
			m.OnPubRec(m.pubAckArgs(packet.PUBREC, e, msg))
		}
	case protocol.EventConnAck:
		m.fireConnAck(e.Detail.(*protocol.ConnAck))
	case protocol.EventConnected:
		if m.OnConnected != nil {
			m.OnConnected(&ConnectedEventArgs{Description: ok})
		}
	case protocol.EventReadyToSend:
		if m.OnReadyToSend != nil {
			m.OnReadyToSend(&ReadyToSendEventArgs{})
		}
	case protocol.EventError:
		if err := e.Detail.(*errors.Error); m.OnError != nil {
			a := &ErrorEventArgs{ErrorCode: err.Code, Description: err.Description, ReasonCode: err.ReasonCode}
			if msg != nil {
				a.Tag = msg.Tag
			}
			m.OnError(a)
		}
	case protocol.EventSubscribed:
		m.fireSubscribed(e, e.Detail.(*protocol.SubAck))
	case protocol.EventUnsubscribed:
		m.fireUnsubscribed(e, e.Detail.(*protocol.SubAck))
	case protocol.EventPing:
		if m.OnPing != nil {
			m.OnPing(&PingEventArgs{RoundTrip: e.Detail.(time.Duration)})
		}
	case protocol.EventAuth:
		m.fireAuth(e.Detail.(*packet.Auth))
	case protocol.EventSession:
		m.fireSession(e, e.Detail.(*protocol.SessionNote))
	case protocol.EventOwner:
		m.dispatchOwn(e)
	}
}

const ok = "OK"

// dispatchOwn calls the handlers of the events that are not the protocol's.
func (m *MQTT) dispatchOwn(e *protocol.Event) {
	switch d := e.Detail.(type) {
	case *LogEventArgs:
		m.fireLog(d)
	case *ConnectionStatusEventArgs:
		if m.OnConnectionStatus != nil {
			m.OnConnectionStatus(d)
		}
	case *ConnectedEventArgs:
		if m.OnConnected != nil {
			m.OnConnected(d)
		}
	case *SSLStatusEventArgs:
		if m.OnSSLStatus != nil {
			m.OnSSLStatus(d)
		}
	case *DisconnectedEventArgs:
		m.leaveJournal() // the program may hand it over now
		if m.OnDisconnected != nil {
			m.OnDisconnected(d)
		}
	case *question:
		m.pump.begin(e, nil)
		if m.pump.begins(0) {
			switch {
			case d.before != nil && m.OnBeforeConnect != nil:
				m.OnBeforeConnect(d.before)
			case d.authenticate != nil && m.OnSSLServerAuthentication != nil:
				m.OnSSLServerAuthentication(d.authenticate)
			}
		}
		d.answered()
		m.pump.end()
	}
}

// deliver completes an inbound QoS 1 or 2 message: its acknowledgment is queued, MessageAck fires, it leaves
// IncomingMessages, MessageIn fires. Without a connection of its own there is nothing to acknowledge.
func (m *MQTT) deliver(e *protocol.Event, msg *protocol.Message) {
	p := &m.pump
	p.begin(e, msg)
	first := p.begins(0)
	ours, tell := m.beginDelivery(msg, first)
	if tell {
		m.OnMessageAck(&p.arguments().messageAck)
		m.delivered(msg)
	}
	if ours && p.begins(1) {
		m.fireMessageIn(msg)
	}
	if msg.Settling() {
		m.settled(msg)
	}
	p.end()
}

// beginDelivery acknowledges msg the first time it is called for it. tell reports whether MessageAck is to be fired,
// whose arguments are filled in, before msg leaves the list; otherwise it has left. A message that is not ours is not
// delivered.
func (m *MQTT) beginDelivery(msg *protocol.Message, first bool) (ours, tell bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ours = m.mayDeliverReleasing(msg)
	acknowledge := m.client.Acknowledge // before MessageAck, which tells that
	if ours && first && (m.OnMessageIn != nil || m.handling.Load() != nil) {
		if m.OnMessageAck == nil { // whoever gets the message may defer it
			acknowledge = m.client.AcknowledgeLater
		}
		m.pump.delivering = msg
		m.pump.deliveries++
	}
	if ours && first && acknowledge(msg) {
		if m.client.OutputSize() > 0 {
			m.wakeWriterLocked()
		}
		if tell = m.OnMessageAck != nil; tell {
			m.pump.arguments().messageAck = MessageAckEventArgs{
				PacketId: int(msg.ID), Direction: 1, Index: m.client.Incoming().Index(msg),
			}
			m.properties.receivedLast(msg.Properties)
			return ours, tell
		}
	}
	m.client.Delivered(msg)
	return ours, false
}

func (m *MQTT) delivered(msg *protocol.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client.Delivered(msg)
}

// mute reports whether the program has disconnected inside a handler, and does not expect msg of that connection any
// more: at QoS 0 it is over, and at QoS 1 it was not acknowledged, so that a session repeats it. A message of QoS 2
// that is delivered the server has handed over.
func (m *MQTT) mute(msg *protocol.Message) bool {
	return msg.QoS < 2 && msg.Connection() == m.muted.Load() && msg.Connection() != 0
}

func (m *MQTT) fireMessageIn(msg *protocol.Message) {
	if m.mute(msg) {
		return
	}
	if len(msg.Properties) > 0 || m.pump.hadProperties {
		m.mu.Lock()
		m.properties.receivedLast(msg.Properties)
		m.mu.Unlock()
		m.pump.hadProperties = len(msg.Properties) > 0
	}
	tree := m.handling.Load()
	if m.OnMessageIn == nil && tree == nil {
		return
	}
	a := &m.pump.arguments().messageIn
	a.PacketId, a.QOS, a.Retained, a.Duplicate = int(msg.ID), int(msg.QoS), msg.Retain, msg.Dup
	a.Topic, a.Message, a.MessageB = msg.Topic, decodeText(m.page.Load(), msg.Payload), msg.Payload
	if a.delivery = m.pump.deliveries; a.from == nil {
		a.from = m
	}
	if msg.QoS == 0 {
		a.PacketId = -1
	}
	if a.Properties != nil {
		a.Properties = nil
	}
	if len(msg.Properties) > 0 {
		a.Properties = publishProperties(msg)
	}
	if tree != nil && m.handle(tree, a) || m.OnMessageIn == nil {
		return
	}
	m.OnMessageIn(a)
}

func (m *MQTT) fireMessageOut(msg *protocol.Message, id int) {
	if m.OnMessageOut == nil {
		return
	}
	a := &m.pump.arguments().messageOut
	a.PacketId, a.QOS, a.Retained, a.Duplicate = id, int(msg.QoS), msg.Retain, msg.Dup
	a.Topic, a.Message, a.MessageB = msg.Topic, decodeText(m.page.Load(), msg.Payload), msg.Payload
	if a.Tag != nil || msg.Tag != nil { // nearly no message has one, and a store of a pointer costs more than a look
		a.Tag = msg.Tag
	}
	m.OnMessageOut(a)
}

// published tells the end of the exchange of an outbound QoS 1 or 2 message: the packet that ended it, MessageAck, it
// leaves OutgoingMessages, MessageOut unless it was refused.
func (m *MQTT) published(e *protocol.Event, msg *protocol.Message) {
	p := &m.pump
	p.begin(e, msg)
	if p.begins(0) {
		switch {
		case e.Answer == packet.PUBACK && m.OnPubAck != nil:
			m.OnPubAck(m.pubAckArgs(e.Answer, e, msg))
		case e.Answer == packet.PUBREC && m.OnPubRec != nil:
			m.OnPubRec(m.pubAckArgs(e.Answer, e, msg))
		case e.Answer == packet.PUBCOMP && m.OnPubComp != nil:
			m.OnPubComp(m.pubAckArgs(e.Answer, e, msg))
		}
	}
	if p.begins(1) && e.Answer != 0 && m.OnMessageAck != nil {
		p.arguments().messageAck = MessageAckEventArgs{
			PacketId: int(msg.ID), Index: m.outgoingIndex(msg), ResponseCode: int(e.Reason), Tag: msg.Tag,
		}
		m.OnMessageAck(&p.arguments().messageAck)
	}
	m.leaveOutgoing(msg)
	if p.begins(2) && !msg.Refused {
		m.fireMessageOut(msg, int(msg.ID))
	}
	p.end()
}

func (m *MQTT) outgoingIndex(msg *protocol.Message) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client.Outgoing().Index(msg)
}

func (m *MQTT) leaveOutgoing(msg *protocol.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client.Published(msg)
}

func (m *MQTT) pubAckArgs(t packet.Type, e *protocol.Event, msg *protocol.Message) *PubAckEventArgs {
	a := &m.pump.arguments().pubAck
	*a = PubAckEventArgs{
		PacketId: int(msg.ID), ReasonCode: int(e.Reason), ReasonName: packet.ReasonName(t, e.Reason),
		Tag: msg.Tag,
	}
	if answer, is := e.Detail.(*protocol.Answer); is {
		a.ReasonString, a.UserProperties = answer.ReasonString,
			packet.ConvertUserProperties[UserProperty](answer.UserProperties)
	}
	return a
}

func (m *MQTT) fireConnAck(ack *protocol.ConnAck) {
	if m.OnConnAck == nil {
		return
	}
	a := &ConnAckEventArgs{SessionPresent: ack.SessionPresent, ReasonCode: int(ack.Reason)}
	if ack.Version == packet.V311 {
		a.ReasonName = packet.ReturnCodeName(byte(ack.Reason))
	} else {
		a.ReasonName = packet.ReasonName(packet.CONNACK, ack.Reason)
		a.Properties = connAckText(ack.Properties)
	}
	m.OnConnAck(a)
}

func (m *MQTT) fireSubscribed(e *protocol.Event, ack *protocol.SubAck) {
	r := ack.Request
	m.answerTold(r)
	m.pump.begin(e, nil)
	if m.pump.begins(0) && m.OnSubAck != nil {
		m.OnSubAck(&SubAckEventArgs{
			PacketId: int(r.ID), TopicFilters: r.Filters, ReasonCodes: codes(ack.Reasons),
			ReasonString:   ack.ReasonString,
			UserProperties: packet.ConvertUserProperties[UserProperty](ack.UserProperties),
		})
	}
	for i, filter := range r.Filters {
		if !m.pump.begins(1+i) || m.OnSubscribed == nil {
			continue
		}
		a := &SubscribedEventArgs{TopicFilter: filter, ResponseCode: int(ack.Reasons[i])}
		if !ack.Reasons[i].IsError() {
			a.QOS = int(ack.Reasons[i])
		}
		m.OnSubscribed(a)
	}
	m.pump.end()
}

func (m *MQTT) fireUnsubscribed(e *protocol.Event, ack *protocol.SubAck) {
	r := ack.Request
	m.answerTold(r)
	m.pump.begin(e, nil)
	if m.pump.begins(0) && m.OnUnsubAck != nil {
		m.OnUnsubAck(&UnsubAckEventArgs{
			PacketId: int(r.ID), TopicFilters: r.Filters, ReasonCodes: codes(ack.Reasons),
			ReasonString:   ack.ReasonString,
			UserProperties: packet.ConvertUserProperties[UserProperty](ack.UserProperties),
		})
	}
	if !m.pump.begins(1) || m.OnUnsubscribed == nil {
		m.pump.end()
		return
	}
	a := &UnsubscribedEventArgs{TopicFilters: r.Tag}
	for _, code := range ack.Reasons {
		if code.IsError() {
			a.ResponseCode = int(code)
			break
		}
		if a.ResponseCode == 0 {
			a.ResponseCode = int(code)
		}
	}
	m.OnUnsubscribed(a)
	m.pump.end()
}

func (m *MQTT) answerTold(r *protocol.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client.AnswerTold(r)
}

func codes(reasons []packet.ReasonCode) []int {
	list := make([]int, len(reasons))
	for i, r := range reasons {
		list[i] = int(r)
	}
	return list
}
