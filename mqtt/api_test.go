package mqtt_test

import (
	"context"
	"iter"

	"github.com/iotcomponents/iot/mqtt"
)

// The exported API is a contract: ported programs compile against these signatures. What differs does not compile here.
var (
	_ func() *mqtt.MQTT = mqtt.New

	_ interface {
		CleanSession() bool
		SetCleanSession(bool) error
		ClientId() string
		SetClientId(string) error
		Connected() bool
		SetConnected(bool) error
		IncomingMessages() *mqtt.MQTTMessageList
		KeepAliveInterval() int
		SetKeepAliveInterval(int) error
		OutgoingMessages() *mqtt.MQTTMessageList
		Password() string
		SetPassword(string) error
		ReadyToSend() bool
		RemoteHost() string
		SetRemoteHost(string) error
		RemotePort() int
		SetRemotePort(int) error
		Timeout() int
		SetTimeout(int) error
		User() string
		SetUser(string) error
		Version() mqtt.MQTTVersions
		SetVersion(mqtt.MQTTVersions) error
		WillMessage() string
		SetWillMessage(string) error
		WillTopic() string
		SetWillTopic(string) error

		Config(string) (string, error)
		Connect() error
		ConnectTo(string, int) error
		Disconnect() error
		DoEvents() error
		Interrupt() error
		PublishData(string, int, []byte) error
		PublishMessage(string, int, string) error
		Reset() error
		Subscribe(string, int) error
		Unsubscribe(string) error

		Ping() error
		PublishAndWait(string, int, []byte) error
		PublishWith(string, int, []byte, mqtt.PublishProperties) (int, error)
		SubscribeWith(string, int, mqtt.SubscribeProperties) (int, error)
		UnsubscribeWith(string, mqtt.UnsubscribeProperties) (int, error)
		DisconnectWith(int, mqtt.DisconnectProperties) error
		ConnectContext(context.Context) error
		Run(context.Context) error
		EventsReady() <-chan struct{}
	} = (*mqtt.MQTT)(nil)

	_ interface {
		Count() int
		Item(int) *mqtt.MQTTMessage
		All() iter.Seq2[int, *mqtt.MQTTMessage]
	} = (*mqtt.MQTTMessageList)(nil)

	_ interface {
		ContentType() string
		CorrelationData() string
		Duplicate() bool
		Message() string
		MessageB() []byte
		MessageExpInterval() int
		PacketId() int
		PayloadFormatIndicator() int
		QoS() int
		ResponseTopic() string
		Retained() bool
		State() int
		SubscriptionIdentifiers() string
		Topic() string
		TopicAlias() int
		UserProperties() []mqtt.UserProperty
	} = (*mqtt.MQTTMessage)(nil)

	_ = mqtt.MQTT{
		OnConnected:        func(*mqtt.ConnectedEventArgs) {},
		OnConnectionStatus: func(*mqtt.ConnectionStatusEventArgs) {},
		OnDisconnected:     func(*mqtt.DisconnectedEventArgs) {},
		OnError:            func(*mqtt.ErrorEventArgs) {},
		OnLog:              func(*mqtt.LogEventArgs) {},
		OnMessageAck:       func(*mqtt.MessageAckEventArgs) {},
		OnMessageIn:        func(*mqtt.MessageInEventArgs) {},
		OnMessageOut:       func(*mqtt.MessageOutEventArgs) {},
		OnReadyToSend:      func(*mqtt.ReadyToSendEventArgs) {},
		OnSubscribed:       func(*mqtt.SubscribedEventArgs) {},
		OnUnsubscribed:     func(*mqtt.UnsubscribedEventArgs) {},
		OnBeforeConnect:    func(*mqtt.BeforeConnectEventArgs) {},
		OnConnAck:          func(*mqtt.ConnAckEventArgs) {},
		OnSubAck:           func(*mqtt.SubAckEventArgs) {},
		OnUnsubAck:         func(*mqtt.UnsubAckEventArgs) {},
		OnPubAck:           func(*mqtt.PubAckEventArgs) {},
		OnPubRec:           func(*mqtt.PubAckEventArgs) {},
		OnPubComp:          func(*mqtt.PubAckEventArgs) {},
		OnPing:             func(*mqtt.PingEventArgs) {},
	}

	_ = mqtt.PublishProperties{
		Retain: true, PayloadFormatIndicator: 1, MessageExpInterval: 1, TopicAlias: 1, ResponseTopic: "", CorrelationData: nil,
		ContentType: "", UserProperties: []mqtt.UserProperty{{Name: "", Value: ""}}, SubscriptionIdentifiers: []int{1},
	}
	_ = mqtt.SubscribeProperties{SubscriptionIdentifier: 1, NoLocal: true, RetainAsPublished: true, RetainHandling: 1, UserProperties: nil}
	_ = mqtt.DisconnectProperties{SessionExpInterval: new(int), ReasonString: "", UserProperties: nil}
)

const (
	_ mqtt.MQTTVersions = mqtt.MvV3
	_ mqtt.MQTTVersions = mqtt.MvV5
)
