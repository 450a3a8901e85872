package packet

import "testing"

// Decoding never allocates, and encoding does not when the slice has the capacity.
func TestAllocations(t *testing.T) {
	props := Properties(nil).AppendString(PropReasonString, "because").AppendUserProperty("k", "straße")
	long := "a topic of more than thirty-two bytes/straße"
	publish := Publish{QoS: 1, Topic: []byte(long), PacketID: 1, Payload: make([]byte, 64), Properties: Properties(nil).AppendUint(PropTopicAlias, 1).AppendString(PropResponseTopic, long)}
	connect := Connect{ClientID: []byte(long), HasWill: true, Will: Will{Topic: []byte(long)}, HasUserName: true, UserName: []byte(long)}
	connack := Connack{Properties: props}
	puback := Ack{1, QuotaExceeded, props}
	suback := Suback{1, props, wire("00 01 02")}
	unsuback := Unsuback{1, props, wire("00 11")}
	subscribe := Subscribe{PacketID: 1, Filters: FilterList(nil).AppendSubscription("$share/g/"+long, 1).AppendSubscription(long+"/#", 2)}
	unsubscribe := Unsubscribe{PacketID: 1, Filters: FilterList(nil).AppendFilter("$share/g/" + long)}
	disconnect := Disconnect{ServerMoved, props}
	auth := Auth{ContinueAuthentication, props.AppendString(PropAuthenticationMethod, "m")}
	body := func(b []byte) []byte {
		_, size := readVarint(b[1:])
		return b[1+size:]
	}
	var (
		publishBody     = body(AppendPublish(nil, V5, &publish))
		connectBody     = body(AppendConnect(nil, V5, &connect))
		connackBody     = body(AppendConnack(nil, V5, &connack))
		pubackBody      = body(AppendAck(nil, V5, PUBACK, &puback))
		subackBody      = body(AppendSuback(nil, V5, &suback))
		unsubackBody    = body(AppendUnsuback(nil, V5, &unsuback))
		subscribeBody   = body(AppendSubscribe(nil, V5, &subscribe))
		unsubscribeBody = body(AppendUnsubscribe(nil, V5, &unsubscribe))
		disconnectBody  = body(AppendDisconnect(nil, V5, &disconnect))
		authBody        = body(AppendAuth(nil, &auth))

		buf = make([]byte, 0, 1024)
		err error
	)
	for _, row := range []struct {
		name string
		do   func()
	}{
		{"ReadHeader", func() { _, _, err = ReadHeader(V5, FromServer, []byte{0x30, 0x80, 0x01}) }},
		{"DecodePublish", func() { _, err = DecodePublish(V5, FromServer, 0x32, publishBody) }},
		{"DecodeConnect", func() { _, _, err = DecodeConnect(connectBody) }},
		{"DecodeConnack", func() { _, err = DecodeConnack(V5, connackBody) }},
		{"DecodeAck", func() { _, err = DecodeAck(V5, FromServer, PUBACK, pubackBody) }},
		{"DecodeAck short", func() { _, err = DecodeAck(V5, FromServer, PUBACK, pubackBody[:2]) }},
		{"DecodeSuback", func() { _, err = DecodeSuback(V5, subackBody) }},
		{"DecodeUnsuback", func() { _, err = DecodeUnsuback(V5, unsubackBody) }},
		{"DecodeSubscribe", func() { _, err = DecodeSubscribe(V5, subscribeBody) }},
		{"DecodeUnsubscribe", func() { _, err = DecodeUnsubscribe(V5, unsubscribeBody) }},
		{"DecodeDisconnect", func() { _, err = DecodeDisconnect(V5, FromServer, disconnectBody) }},
		{"DecodeAuth", func() { _, err = DecodeAuth(FromServer, authBody) }},
		{"CheckTopicName", func() { err = CheckTopicName(long) }},
		{"CheckTopicFilter", func() { err = CheckTopicFilter(V5, long) }},
		{"CheckText", func() { err = CheckText(long) }},
		{"Properties", func() {
			for range props.UserProperties() {
				_, _ = props.Bytes(PropReasonString)
			}
		}},
		{"AppendPublishHeader", func() { AppendPublishHeader(buf, V5, 0x32, long, 1, publish.Properties, 64) }},
		{"AppendPublish", func() { AppendPublish(buf, V5, &publish) }},
		{"AppendConnect", func() { AppendConnect(buf, V5, &connect) }},
		{"AppendConnack", func() { AppendConnack(buf, V5, &connack) }},
		{"AppendAck", func() { AppendAck(buf, V5, PUBACK, &puback) }},
		{"AppendShortAck", func() { AppendShortAck(buf, PUBACK, 1) }},
		{"AppendSuback", func() { AppendSuback(buf, V5, &suback) }},
		{"AppendSubscribe", func() { AppendSubscribe(buf, V5, &subscribe) }},
		{"AppendUnsubscribe", func() { AppendUnsubscribe(buf, V5, &unsubscribe) }},
		{"AppendDisconnect", func() { AppendDisconnect(buf, V5, &disconnect) }},
		{"AppendAuth", func() { AppendAuth(buf, &auth) }},
		{"AppendPingreq", func() { AppendPingreq(buf) }},
	} {
		if n := testing.AllocsPerRun(100, row.do); n != 0 || err != nil {
			t.Errorf("%s: %v allocations, %v", row.name, n, err)
		}
	}
}
