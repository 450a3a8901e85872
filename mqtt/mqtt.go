package mqtt

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt/internal/codepage"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// MQTT is an MQTT client: one connection to one server, and the session over all its connections. Make it with New, set
// the properties and the event handlers, then Connect.
//
// Handlers are fields; nil means not interested. They run one at a time, never nested, with no lock held, and only on
// the goroutine that pumps: inside DoEvents, Run, or a blocking method. A handler may call every method. Handlers are
// set before Connect, or inside a handler.
//
// All methods are safe to call from any goroutine.
type MQTT struct {
	OnConnected               func(e *ConnectedEventArgs)
	OnConnectionStatus        func(e *ConnectionStatusEventArgs)
	OnDisconnected            func(e *DisconnectedEventArgs)
	OnError                   func(e *ErrorEventArgs)
	OnLog                     func(e *LogEventArgs)
	OnMessageAck              func(e *MessageAckEventArgs)
	OnMessageIn               func(e *MessageInEventArgs)
	OnMessageOut              func(e *MessageOutEventArgs)
	OnReadyToSend             func(e *ReadyToSendEventArgs)
	OnSSLServerAuthentication func(e *SSLServerAuthenticationEventArgs) // may change Accept
	OnSSLStatus               func(e *SSLStatusEventArgs)
	OnSubscribed              func(e *SubscribedEventArgs)
	OnUnsubscribed            func(e *UnsubscribedEventArgs)
	OnBeforeConnect           func(e *BeforeConnectEventArgs) // may change ClientId and CleanSession
	OnConnAck                 func(e *ConnAckEventArgs)
	OnSubAck                  func(e *SubAckEventArgs)
	OnUnsubAck                func(e *UnsubAckEventArgs)
	OnPubAck                  func(e *PubAckEventArgs)
	OnPubRec                  func(e *PubAckEventArgs)
	OnPubComp                 func(e *PubAckEventArgs)
	OnPing                    func(e *PingEventArgs)
	OnAuth                    func(e *AuthEventArgs)

	epoch time.Time // what protocol.Time counts from
	ready chan struct{}

	incomingList, outgoingList MQTTMessageList

	saving sync.Mutex // held while SessionStateFile is written, so that the latest session stays there; before mu

	mu sync.Mutex // guards everything below but the pump's part; never held while a handler runs or anything waits

	properties  properties
	settings    settings
	firewall    *firewall.Firewall
	negotiated  transport.Negotiated     // of the last connection
	serverCert  *certificate.Certificate // of the last connection
	sslProvider MQTTSSLProviders
	registry    *config.Registry // made by the first Config

	client *protocol.Client
	link   *link // the connection or the attempt; nil = idle

	readyToSend bool
	connections int // that servers have accepted; Reset begins anew

	arrived    signal        // events are queued, or what a blocking method waits for has changed
	patient    int           // blocking methods that wait for more than the pump; they keep the reader reading
	resets     atomic.Uint32 // calls of Reset, after which a batch is fired no further; read without the lock
	interrupts int           // calls of Interrupt, so that a waiting method sees the next one

	muted atomic.Uint32 // the connection that the program has ended inside a handler; see mute. Read without the lock

	handling atomic.Pointer[topicTree] // of Handle; nil = there are none. Read without the lock

	page atomic.Pointer[codepage.Page] // of the setting CodePage; nil = UTF-8. Read without the lock

	spareTimer *time.Timer // stopped; for the next method that waits

	background background
	handlers   handlers // as they were at Connect
	sessions   transport.Sessions
	journal    *journaling // made by the first use while JournalDir is set
	reconnect  reconnect
	hosts      hosts

	member *member // of a Group; nil = of none

	// dial replaces the network in tests.
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Whoever has taken the pump uses it without the lock.
	pump pump
}

// handlers says which events have a handler whose answer is waited for. Handlers are read by the pump and by Connect
// only.
type handlers struct{ asks, authenticates bool }

// New returns a component with the documented defaults.
func New() *MQTT {
	epoch := time.Now()
	m := &MQTT{epoch: epoch, client: newClient(epoch), ready: make(chan struct{}, 1)}
	m.incomingList = MQTTMessageList{m: m, incoming: true}
	m.outgoingList = MQTTMessageList{m: m}
	m.setDefaultsLocked()
	return m
}

func newClient(epoch time.Time) *protocol.Client {
	c := protocol.New()
	c.Epoch = epoch
	return c
}

func (m *MQTT) setDefaultsLocked() {
	m.properties = defaultProperties()
	m.settings = defaultSettings()
	m.firewall, m.serverCert, m.negotiated = firewall.New(), nil, transport.Negotiated{}
	m.sslProvider = SslpAutomatic
	m.page.Store(nil)
	m.reconnect, m.hosts = defaultReconnect(), hosts{}
}

// now is the clock of the protocol.
func (m *MQTT) now() protocol.Time { return time.Since(m.epoch) }

// takeTimerLocked returns a timer that fires after d.
func (m *MQTT) takeTimerLocked(d time.Duration) *time.Timer {
	timer := m.spareTimer
	if timer == nil {
		return time.NewTimer(d)
	}
	m.spareTimer = nil
	timer.Reset(d)
	return timer
}

// returnTimerLocked takes back a timer of takeTimerLocked.
func (m *MQTT) returnTimerLocked(timer *time.Timer) {
	timer.Stop()
	m.spareTimer = timer
}

// signal wakes all who wait for a change. It costs nothing while nobody waits. The lock
// of what it is a part of guards it.
type signal struct {
	waiters int
	changed chan struct{}
}

// wait returns a channel that is closed by the next broadcast. Whoever waits calls done afterwards.
func (s *signal) wait() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	s.waiters++
	return s.changed
}

func (s *signal) done() { s.waiters-- }

func (s *signal) broadcast() {
	if s.waiters > 0 && s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
