package mqtt

import (
	"encoding/hex"
	"math"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// settings are the values behind Config.
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
	subscriptionIdentifier int
	topicDelimiter         string
	topicQOS               []int
	topicNL                []bool
	topicRAP               []bool
	topicRH                []int
	willQOS                int
	willRetain             bool
	connectionTimeout      int
	tcpNoDelay             bool
	maskSensitiveData      bool
	publishAndWaitTimeout  int
	pingTimeout            int
	sendQueueSize          int
	inflightLimit          int
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
		logLevel: logInformation, republishInterval: 60, subscriptionIdentifier: -1, topicDelimiter: ",", tcpNoDelay: true,
		maskSensitiveData: true, publishAndWaitTimeout: 10, sendQueueSize: 1000, selectWaitMillis: 20,
	}
	s.connectProperties.reset()
	s.outgoing.reset()
	s.will.reset()
	s.disconnect.reset()
	return s
}

// maxSeconds bounds the settings in seconds, so that they fit a time.Duration everywhere.
const maxSeconds = math.MaxInt32

// Config reads or assigns a setting: "NAME" returns its value, "NAME=VALUE" assigns it and returns "", "NAME[i]" and
// "NAME[i]=VALUE" do the same with one element. Names are read without regard to case, and only the first = separates.
// Settings lists them all.
//
// Errors, after which nothing has changed: 10022 an unknown name, a bad value or index (505 and 502 where a QoS or a
// topic is at fault); 211 a setting that cannot be assigned; what the setting itself refuses.
func (m *MQTT) Config(configurationString string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.configuration().Config(configurationString)
}

// Settings returns the registry of settings, for its documentation. Assign through Config only.
func (m *MQTT) Settings() *config.Registry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.configuration()
}

// configuration makes the registry when it is first needed: many components never call Config. The lock is held.
func (m *MQTT) configuration() *config.Registry {
	if m.registry == nil {
		m.registry = config.NewRegistry(m.rows()...)
	}
	return m.registry
}

// rows is the table of settings, in the order of the documentation.
func (m *MQTT) rows() []config.Row {
	s := &m.settings
	doc := func(name, text string) config.Setting {
		return config.Setting{Name: name, Group: config.GroupMQTT, Doc: text}
	}
	v5 := func(name, text string) config.Setting {
		row := doc(name, text)
		row.V5Only = true
		return row
	}
	in := func(group string, row config.Setting) config.Setting {
		row.Group = group
		return row
	}
	apply := config.After(m.applySettings)
	dirty := config.After(s.outgoing.changed)
	c := &s.connectProperties
	return []config.Row{
		config.Int64(v5("ClientTopicAliasMax", "Highest topic alias accepted from the server; 0 = none. Sent by Connect."), &c.topicAliasMaximum, 0, 65535),
		config.ReadOnly(v5("ConnAckProperties", "What CONNACK said, as JSON."), func() string { return connAckText(s.connAck) }),
		config.Int(seconds(in(config.GroupTCPClient, doc("ConnectionTimeout", "How long an attempt to connect may take, from the name look-up to CONNACK; 0 = Timeout."))), &s.connectionTimeout, 0, maxSeconds),
		config.JSON(v5("ConnectProperties", "Properties of CONNECT, as JSON."), c.bag()),
		config.JSON(v5("DisconnectProperties", "Properties of our DISCONNECT, as JSON; after one from the server what it said, until the next connection."), s.disconnect.bag(), config.After(func() { s.disconnectIsServers = false })),
		config.Int(v5("DisconnectReasonCode", "Reason code of our DISCONNECT, 4 to have the will published; after one from the server its code, until the next connection."), &s.disconnectReasonCode, 0, 255, config.OneOf(disconnectReasons()...), config.After(func() { s.disconnectIsServers = false })),
		config.Bool(doc("Duplicate", "DUP flag of the QoS 1 and 2 messages published from now on. Repetitions have it in any case."), &s.duplicate),
		config.ReadOnly(intType(v5("IncomingUserPropCount", "Number of user properties of the message received last, inside MessageAck and MessageIn of their message.")), func() string { return strconv.Itoa(len(readUserProperties(m.properties.lastIncoming))) }),
		config.ReadOnlyIndexed(v5("IncomingUserPropName", "Name of a user property of the message received last."), func() int { return len(readUserProperties(m.properties.lastIncoming)) }, func(i int) string { return readUserProperties(m.properties.lastIncoming)[i].Name }),
		config.ReadOnlyIndexed(v5("IncomingUserPropValue", "Value of a user property of the message received last."), func() int { return len(readUserProperties(m.properties.lastIncoming)) }, func(i int) string { return readUserProperties(m.properties.lastIncoming)[i].Value }),
		config.Int(doc("LogLevel", "Which Log events fire: 0 none, 1 information, 2 also each packet, 3 also its bytes. Levels 2 and 3 count from the next connection on."), &s.logLevel, 0, logDebug),
		config.JSON(v5("OutgoingMessageProperties", "Properties of the messages published from now on, as JSON."), s.outgoing.bag(), dirty),
		config.ReadOnly(intType(doc("OutgoingPacketId", "Packet identifier of the QoS 1 or 2 message published last.")), func() string { return strconv.Itoa(m.client.LastPacketID()) }),
		config.Func(intType(v5("OutgoingUserPropCount", "Number of user properties of the messages published from now on; grows and shrinks the two arrays.")), func() string { return strconv.Itoa(len(s.outgoing.user)) }, s.outgoing.resize, dirty),
		config.IndexedString(v5("OutgoingUserPropName", "Name of a user property of the messages published from now on."), func() int { return len(s.outgoing.user) }, func(i int) *string { return &s.outgoing.user[i].Name }, dirty, config.Check(packetText)),
		config.IndexedString(v5("OutgoingUserPropValue", "Value of a user property of the messages published from now on."), func() int { return len(s.outgoing.user) }, func(i int) *string { return &s.outgoing.user[i].Value }, dirty, config.Check(packetText)),
		config.Int(seconds(doc("RepublishInterval", "3.1.1: wait for PUBACK or PUBREC before a PUBLISH is sent again; 0 = never. Version 5 forbids it.")), &s.republishInterval, 0, maxSeconds, apply),
		config.String(v5("ResponseTopic", "Response topic of the messages published from now on; \"\" = none."), &s.outgoing.responseTopic, config.Check(topicOrNone), config.Code(errors.ErrInvalidTopicName), dirty),
		config.Bool(doc("Retain", "RETAIN flag of the messages published from now on."), &s.retain),
		config.Func(hexType(doc("SendCustomPacket", "Assigning sends these bytes, in hexadecimal, as one packet; no answer to it is expected.")), func() string { return "" }, m.sendCustomPacket, config.OnReset(func() {})),
		config.ReadOnly(intType(v5("ServerTopicAliasMax", "Highest topic alias that the server accepts; 0 = none.")), func() string { return strconv.Itoa(s.serverTopicAliasMax) }),
		config.Int64(seconds(v5("SessionExpInterval", "How long the server keeps the session after the connection; 4294967295 = for ever. Sent by Connect unless 0.")), &c.sessionExpiry, 0, maxUint32, config.Unset(-1), config.After(c.normalise)),
		config.ReadOnly(boolType(doc("SessionPresent", "Whether the server had a session when it accepted the connection.")), func() string { return boolText(s.sessionPresent) }),
		config.Int(v5("SubscriptionIdentifier", "Subscription identifier of the subscriptions made from now on; -1 = none."), &s.subscriptionIdentifier, 1, 268435455, config.Unset(-1)),
		config.Int64(v5("TopicAlias", "Topic alias of the messages published from now on; -1 = none. With a topic it maps the alias, with an empty one it uses it."), &s.outgoing.topicAlias, 1, 65535, config.Unset(-1)),
		config.String(doc("TopicDelimiter", "Separator of the topic filters of Subscribe and Unsubscribe."), &s.topicDelimiter, config.Check(notEmpty)),
		config.BoolList(v5("TopicNLArray", "No Local for each topic filter of Subscribe; the last value holds for the rest."), &s.topicNL),
		config.IntList(doc("TopicQOSArray", "QoS for each topic filter of Subscribe, instead of its argument; the last value holds for the rest."), &s.topicQOS, 0, 2, config.Code(errors.ErrInvalidQoS)),
		config.BoolList(v5("TopicRAPArray", "Retain As Published for each topic filter of Subscribe; the last value holds for the rest."), &s.topicRAP),
		config.IntList(v5("TopicRHArray", "Retain Handling for each topic filter of Subscribe; the last value holds for the rest."), &s.topicRH, 0, 2),
		config.JSON(v5("WillProperties", "Properties of the will, as JSON. Ignored while WillTopic is empty."), s.will.bag()),
		config.Int(doc("WillQOS", "QoS of the will."), &s.willQOS, 0, 2, config.Code(errors.ErrInvalidQoS)),
		config.Bool(doc("WillRetain", "RETAIN flag of the will."), &s.willRetain),
		config.Bool(in(config.GroupTCPClient, doc("TcpNoDelay", "True: packets leave at once. False: the system may hold small ones back (Nagle). Counts from the next connection on.")), &s.tcpNoDelay),
		config.ReadOnly(in(config.GroupBase, doc("BuildInfo", "What the component was built from.")), buildInfo),
		config.Bool(in(config.GroupBase, doc("MaskSensitiveData", "Keep passwords, authentication data and payloads out of Log.")), &s.maskSensitiveData),
		config.Int(seconds(in(config.GroupComponent, doc("PublishAndWaitTimeout", "How long PublishAndWait waits."))), &s.publishAndWaitTimeout, 1, maxSeconds),
		config.Bool(in(config.GroupComponent, doc("BackgroundEvents", "True: a goroutine of the component calls the event handlers, for programs that have no loop.")), &m.background.wanted, config.After(m.backgroundChanged)),
		config.Int(seconds(in(config.GroupComponent, doc("PingTimeout", "How long a PINGRESP may take; 0 = KeepAliveInterval."))), &s.pingTimeout, 0, maxSeconds, apply),
		config.Int(in(config.GroupComponent, doc("SendQueueSize", "How many accepted messages may wait for the server's Receive Maximum; 0 = no bound.")), &s.sendQueueSize, 0, math.MaxInt32, apply),
		config.Int(in(config.GroupComponent, doc("InflightLimit", "How many QoS 1 and 2 messages may be unacknowledged; 0 = the server's Receive Maximum. Counts from the next connection on.")), &s.inflightLimit, 0, 65535, apply),
		config.Int(milliseconds(in(config.GroupComponent, doc("SelectWaitMillis", "How long DoEvents waits for an event when none is ready."))), &s.selectWaitMillis, 0, maxSeconds),
	}
}

func typed(s config.Setting, t string) config.Setting {
	s.Type = t
	return s
}

func seconds(s config.Setting) config.Setting      { return typed(s, "int, s") }
func milliseconds(s config.Setting) config.Setting { return typed(s, "int, ms") }
func intType(s config.Setting) config.Setting      { return typed(s, "int") }
func boolType(s config.Setting) config.Setting     { return typed(s, "bool") }
func hexType(s config.Setting) config.Setting      { return typed(s, "hex") }

func disconnectReasons() []int64 {
	var list []int64
	for _, code := range clientDisconnectReasons {
		list = append(list, int64(code))
	}
	return list
}

func packetText(value string) error { return packet.CheckText(value) }

func topicOrNone(value string) error {
	if value == "" {
		return nil
	}
	return packet.CheckTopicName(value)
}

func notEmpty(value string) error {
	if value == "" {
		return errors.New(errors.ErrInvalidArgument, "TopicDelimiter must not be empty.")
	}
	return nil
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func buildInfo() string {
	const module = "github.com/iotcomponents/iot"
	info, known := debug.ReadBuildInfo()
	if !known {
		return module
	}
	text := module
	for _, d := range append(info.Deps, &info.Main) {
		if d.Path == module {
			text += " " + d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Path == module {
			text += ", revision " + s.Value
		}
	}
	return text + ", " + info.GoVersion
}

// applySettings gives the protocol the settings that may change at any time. The lock is held.
func (m *MQTT) applySettings() {
	s := &m.settings
	m.client.Settings = protocol.Settings{
		RepublishInterval: secondsOf(s.republishInterval),
		PingTimeout:       secondsOf(s.pingTimeout),
		InflightLimit:     s.inflightLimit,
	}
	if l := m.link; l != nil && l.conn != nil {
		l.schedule()
	}
}

func (m *MQTT) backgroundChanged() {
	if m.background.wanted {
		m.background.ensure(m)
		return
	}
	m.background.stop(m)
}

// sendCustomPacket sends bytes of the program's own making, between two packets.
func (m *MQTT) sendCustomPacket(value string) error {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(value), ""))
	if err != nil {
		return errors.New(errors.ErrInvalidArgument, "SendCustomPacket takes pairs of hexadecimal digits.")
	}
	if !wholePacket(raw) {
		return errors.New(errors.ErrInvalidArgument, "SendCustomPacket takes one whole packet: its length field does not fit the bytes given.")
	}
	if err := m.client.SendCustom(raw); err != nil {
		return err
	}
	m.wakeWriter()
	return nil
}

// wholePacket reports whether b is a first byte, a length and as many bytes as that says; anything else would make the
// server misread all that follows.
func wholePacket(b []byte) bool {
	length, shift := 0, 0
	for i := 1; i < len(b) && i <= 4; i++ {
		length |= int(b[i]&0x7F) << shift
		shift += 7
		if b[i] < 0x80 {
			return len(b) == i+1+length
		}
	}
	return false
}
