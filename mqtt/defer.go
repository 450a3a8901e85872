package mqtt

import (
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Delivery is a message whose acknowledgment waits for Ack; MessageInEventArgs.Defer makes it.
type Delivery struct {
	m      *MQTT
	client *protocol.Client // Reset makes another one
	msg    *protocol.Message
	err    error

	done bool // MQTT.mu guards it, if there is a component
}

// Defer makes the acknowledgment of a QoS 1 or 2 message wait for Ack, for work that is done when the handler has
// returned already. Until then the server keeps the message: it sends it again, to this client or with a shared
// subscription to another one, when the process ends without Ack. Several calls, as by several handlers of Handle, each
// want their Ack.
//
// It is called inside the handler, of a component whose OnMessageAck is nil or that has a journal: a handler of
// MessageAck is told that the message was acknowledged, which is done before. Otherwise it is too late, and Ack says
// so. Programs that count what they have published have OnPubAck, OnPubComp and OnMessageOut. For a message of QoS 0,
// which is not acknowledged, Ack does nothing.
//
// What is deferred is bounded: by the Receive Maximum of ConnectProperties in MQTT 5, which the server keeps to, and in
// both versions by IncomingMemoryLimit and by the number of events that may wait for DoEvents, beyond which nothing
// more is read. A message that is never acknowledged keeps the acknowledgments of all later messages of QoS 1 back,
// since they leave in the order of the messages.
func (e *MessageInEventArgs) Defer() *Delivery {
	m := e.from
	if m == nil || e.QOS == 0 {
		return &Delivery{done: true}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	msg := m.pump.delivering
	if msg == nil || m.pump.deliveries != e.delivery || !msg.Settling() {
		return &Delivery{done: true, err: errors.New(errors.ErrInvalidArgument,
			"Defer was called too late: the message was acknowledged, since OnMessageAck has a handler, the handler "+
				"of the message has returned, or it has called Disconnect.")}
	}
	m.client.Defer(msg)
	return &Delivery{m: m, client: m.client, msg: msg}
}

// Ack lets the message be acknowledged: the server may forget it. It is called once, from any goroutine, inside the
// handler too; further calls do nothing. It does not wait. Acknowledgments leave in the order in which the messages
// arrived.
//
// If the connection has ended since, the acknowledgment goes out when the server repeats the message on the next one,
// which fires no second MessageIn. If the session has ended with it, and after Reset, Ack has no effect: another
// client, or this one in its next session, gets the message again.
//
// Errors:
//   - [errors.ErrInvalidArgument] (10022): Defer was called too late
//   - [errors.ErrFileNotOpened] (302): the journal of JournalDir cannot be written: the message is done, and comes
//     again after a crash
func (d *Delivery) Ack() error {
	m := d.m
	if m == nil {
		return d.err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if d.done || m.client != d.client {
		return nil
	}
	d.done = true
	var used *journaling
	var err error
	if s := m.journal; s != nil && d.msg.Journaled() { // the note is on disk before Ack returns, connected or not
		used, err = m.useJournalReleasing(s.clientID)
	}
	if m.client != d.client {
		return nil
	}
	m.client.Undefer(d.msg)
	m.resumeReadingLocked()
	if m.client.OutputSize() > 0 {
		m.wakeWriterLocked()
	}
	if used != nil {
		m.released(func() { err = m.leave(used) })
	}
	return err
}
