package mqtt

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Connect connects to RemoteHost and RemotePort and waits until the server has accepted the connection, firing events
// meanwhile: BeforeConnect, ConnectionStatus, ConnAck, Connected, ReadyToSend. It waits ConnectionTimeout seconds at
// most, or Timeout seconds when that is 0. With Timeout 0 it returns as soon as the attempt has begun, and Connected
// tells how it ended. The settings RemoteHosts and FollowServerReference let one attempt try several servers. With
// ConnectRetry an attempt that has failed is followed by others, as after a lost connection, until one succeeds, the
// server refuses for good, ReconnectAttempts have failed, or Interrupt, Disconnect or the context ends it.
//
// Called inside a handler it works as well, but events are never nested: they fire when the handler has returned,
// BeforeConnect included, whose changes then hold for the next attempt.
//
// Errors:
//   - [errors.ErrAlreadyConnected] (104): connected already
//   - [errors.ErrAlreadyConnecting] (1105): connecting already
//   - [errors.ErrNoRemoteHost] (102): RemoteHost is empty
//   - [errors.ErrNoRemotePort] (116): RemotePort is 0
//   - [errors.ErrProtocol] (500): the server has refused the connection, or ClientId is empty and CleanSession False
//   - [errors.ErrTimeout] (201): there was no answer within Timeout
//   - [errors.ErrInterrupted] (301): the attempt was interrupted
//   - [errors.ErrConnectionClosedByPeer] (1120): the connection was closed before the answer
//   - [errors.ErrFileNotOpened] (302): the journal of JournalDir cannot be used
//   - [errors.ErrWrongState] (211): the journal has messages of another ClientId
//   - [errors.ErrProtocolNotSupported] (10043): the scheme of the URL is not supported
//   - [errors.ErrHostNotFound] (11001) to [errors.ErrNoAddress] (11004): the name of the server cannot be resolved
//
// All numbers of sockets, 10004 to 10065, are possible too. After an error the component is idle and may connect again.
func (m *MQTT) Connect() error { return m.connect(context.Background(), "Connect", nil) }

// ConnectContext is Connect with a context, whose end ends the attempt. It waits for the attempt also with Timeout 0.
//
// Errors: those of Connect, and, both wrapping ctx.Err(),
//   - [errors.ErrInterrupted] (301): ctx was canceled
//   - [errors.ErrTimeout] (201): the deadline of ctx has passed
func (m *MQTT) ConnectContext(ctx context.Context) error {
	return m.connect(ctx, "ConnectContext", nil)
}

// ConnectTo sets RemoteHost and RemotePort and connects.
//
// Errors: those of SetRemoteHost, SetRemotePort and Connect, and
//   - [errors.ErrRemoteHostFixed] (101): connected or connecting already; nothing is changed
func (m *MQTT) ConnectTo(host string, port int) error {
	return m.connect(context.Background(), "ConnectTo", func(m *MQTT) error {
		return m.setRemoteLocked(host, port)
	})
}

// SetConnected connects with true, which is Connect, and disconnects with false, which is Disconnect.
func (m *MQTT) SetConnected(connected bool) error {
	if connected {
		return m.Connect()
	}
	return m.Disconnect()
}

// Connected reports whether the connection stands: the server has accepted it and it has not ended since.
func (m *MQTT) Connected() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.connectedLocked()
}

func (m *MQTT) connectedLocked() bool { return m.client.Phase() == protocol.Connected }

// ReadyToSend reports whether sending is possible: true after connecting, false after an operation failed with 10035,
// until OnReadyToSend fires.
func (m *MQTT) ReadyToSend() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.readyToSend
}

// connect calls prepare, unless it is nil, with the lock.
func (m *MQTT) connect(ctx context.Context, method string, prepare func(m *MQTT) error) error {
	if err := ctx.Err(); err != nil {
		return contextError(method, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.awaitFormerLinkReleasing(method); err != nil {
		return err
	}
	if prepare != nil {
		// ConnectTo sets properties, which say with their own numbers that they are fixed now.
		if err := m.refuseUnlessIdleLocked(errors.ErrRemoteHostFixed, "RemoteHost"); err != nil {
			return err
		}
		if err := prepare(m); err != nil {
			return err
		}
	}
	m.handlers = handlers{asks: m.OnBeforeConnect != nil, authenticates: m.OnSSLServerAuthentication != nil}
	l, err := m.newLinkLocked(false)
	if err != nil {
		return err
	}
	l.takesOver = m.reconnect.attempt > 0
	m.reconnect.stopLocked()
	l.insideHandler = m.pump.taken && insideHandler()
	route, interrupts := l.route, m.interrupts
	ended := func() bool { // of several servers, and attempts, the last one
		if l := m.link; l != nil && l.automatic && l.route != nil && m.reconnect.first {
			route = l.route
		}
		return route.link.stood || m.link != route.link && !m.reconnect.first
	}
	if err := m.prepareConnectReleasing(ctx, l); err != nil {
		return err
	}
	l.startLocked()
	_, hasDeadline := ctx.Deadline()
	if m.properties.timeout == 0 && ctx.Done() == nil && !hasDeadline {
		m.background.ensureLocked(m) // which the attempt may wait for, with SSLServerAuthentication
		m.firePendingReleasing()
		return nil
	}
	err = m.awaitReleasing(&limit{ctx: ctx, what: method}, ended)
	l = route.link
	if err != nil && m.reconnect.first {
		m.reconnect.stopLocked()
		if m.link == nil { // else its end does it
			m.client.DropRequests(true)
		}
	}
	switch {
	case err != nil && m.link == l && !l.stood:
		l.abortLocked(err.(*errors.Error)) // await returns nothing else
		m.waitForEndReleasing(l)
		m.firePendingReleasing()
		return err
	case err == nil && !l.stood && m.interrupts != interrupts: // between two attempts
		err = errors.New(errors.ErrInterrupted, method+" was interrupted.")
		fallthrough
	case err != nil && !l.stood:
		m.firePendingReleasing()
		return err
	case !l.stood:
		m.firePendingReleasing()
		return l.result
	}
	m.firePendingReleasing()
	return nil
}

// awaitFormerLinkReleasing waits for a connection or an attempt that is over, as Connected tells, until nothing of it
// is left.
func (m *MQTT) awaitFormerLinkReleasing(method string) error {
	interrupts := m.interrupts
	for m.link != nil && m.link.overLocked() {
		m.waitForEndReleasing(m.link)
	}
	if m.interrupts != interrupts {
		return errors.New(errors.ErrInterrupted, method+" was interrupted.")
	}
	return nil
}

func contextError(method string, cause error) error {
	code := errors.ErrInterrupted
	if cause == context.DeadlineExceeded {
		code = errors.ErrTimeout
	}
	return errors.Wrap(code, method+" was ended by its context.", cause)
}

// newLinkLocked checks what must hold before an attempt, and makes the component busy with it. AutoReconnect begins
// where the last connection stood; Connect does not.
func (m *MQTT) newLinkLocked(automatic bool) (*link, error) {
	switch {
	case m.link != nil && m.client.Phase() == protocol.Connected:
		return nil, errors.New(errors.ErrAlreadyConnected, "Disconnect first.")
	case m.link != nil && m.client.Phase() == protocol.Ended && m.link.stood:
		return nil, errors.New(errors.ErrAlreadyConnected, "The last connection is still being closed.")
	case m.link != nil:
		return nil, errors.New(errors.ErrAlreadyConnecting, "")
	}
	if !automatic {
		m.hosts.restart()
	}
	servers, err := m.serversLocked()
	if err != nil {
		return nil, err
	}
	m.link = m.newRouteLocked(servers)
	m.link.automatic = automatic
	return m.link, nil
}

// prepareConnectReleasing starts the time, asks BeforeConnect and fixes what CONNECT will say. On an error the
// component is idle again.
func (m *MQTT) prepareConnectReleasing(ctx context.Context, l *link) error {
	prepared := false
	defer func() { // BeforeConnect may panic
		if !prepared {
			m.link = nil
			l.attempt.cancel()
			m.client.DropRequests(true)
			m.wakeLocked()
		}
	}()
	l.boundLocked()
	if err := m.askBeforeConnectReleasing(ctx, l); err != nil {
		return err
	}
	if cause := l.attempt.ctx.Err(); cause != nil { // the handler, or somebody meanwhile, has ended the attempt
		return contextError("Connect", cause)
	}
	if err := m.armLocked(l); err != nil {
		return err
	}
	prepared = true
	return nil
}

// armLocked fixes how the server is reached and what CONNECT will say, as the settings are after BeforeConnect.
func (m *MQTT) armLocked(l *link) error {
	servers, err := m.serversLocked() // once more: BeforeConnect may have changed RemoteHost
	if err != nil {
		return err
	}
	l.route.beginLocked(servers)
	m.hosts.turn++
	options, err := m.connectOptionsLocked()
	if err != nil {
		return err
	}
	options.Resubscribe = m.settings.resubscribe && (l.automatic || l.takesOver)
	l.route.options = options
	m.applySettingsLocked()
	m.logInertLocked()
	m.logKeepAliveLocked()
	l.aimLocked()
	return nil
}

// defaultConnectLimit bounds an attempt when neither ConnectionTimeout nor Timeout does.
const defaultConnectLimit = 60 * time.Second

func (m *MQTT) connectLimitLocked() time.Duration {
	switch {
	case m.settings.connectionTimeout > 0:
		return time.Duration(m.settings.connectionTimeout) * time.Second
	case m.properties.timeout > 0:
		return time.Duration(m.properties.timeout) * time.Second
	}
	return defaultConnectLimit
}

// askBeforeConnectReleasing fires BeforeConnect and waits for its answer, unless it runs inside a handler.
func (m *MQTT) askBeforeConnectReleasing(ctx context.Context, l *link) error {
	answered := false
	m.pushBeforeConnectLocked(func() {
		answered = true
		m.wakeLocked()
	})
	m.eventsQueuedLocked()
	if l.insideHandler {
		return nil
	}
	return m.awaitReleasing(&limit{ctx: ctx, timeout: m.connectLimitLocked(), what: "BeforeConnect"},
		func() bool { return answered || l.attempt.ctx.Err() != nil })
}

// pushBeforeConnectLocked queues BeforeConnect. After its handler has returned, the component gets the ClientId and
// CleanSession that the handler has set, and calls then with the lock held.
func (m *MQTT) pushBeforeConnectLocked(then func()) {
	if p := &m.properties; p.clientID == "" && p.cleanSession && m.settings.journalDir == "" {
		p.clientID = generateClientID() // so that the handler sees which
	}
	args := &BeforeConnectEventArgs{ClientId: m.properties.clientID, CleanSession: m.properties.cleanSession}
	asked := *args
	m.client.PushOwner(&question{before: args, answered: func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if args.ClientId != asked.ClientId && packet.CheckText(args.ClientId) == nil {
			m.properties.clientID = args.ClientId
		}
		if args.CleanSession != asked.CleanSession {
			m.properties.cleanSession = args.CleanSession
		}
		then()
	}}, 0)
}

// connectOptionsLocked fixes what CONNECT says.
func (m *MQTT) connectOptionsLocked() (*protocol.Options, error) {
	p, s := &m.properties, &m.settings
	if p.clientID == "" {
		switch {
		case s.journalDir != "":
			return nil, errJournalWithoutClientID()
		case p.cleanSession:
			p.clientID = generateClientID()
		case p.version == MvV3: // [MQTT311-3.1.3-7]
			return nil, errors.New(errors.ErrProtocol, "ClientId is empty, which MQTT 3.1.1 allows with CleanSession "+
				"true only.")
		} // otherwise the server assigns one [MQTT5-3.1.3-6]
	}
	o := &protocol.Options{
		Version: packet.V311, ClientID: p.clientID, CleanStart: p.cleanSession, KeepAlive: uint16(p.keepAliveInterval),
		User: p.user, HasUser: p.user != "", Password: p.password, HasPassword: p.password != "",
		MaxIncomingPacketSize: s.maxIncomingPacketSize,

		SessionExpiry: protocol.Absent, ReceiveMaximum: protocol.Absent, MaximumPacketSize: protocol.Absent,
		TopicAliasMaximum: protocol.Absent, RequestProblemInformation: protocol.Absent,
		RequestResponseInformation: protocol.Absent,
	}
	if p.version == MvV5 {
		o.Version = packet.V5
		s.connectProperties.fill(o)
	} else if o.HasPassword && !o.HasUser { // [MQTT311-3.1.2-22]
		return nil, errors.New(errors.ErrProtocol, "Password is set and User is not, which MQTT 3.1.1 does not allow.")
	}
	if p.willTopic != "" {
		if err := packet.CheckNoControl(p.willTopic); err != nil && !s.allowControlCharacters {
			return nil, errors.New(errors.ErrInvalidTopicName,
				fmt.Sprintf("WillTopic %s %v; AllowControlCharacters=True sends it all the same.",
					protocol.Quote(p.willTopic), err))
		}
		payload, err := m.encodeWill(p.willMessage) // once more: CodePage may have changed since
		if err != nil {
			return nil, err
		}
		o.Will = &protocol.Will{
			Topic: p.willTopic, Payload: payload, QoS: uint8(s.willQOS), Retain: s.willRetain,
			Properties: s.will.encode(),
		}
	}
	return o, nil
}

// generateClientID makes an identifier that every server has to take [MQTT5-3.1.3-5]: at most 23 letters and digits.
func generateClientID() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	id := make([]byte, 0, 23)
	id = append(id, "iotmqtt"...)
	for len(id) < cap(id) {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails
		if int(b[0]) < 4*len(letters) {
			id = append(id, letters[int(b[0])%len(letters)])
		}
	}
	return string(id)
}
