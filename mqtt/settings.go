package mqtt

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// settings are the values behind Config. Each group has a file of its own: settings_mqtt.go and so on.
type settings struct {
	connectProperties connectBag
	outgoing          outgoingBag
	will              willBag
	disconnect        disconnectBag

	disconnectReasonCode   int
	duplicate              bool
	logLevel               int
	republishInterval      int
	retain                 bool
	sessionStateFile       string
	subscriptionIdentifier int
	topicDelimiter         string
	topicQOS               []int
	topicNL                []bool
	topicRAP               []bool
	topicRH                []int
	willQOS                int
	willRetain             bool

	connectionTimeout int
	socket            transport.Socket
	tls               transport.TLS
	absoluteTimeout   bool
	codePage          int64
	maskSensitiveData bool
	inert             inertSettings

	publishAndWaitTimeout int
	pingTimeout           int
	maxIncomingPacketSize int
	incomingMemoryLimit   int
	sendQueueSize         int
	inflightLimit         int
	republishAttempts     int
	republishTimeout      int
	ackTimeout            int
	autoTopicAlias        bool
	resubscribe           bool
	dropOldest            bool // QueueFullPolicy
	allowExcess           bool // AllowReceiveMaximumExceeded
	disconnectWait        int  // seconds
	reconnectOn           []int
	queueMessages         bool

	allowControlCharacters bool
	journalDir             string
	webSocketHeaders       string
	anySubprotocol         bool
	selectWaitMillis       int

	// What CONNACK said.
	sessionPresent      bool
	connAck             packet.Properties
	serverTopicAliasMax int
	// disconnectIsServers says that the two settings of DISCONNECT show what the server sent, not what we shall send.
	disconnectIsServers bool
}

func defaultSettings() settings {
	s := settings{
		logLevel: logInformation, republishInterval: 60, subscriptionIdentifier: -1, topicDelimiter: ",",
		socket: transport.DefaultSocket(), tls: transport.DefaultTLS(), codePage: utf8Number,
		maskSensitiveData: true, inert: defaultInertSettings(),
		maxIncomingPacketSize: 32 << 20, incomingMemoryLimit: 64 << 20,
		publishAndWaitTimeout: 10, sendQueueSize: 1000, selectWaitMillis: 20, resubscribe: true,
	}
	s.connectProperties.reset()
	s.outgoing.reset()
	s.will.reset()
	s.disconnect.reset()
	return s
}

// maxSeconds bounds the settings in seconds, so that they fit a time.Duration everywhere.
const maxSeconds = math.MaxInt32

// secondsOf is the value of a setting in seconds.
func secondsOf(n int) time.Duration { return time.Duration(n) * time.Second }

// Config reads or assigns a setting: "NAME" returns its value, "NAME=VALUE" assigns it and returns "", "NAME[i]" and
// "NAME[i]=VALUE" do the same with one element. Names are read without regard to case, and only the first = separates.
// Settings lists them all.
//
// Errors, after which nothing has changed:
//   - [errors.ErrInvalidArgument] (10022): an unknown name, a bad value or a bad index
//   - [errors.ErrInvalidQoS] (505): a QoS that does not exist
//   - [errors.ErrInvalidTopicName] (502): a topic that is not valid
//   - [errors.ErrCodePage] (434): a code page that does not exist
//   - [errors.ErrWrongState] (211): a setting that cannot be assigned
//   - [errors.ErrLocalPortFixed] (106), [errors.ErrLocalHostFixed] (107), [errors.ErrMaxLineLengthFixed] (112):
//     LocalPort, LocalHost and MaxLineLength while connected or connecting
//
// What the setting itself refuses is returned as it is.
func (m *MQTT) Config(configurationString string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.configurationLocked().Config(configurationString)
}

// Settings returns the registry of settings, for its documentation. Assign through Config only.
func (m *MQTT) Settings() *config.Registry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.configurationLocked()
}

// configurationLocked is the component's view of the table.
func (m *MQTT) configurationLocked() *config.Registry {
	if m.registry == nil {
		m.registry = settingsTable().Of(m)
	}
	return m.registry
}

// settingsTable is the table of settings, in the order of the documentation, of some 80 KB. All components share it. It
// is made when the first of them needs it, since many programs never call Config.
var settingsTable = sync.OnceValue(func() *config.Table[MQTT] {
	return config.NewTable(New(), slices.Concat(mqttRows(), tcpRows(), sslRows(), socketRows(), baseRows(),
		componentRows(), propertyRows())...)
})

// group makes the documentation of settings of one group.
type group string

func (g group) doc(name, typ, text string) config.Setting {
	return config.Setting{Name: name, Group: string(g), Type: typ, Doc: text}
}

// v5 is doc for a setting that MQTT 5 has and 3.1.1 has not.
func (g group) v5(name, typ, text string) config.Setting {
	s := g.doc(name, typ, text)
	s.V5Only = true
	return s
}

// readOnly is s for a setting that cannot be assigned.
func readOnly(s config.Setting) config.Setting {
	s.ReadOnly = true
	return s
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// applySettingsLocked gives the protocol the settings that may change at any time.
func (m *MQTT) applySettingsLocked() {
	s := &m.settings
	m.client.Settings = protocol.Settings{
		RepublishInterval: secondsOf(s.republishInterval),
		RepublishAttempts: s.republishAttempts,
		RepublishTimeout:  secondsOf(s.republishTimeout),
		PingTimeout:       secondsOf(s.pingTimeout),
		AckTimeout:        secondsOf(s.ackTimeout),
		InflightLimit:     s.inflightLimit,
		AutoTopicAlias:    s.autoTopicAlias,
		QueueMessages:     s.queueMessages,

		IncomingMemoryLimit:         s.incomingMemoryLimit,
		AllowControlCharacters:      s.allowControlCharacters,
		AllowReceiveMaximumExceeded: s.allowExcess,
	}
	if w := m.wireLocked(); w != nil {
		w.ScheduleLocked()
	}
	m.feedLocked()
	m.wakeLocked() // somebody may wait for room, of which there may be more now
}
