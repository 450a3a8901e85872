package mqtt

import (
	"math"
	"strconv"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// baseRows is the group Base.
func baseRows() []config.Row {
	const g = group(config.GroupBase)
	return []config.Row{
		config.ReadOnly(
			g.doc("BuildInfo", "string", "What the component was built from."),
			func(*MQTT) string { return buildInfo() },
		),
		config.IntFunc(
			g.doc("CodePage", "int",
				"Code page between text and payload: PublishMessage, WillMessage, and Message of the events and "+
					"message lists. 65001 = UTF-8, where bytes pass unchanged; all 173 numbers are on the page of "+
					"code pages. MessageB is never converted."),
			func(m *MQTT) int64 { return m.settings.codePage },
			(*MQTT).setCodePageLocked, 0, math.MaxUint32,
			config.First(),
		),
		config.ReadOnly(
			g.doc("LicenseInfo", "string", "What is needed as a license: nothing."),
			func(*MQTT) string { return licenseInfo() },
		),
		config.Bool(
			g.doc("MaskSensitiveData", "bool", "Keep passwords, authentication data and payloads out of Log."),
			func(m *MQTT) *bool { return &m.settings.maskSensitiveData },
		),
		config.Bool(
			g.doc("UseInternalSecurityAPI", "bool", "No effect: crypto/tls is the only implementation."),
			func(m *MQTT) *bool { return &m.settings.inert.useInternalSecurityAPI },
		),
	}
}

// componentRows are the settings that the documented component does not have.
func componentRows() []config.Row {
	const g = group(config.GroupComponent)
	apply := config.After((*MQTT).applySettingsLocked)
	return []config.Row{
		config.Int(
			g.doc("PublishAndWaitTimeout", "int, s",
				"How long PublishAndWait, PublishAndWaitWith and SubscribeAndWait wait."),
			func(m *MQTT) *int { return &m.settings.publishAndWaitTimeout },
			1, maxSeconds,
		),
		config.Bool(
			g.doc("BackgroundEvents", "bool",
				"True: a goroutine of the component calls the event handlers, for programs that have no loop."),
			func(m *MQTT) *bool { return &m.background.wanted },
			config.After((*MQTT).backgroundChangedLocked),
		),
		config.Int(
			g.doc("PingTimeout", "int, s",
				"How long a PINGRESP may take; 0 = KeepAliveInterval. A peer that falls silent is noticed "+
					"KeepAliveInterval and PingTimeout after its last byte. Set it longer than the link takes for "+
					"what the system's send buffer holds."),
			func(m *MQTT) *int { return &m.settings.pingTimeout },
			0, maxSeconds,
			apply,
		),
		config.Bool(
			g.doc("QueueMessages", "bool",
				"True: messages are accepted without a connection too, kept in memory in the order of the calls, "+
					"and sent by the next connection. SendQueueSize bounds them: beyond it QoS 0 is refused with "+
					"10035, and QoS 1 and 2 wait for room, Timeout seconds at most. Disconnect with CleanSession "+
					"drops them, as it drops all that is unfinished."),
			func(m *MQTT) *bool { return &m.settings.queueMessages },
			apply,
		),
		config.Int(
			g.doc("SendQueueSize", "int, messages",
				"How many accepted messages may wait for a connection or the server's Receive Maximum; 0 = no bound "+
					"but 64 MiB, which holds in any case, for those that wait for their acknowledgment too: topic, "+
					"payload, properties, and 256 bytes for each."),
			func(m *MQTT) *int { return &m.settings.sendQueueSize },
			0, math.MaxInt32,
			apply,
		),
		config.ReadOnly(
			g.doc("RequestPacketId", "int",
				"Packet identifier of the Subscribe or Unsubscribe that was called last, which SubAck and UnsubAck "+
					"repeat; 0 = none yet."),
			func(m *MQTT) string { return strconv.Itoa(m.client.LastRequestID()) },
		),
		config.Int(
			g.doc("DisconnectWait", "int, s",
				"How long Disconnect waits until the server has acknowledged what was published with QoS 1 and 2; 0 "+
					"= not at all. What is not acknowledged by then stays in OutgoingMessages or, when the session "+
					"ends with CleanSession, is dropped; OnError tells each with error 212."),
			func(m *MQTT) *int { return &m.settings.disconnectWait },
			0, maxSeconds,
		),
		config.Func(
			g.doc("QueueFullPolicy", "string",
				"What happens when SendQueueSize or its 64 MiB are reached, without a connection or behind the "+
					"server's Receive Maximum. Refuse: publishing waits or is refused. DropOldest: the message that "+
					"has waited longest, and was never sent, is given up for the new one; OnError tells it with "+
					"10055."),
			(*MQTT).queueFullPolicyLocked,
			(*MQTT).setQueueFullPolicyLocked,
		),
		config.Int(
			g.doc("MaxIncomingPacketSize", "int, bytes",
				"How large a packet of the server may be; 0 = as large as MQTT allows, 256 MB. In version 5 Connect "+
					"announces it as Maximum Packet Size, unless ConnectProperties has one, which holds then; a "+
					"larger packet ends the connection with DISCONNECT 0x95 and Error 500. In 3.1.1 the server does "+
					"not learn of it, and a larger packet ends the connection with Error 10040. Counts from the "+
					"next connection on."),
			func(m *MQTT) *int { return &m.settings.maxIncomingPacketSize },
			0, packet.MaxPacketSize,
		),
		config.Int(
			g.doc("IncomingMemoryLimit", "int, bytes",
				"How much memory a server can make the component hold: what waits for the program to pump, and QoS "+
					"2 messages without PUBREL, topic aliases, and subscriptions without SUBACK. Topics, properties "+
					"and some 256 bytes for each message count. Beyond it reading pauses until the program pumps; "+
					"where that would not help, the connection ends with Error 10055, in version 5 after DISCONNECT "+
					"0x97, and Subscribe is refused with error 10055. While a handler waits for the server, twice as "+
					"much."),
			func(m *MQTT) *int { return &m.settings.incomingMemoryLimit },
			64<<10, math.MaxInt32,
			apply,
		),
		config.Int(
			g.doc("InflightLimit", "int",
				"How many QoS 1 and 2 messages may be unacknowledged; 0 = the server's Receive Maximum. Counts from "+
					"the next connection on."),
			func(m *MQTT) *int { return &m.settings.inflightLimit },
			0, 65535,
			apply,
		),
		config.Int(
			g.doc("RepublishAttempts", "int",
				"3.1.1: how often a PUBLISH is sent again on one connection before it is given up with Error 201; 0 "+
					"= no limit."),
			func(m *MQTT) *int { return &m.settings.republishAttempts },
			0, math.MaxInt32,
			apply,
		),
		config.Int(
			g.doc("RepublishTimeout", "int, s",
				"3.1.1: how long after it was first sent on a connection a PUBLISH without PUBACK or PUBREC is "+
					"given up with Error 201; 0 = no limit."),
			func(m *MQTT) *int { return &m.settings.republishTimeout },
			0, maxSeconds,
			apply,
		),
		config.Int(
			g.doc("AckTimeout", "int, s",
				"How long SUBACK and UNSUBACK may take before Error 201 reports that they are missing; 0 = for ever."),
			func(m *MQTT) *int { return &m.settings.ackTimeout },
			0, maxSeconds,
			apply,
		),
		config.Int(
			g.doc("ReconnectDelayMin", "int, s",
				"AutoReconnect: wait before the first attempt; each further wait is twice as long. All vary by a "+
					"fifth."),
			func(m *MQTT) *int { return &m.reconnect.delayMin },
			1, maxSeconds,
		),
		config.Int(
			g.doc("ReconnectDelayMax", "int, s",
				"AutoReconnect: the longest wait between attempts. A connection that has stood as long starts the "+
					"waits from the first again."),
			func(m *MQTT) *int { return &m.reconnect.delayMax },
			1, maxSeconds,
		),
		config.Int(
			g.doc("ReconnectAttempts", "int",
				"AutoReconnect: how many attempts in a row may fail before Error tells that it gives up; 0 = no "+
					"limit."),
			func(m *MQTT) *int { return &m.reconnect.attempts },
			0, math.MaxInt32,
		),
		config.Bool(
			g.v5("AllowReceiveMaximumExceeded", "bool",
				"True: a server may send more QoS 1 and 2 messages at a time than the ReceiveMaximum of "+
					"ConnectProperties, as mosquitto 2.0.11 does when it sends what it has kept. False: the "+
					"connection ends with DISCONNECT 0x93, as MQTT asks."),
			func(m *MQTT) *bool { return &m.settings.allowExcess },
			apply,
		),
		config.Bool(
			g.doc("AllowControlCharacters", "bool",
				"True: topics and topic filters may have control characters (U+0001 to U+001F, U+007F to U+009F) "+
					"and what is no character of Unicode. MQTT allows both and lets a receiver end the connection "+
					"because of them, as mosquitto does; an accepted message would end each connection on which it "+
					"is sent again."),
			func(m *MQTT) *bool { return &m.settings.allowControlCharacters },
			apply,
		),
		config.Bool(
			g.doc("ConnectRetry", "bool",
				"True: Connect goes on when its first attempt fails, with the waits, the limit of attempts and the "+
					"events of AutoReconnect, until it succeeds, the server refuses for good, or Interrupt, "+
					"Disconnect or a context ends it. Connect waits for that, and with Timeout 0 it goes on in the "+
					"background. Inside a handler Connect makes one attempt."),
			func(m *MQTT) *bool { return &m.reconnect.retryFirst },
		),
		config.IntList(
			g.doc("ReconnectOn", "list of int",
				"AutoReconnect: reason codes of the server that are to be followed by another attempt, and with a "+
					"minus sign those that are not, for example 152,-136; for all others docs/reconnecting.md says "+
					"what is done."),
			func(m *MQTT) *[]int { return &m.settings.reconnectOn },
			-255, 255,
		),
		config.ReadOnly(
			g.doc("ReconnectAttempt", "int", "AutoReconnect: number of the attempt under way or waited for; 0 = none."),
			func(m *MQTT) string { return strconv.Itoa(m.reconnect.attempt) },
		),
		config.ReadOnly(
			g.doc("QueuedMessages", "int",
				"How many accepted messages wait for a connection, the server's Receive Maximum or InflightLimit."),
			func(m *MQTT) string { return strconv.Itoa(m.client.HeldBack()) },
		),
		config.Bool(
			g.doc("Resubscribe", "bool",
				"AutoReconnect: each connection brings the server to the subscriptions that the program wants. When "+
					"the server has no session any more, those of the last connection are made again, with all their "+
					"options, before anything else is sent; Subscribe and Unsubscribe without an answer follow, and "+
					"both are accepted while the connection is away."),
			func(m *MQTT) *bool { return &m.settings.resubscribe },
			apply,
		),
		config.String(
			g.doc("JournalDir", "string",
				"Folder for the journal of ClientId, which brings the unfinished messages over a crash: a QoS 1 or "+
					"2 message is on disk when its publish returns, and with CleanSession False QoS 2 stays exactly "+
					"once. The next Connect with the same ClientId takes them over. PUBACK and PUBCOMP for a "+
					"received message leave when its MessageIn has returned. Nothing is dropped by Disconnect with "+
					"CleanSession; Reset deletes the journal. \"\" = memory only. Error 302 of Connect or a publish "+
					"tells that the disk refuses."),
			func(m *MQTT) *string { return &m.settings.journalDir },
			config.Before((*MQTT).checkJournalDirLocked),
			config.After((*MQTT).journalDirChangedLocked),
		),
		config.String(
			g.doc("SSLALPN", "string",
				"Application protocols offered in the TLS handshake, separated by commas; \"\" = none."),
			func(m *MQTT) *string { return &m.settings.tls.ALPN },
		),
		config.String(
			g.doc("WebSocketHeaders", "string",
				"Further header lines \"Name: value\" of the WebSocket upgrade, separated by CR LF."),
			func(m *MQTT) *string { return &m.settings.webSocketHeaders },
			config.Secret(),
			config.Check(harmless(transport.CheckHeaders)),
		),
		config.Int(
			g.doc("SelectWaitMillis", "int, ms", "How long DoEvents waits for an event when none is ready."),
			func(m *MQTT) *int { return &m.settings.selectWaitMillis },
			0, maxSeconds,
		),
		config.Bool(
			g.v5("FollowServerReference", "bool",
				"True: when a server answers with the reason code 0x9C (Use another server) or 0x9D (Server moved) "+
					"and names others in its Server Reference, connect to those: Connect within the time of its "+
					"attempt, AutoReconnect after a DISCONNECT too. They get ClientId, User, Password, "+
					"WebSocketHeaders and the certificate that the first one would get, over the same scheme, and "+
					"TLS verifies them under their own names; False because the server, and without TLS whoever is "+
					"in between, thereby chooses who gets these."),
			func(m *MQTT) *bool { return &m.hosts.follow },
		),
		config.Func(
			g.doc("RemoteHosts", "string",
				"Up to 16 further servers, separated by commas, that Connect and AutoReconnect try in this order "+
					"when RemoteHost cannot be reached, does not answer in time, is unavailable or busy, or sends "+
					"the client elsewhere; \"\" = none. An entry is host, host:port or [IPv6]:port, reached over "+
					"the scheme and path of RemoteHost and on its port if it names none, or a URL, on the port of "+
					"its scheme if it names none. Counts from the next attempt on."),
			func(m *MQTT) string { return m.hosts.text },
			(*MQTT).setRemoteHostsLocked,
		),
		config.Func(
			g.doc("HostOrder", "string",
				"In which order an attempt tries RemoteHost and RemoteHosts. Listed: as they are listed; "+
					"AutoReconnect begins with the server of the last connection, since it has the session. "+
					"Random: each attempt in another order, which spreads clients over servers. RoundRobin: each "+
					"attempt begins with the server behind the one that the last attempt began with. Counts from "+
					"the next attempt on."),
			(*MQTT).hostOrderLocked,
			(*MQTT).setHostOrderLocked,
		),
		config.Bool(
			g.v5("AutoTopicAlias", "bool",
				"True: topics that are published again are replaced by topic aliases, as far as the server takes "+
					"them. Messages that name an alias themselves keep theirs."),
			func(m *MQTT) *bool { return &m.settings.autoTopicAlias },
			apply,
		),
		config.String(
			g.doc("SSLServerName", "string",
				"Name that TLS sends to the server and checks its certificate for, in the place of the host of "+
					"RemoteHost: for a server that is reached by an address, through a tunnel or behind a router by "+
					"name. For servers of RemoteHosts too."),
			func(m *MQTT) *string { return &m.settings.tls.ServerName },
			config.Check(transport.CheckServerName),
		),
		config.Bool(
			g.doc("WebSocketAnyProtocol", "bool",
				"True: accept a WebSocket server that agrees to another subprotocol than mqtt, or to none. "+
					"mqttv3.1, which old servers know, is offered too."),
			func(m *MQTT) *bool { return &m.settings.anySubprotocol },
		),
	}
}

func (m *MQTT) backgroundChangedLocked() {
	if m.background.wanted {
		m.background.ensureLocked(m)
		return
	}
	m.background.stopLocked(m)
}

// harmless is a check of a secret whose reasons may be shown.
func harmless(check func(value string) error) func(value string) error {
	return func(value string) error {
		if err := check(value); err != nil {
			return config.Reason(err.Error())
		}
		return nil
	}
}
