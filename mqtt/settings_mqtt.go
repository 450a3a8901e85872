package mqtt

import (
	"math"
	"strconv"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// mqttRows is the group MQTT.
func mqttRows() []config.Row {
	const g = group(config.GroupMQTT)
	apply := config.After((*MQTT).applySettingsLocked)
	encodeAnew := config.After(func(m *MQTT) { m.settings.outgoing.changed() })
	sayOurs := config.After(func(m *MQTT) { m.settings.disconnectIsServers = false })
	oursOr := func(name, unset string) config.Option { // not what the server's DISCONNECT said
		return config.Assigned(func(m *MQTT) (string, bool) {
			if m.settings.disconnectIsServers {
				return unset, true
			}
			value, err := m.registry.Config(name)
			return value, err == nil
		})
	}
	received := func(m *MQTT) []UserProperty { return m.properties.incomingUser() }
	receivedCount := func(m *MQTT) int { return len(received(m)) }
	outgoingCount := func(m *MQTT) int { return len(m.settings.outgoing.user) }
	return []config.Row{
		config.Bool(
			g.doc("AutoReconnect", "bool",
				"Connect again by itself after a connection was lost through an error: after 1, 2, 4, 8, 16, 32 and "+
					"then every 60 seconds, in the background. Disconnect, Interrupt, Reset and a taken-over "+
					"ClientId end it, and so do refused credentials unless OnBeforeConnect has a handler, which may "+
					"bring others."),
			func(m *MQTT) *bool { return &m.reconnect.wanted },
			config.After((*MQTT).reconnectChangedLocked),
		),
		config.Int64(
			g.v5("ClientTopicAliasMax", "int",
				"Highest topic alias accepted from the server; 0 = none, as is -1. Sent by Connect unless 0."),
			func(m *MQTT) *int64 { return &m.settings.connectProperties.topicAliasMaximum },
			0, 65535,
			config.Unset(-1),
			config.After(func(m *MQTT) { m.settings.connectProperties.normalise() }),
		),
		config.JSON(
			readOnly(g.v5("ConnAckProperties", "JSON", "What CONNACK said, as JSON.")),
			func(m *MQTT) *packet.Properties { return &m.settings.connAck },
			connAckBag(),
		),
		config.Int(
			g.doc("ConnectionTimeout", "int, s",
				"How long an attempt to connect may take, from the name look-up to CONNACK; 0 = Timeout."),
			func(m *MQTT) *int { return &m.settings.connectionTimeout },
			0, maxSeconds,
		),
		config.JSON(
			g.v5("ConnectProperties", "JSON", "Properties of CONNECT, as JSON."),
			func(m *MQTT) *connectBag { return &m.settings.connectProperties },
			newConnectBag(),
		),
		config.JSON(
			g.v5("DisconnectProperties", "JSON",
				"Properties of our DISCONNECT, as JSON; after one from the server what it said, until the next "+
					"connection."),
			func(m *MQTT) *disconnectBag { return &m.settings.disconnect },
			newDisconnectBag(),
			sayOurs,
			oursOr("DisconnectProperties", ""),
		),
		config.Int(
			g.v5("DisconnectReasonCode", "int",
				"Reason code of our DISCONNECT, 4 to have the will published; after one from the server its code, "+
					"until the next connection."),
			func(m *MQTT) *int { return &m.settings.disconnectReasonCode },
			0, 255,
			config.OneOf(disconnectReasons()...),
			sayOurs,
			oursOr("DisconnectReasonCode", "0"),
		),
		config.Bool(
			g.doc("Duplicate", "bool",
				"DUP flag of the QoS 1 and 2 messages published from now on. Repetitions have it in any case."),
			func(m *MQTT) *bool { return &m.settings.duplicate },
		),
		config.ReadOnly(
			g.v5("IncomingUserPropCount", "int",
				"Number of user properties of the message received last, inside MessageAck and MessageIn of their "+
					"message."),
			func(m *MQTT) string { return strconv.Itoa(receivedCount(m)) },
		),
		config.ReadOnlyIndexed(
			g.v5("IncomingUserPropName", "string", "Name of a user property of the message received last."),
			receivedCount,
			func(m *MQTT, i int) string { return received(m)[i].Name },
		),
		config.ReadOnlyIndexed(
			g.v5("IncomingUserPropValue", "string", "Value of a user property of the message received last."),
			receivedCount,
			func(m *MQTT, i int) string { return received(m)[i].Value },
		),
		config.Int(
			g.doc("LogLevel", "int",
				"Which Log events fire: 0 none, 1 information, 2 also each packet, 3 also its fields and bytes."),
			func(m *MQTT) *int { return &m.settings.logLevel },
			0, logDebug,
			config.After((*MQTT).traceChangedLocked),
		),
		config.JSON(
			g.v5("OutgoingMessageProperties", "JSON", "Properties of the messages published from now on, as JSON."),
			func(m *MQTT) *outgoingBag { return &m.settings.outgoing },
			newOutgoingBag(),
			encodeAnew,
		),
		config.ReadOnly(
			g.doc("OutgoingPacketId", "int", "Packet identifier of the QoS 1 or 2 message published last."),
			func(m *MQTT) string { return strconv.Itoa(m.client.LastPacketID()) },
		),
		config.IntFunc(
			g.v5("OutgoingUserPropCount", "int",
				"Number of user properties of the messages published from now on; grows and shrinks the two arrays."),
			outgoingCount,
			func(m *MQTT, n int) error { return m.settings.outgoing.resize(n) },
			0, 65535,
			config.First(),
			encodeAnew,
		),
		config.IndexedString(
			g.v5("OutgoingUserPropName", "string", "Name of a user property of the messages published from now on."),
			outgoingCount,
			func(m *MQTT, i int) *string { return &m.settings.outgoing.user[i].Name },
			encodeAnew,
			config.Check(packetText),
		),
		config.IndexedString(
			g.v5("OutgoingUserPropValue", "string", "Value of a user property of the messages published from now on."),
			outgoingCount,
			func(m *MQTT, i int) *string { return &m.settings.outgoing.user[i].Value },
			encodeAnew,
			config.Check(packetText),
		),
		config.Int(
			g.doc("RepublishInterval", "int, s",
				"3.1.1: wait for PUBACK or PUBREC before a PUBLISH is sent again; 0 = never. Version 5 forbids it."),
			func(m *MQTT) *int { return &m.settings.republishInterval },
			0, maxSeconds,
			apply,
		),
		config.String(
			g.v5("ResponseTopic", "string", "Response topic of the messages published from now on; \"\" = none."),
			func(m *MQTT) *string { return &m.settings.outgoing.responseTopic },
			config.Check(topicOrNone),
			config.Code(errors.ErrInvalidTopicName),
			encodeAnew,
		),
		config.Bool(
			g.doc("Retain", "bool", "RETAIN flag of the messages published from now on."),
			func(m *MQTT) *bool { return &m.settings.retain },
		),
		config.Func(
			g.doc("SendCustomPacket", "string",
				"Assigning sends these bytes, in hexadecimal, as one packet; no answer to it is expected."),
			nil, (*MQTT).sendCustomPacketLocked,
			config.Action(),
		),
		config.ReadOnly(
			g.v5("ServerTopicAliasMax", "int", "Highest topic alias that the server accepts; 0 = none."),
			func(m *MQTT) string { return strconv.Itoa(m.settings.serverTopicAliasMax) },
		),
		config.Int64(
			g.v5("SessionExpInterval", "int64, s",
				"How long the server keeps the session after the connection; 4294967295 = for ever. Sent by Connect "+
					"unless 0."),
			func(m *MQTT) *int64 { return &m.settings.connectProperties.sessionExpiry },
			0, math.MaxUint32,
			config.Unset(-1),
			config.After(func(m *MQTT) { m.settings.connectProperties.normalise() }),
		),
		config.ReadOnly(
			g.doc("SessionPresent", "bool", "Whether the server had a session when it accepted the connection."),
			func(m *MQTT) string { return boolText(m.settings.sessionPresent) },
		),
		config.String(
			g.doc("SessionStateFile", "string",
				"File that SaveSession writes and RestoreSession reads; \"\" = none, the text is returned and "+
					"passed."),
			func(m *MQTT) *string { return &m.settings.sessionStateFile },
		),
		config.Int(
			g.v5("SubscriptionIdentifier", "int",
				"Subscription identifier of the subscriptions made from now on; -1 = none."),
			func(m *MQTT) *int { return &m.settings.subscriptionIdentifier },
			1, packet.MaxVariableByteInteger,
			config.Unset(-1),
		),
		config.Int64(
			g.v5("TopicAlias", "int",
				"Topic alias of the messages published from now on; -1 = none. With a topic it maps the alias, with "+
					"an empty one it uses it."),
			func(m *MQTT) *int64 { return &m.settings.outgoing.topicAlias },
			1, 65535,
			config.Unset(-1),
		),
		config.String(
			g.doc("TopicDelimiter", "string", "Separator of the topic filters of Subscribe and Unsubscribe."),
			func(m *MQTT) *string { return &m.settings.topicDelimiter },
			config.Check(notEmpty),
		),
		config.BoolList(
			g.v5("TopicNLArray", "list of bool",
				"No Local for each topic filter of Subscribe; the last value holds for the rest."),
			func(m *MQTT) *[]bool { return &m.settings.topicNL },
		),
		config.IntList(
			g.doc("TopicQOSArray", "list of int",
				"QoS for each topic filter of Subscribe, instead of its argument; the last value holds for the rest."),
			func(m *MQTT) *[]int { return &m.settings.topicQOS },
			0, 2,
			config.Code(errors.ErrInvalidQoS),
		),
		config.BoolList(
			g.v5("TopicRAPArray", "list of bool",
				"Retain As Published for each topic filter of Subscribe; the last value holds for the rest."),
			func(m *MQTT) *[]bool { return &m.settings.topicRAP },
		),
		config.IntList(
			g.v5("TopicRHArray", "list of int",
				"Retain Handling for each topic filter of Subscribe; the last value holds for the rest."),
			func(m *MQTT) *[]int { return &m.settings.topicRH },
			0, 2,
		),
		config.JSON(
			g.v5("WillProperties", "JSON", "Properties of the will, as JSON. Ignored while WillTopic is empty."),
			func(m *MQTT) *willBag { return &m.settings.will },
			newWillBag(),
		),
		config.Int(
			g.doc("WillQOS", "int", "QoS of the will."),
			func(m *MQTT) *int { return &m.settings.willQOS },
			0, 2,
			config.Code(errors.ErrInvalidQoS),
		),
		config.Bool(
			g.doc("WillRetain", "bool", "RETAIN flag of the will."),
			func(m *MQTT) *bool { return &m.settings.willRetain },
		),
	}
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
