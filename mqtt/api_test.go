package mqtt_test

import (
	"context"
	"crypto/tls"
	"io"
	"iter"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
)

// The exported API is a contract: ported programs compile against these signatures. What differs does not compile here.
var (
	_ func() *mqtt.MQTT               = mqtt.New
	_ func(...*mqtt.MQTT) *mqtt.Group = mqtt.NewGroup

	_ interface {
		Add(...*mqtt.MQTT)
		Remove(...*mqtt.MQTT)
		DoEvents() error
		Run(context.Context) error
		EventsReady() <-chan struct{}
	} = (*mqtt.Group)(nil)

	_ interface {
		CleanSession() bool
		SetCleanSession(bool) error
		ClientId() string
		SetClientId(string) error
		Connected() bool
		SetConnected(bool) error
		Firewall() *firewall.Firewall
		SetFirewall(*firewall.Firewall) error
		IncomingMessages() *mqtt.MQTTMessageList
		KeepAliveInterval() int
		SetKeepAliveInterval(int) error
		LocalHost() string
		SetLocalHost(string) error
		LocalPort() int
		SetLocalPort(int) error
		OutgoingMessages() *mqtt.MQTTMessageList
		Password() string
		SetPassword(string) error
		ReadyToSend() bool
		RemoteHost() string
		SetRemoteHost(string) error
		RemotePort() int
		SetRemotePort(int) error
		SSLAcceptServerCert() *certificate.Certificate
		SetSSLAcceptServerCert(*certificate.Certificate) error
		SSLCert() *certificate.Certificate
		SetSSLCert(*certificate.Certificate) error
		SSLEnabled() bool
		SetSSLEnabled(bool) error
		SSLProvider() mqtt.MQTTSSLProviders
		SetSSLProvider(mqtt.MQTTSSLProviders) error
		SetTLSConfig(*tls.Config) error
		SSLServerCert() *certificate.Certificate
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
		RestoreSession(string) error
		SaveSession() (string, error)
		Stats() mqtt.Stats
		Subscribe(string, int) error
		Unsubscribe(string) error

		Ping() error
		PublishAndWait(string, int, []byte) error
		PublishWith(string, int, []byte, mqtt.PublishProperties) (int, error)
		SubscribeWith(string, int, mqtt.SubscribeProperties) (int, error)
		UnsubscribeWith(string, mqtt.UnsubscribeProperties) (int, error)
		DisconnectWith(int, mqtt.DisconnectProperties) error
		Auth(bool, mqtt.AuthProperties) error
		ConnectContext(context.Context) error
		Run(context.Context) error
		EventsReady() <-chan struct{}

		LoadConfig(io.Reader) error
		SubscribeMany([]mqtt.Subscription, mqtt.SubscribeProperties) (int, error)
		SubscribeAndWait(string, int) error
		PublishAndWaitWith(string, int, []byte, mqtt.PublishProperties) error
		Handle(string, func(*mqtt.MessageInEventArgs))
		SaveConfig(io.Writer, bool) error
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
		OnConnected:               func(*mqtt.ConnectedEventArgs) {},
		OnConnectionStatus:        func(*mqtt.ConnectionStatusEventArgs) {},
		OnDisconnected:            func(*mqtt.DisconnectedEventArgs) {},
		OnError:                   func(*mqtt.ErrorEventArgs) {},
		OnLog:                     func(*mqtt.LogEventArgs) {},
		OnMessageAck:              func(*mqtt.MessageAckEventArgs) {},
		OnMessageIn:               func(*mqtt.MessageInEventArgs) {},
		OnMessageOut:              func(*mqtt.MessageOutEventArgs) {},
		OnReadyToSend:             func(*mqtt.ReadyToSendEventArgs) {},
		OnSSLServerAuthentication: func(*mqtt.SSLServerAuthenticationEventArgs) {},
		OnSSLStatus:               func(*mqtt.SSLStatusEventArgs) {},
		OnSubscribed:              func(*mqtt.SubscribedEventArgs) {},
		OnUnsubscribed:            func(*mqtt.UnsubscribedEventArgs) {},
		OnBeforeConnect:           func(*mqtt.BeforeConnectEventArgs) {},
		OnConnAck:                 func(*mqtt.ConnAckEventArgs) {},
		OnSubAck:                  func(*mqtt.SubAckEventArgs) {},
		OnUnsubAck:                func(*mqtt.UnsubAckEventArgs) {},
		OnPubAck:                  func(*mqtt.PubAckEventArgs) {},
		OnPubRec:                  func(*mqtt.PubAckEventArgs) {},
		OnPubComp:                 func(*mqtt.PubAckEventArgs) {},
		OnPing:                    func(*mqtt.PingEventArgs) {},
		OnAuth:                    func(*mqtt.AuthEventArgs) {},
	}

	// A conversion compiles only while all fields have these names and types, in this order.
	_ = []any{
		struct {
			StatusCode  int
			Description string
		}(mqtt.ConnectedEventArgs{}),
		struct {
			ConnectionEvent string
			StatusCode      int
			Description     string
		}(mqtt.ConnectionStatusEventArgs{}),
		struct {
			StatusCode      int
			Description     string
			ReasonCode      int
			ReasonName      string
			ReasonString    string
			ServerReference string
			UserProperties  []mqtt.UserProperty
		}(mqtt.DisconnectedEventArgs{}),
		struct {
			ErrorCode   int
			Description string
			ReasonCode  int
			Tag         any
		}(mqtt.ErrorEventArgs{}),
		struct {
			LogLevel int
			Message  string
			LogType  string
		}(mqtt.LogEventArgs{}),
		struct {
			PacketId     int
			Direction    int
			Index        int
			ResponseCode int
			Tag          any
		}(mqtt.MessageAckEventArgs{}),
		func(e mqtt.MessageInEventArgs) (int, string, int, string, []byte, bool, bool, *mqtt.PublishProperties) {
			return e.PacketId, e.Topic, e.QOS, e.Message, e.MessageB, e.Retained, e.Duplicate, e.Properties
		}, // which has more that is not exported
		(*mqtt.MessageInEventArgs).Defer, (*mqtt.Delivery).Ack,
		struct {
			PacketId  int
			Topic     string
			QOS       int
			Message   string
			MessageB  []byte
			Retained  bool
			Duplicate bool
			Tag       any
		}(mqtt.MessageOutEventArgs{}),
		struct{}(mqtt.ReadyToSendEventArgs{}),
		struct {
			CertEncoded  string
			CertEncodedB []byte
			CertSubject  string
			CertIssuer   string
			Status       string
			Accept       bool
		}(mqtt.SSLServerAuthenticationEventArgs{}),
		struct{ Message string }(mqtt.SSLStatusEventArgs{}),
		struct {
			TopicFilter  string
			QOS          int
			ResponseCode int
		}(mqtt.SubscribedEventArgs{}),
		struct {
			TopicFilters string
			ResponseCode int
		}(mqtt.UnsubscribedEventArgs{}),
		struct {
			ClientId     string
			CleanSession bool
		}(mqtt.BeforeConnectEventArgs{}),
		struct {
			SessionPresent bool
			ReasonCode     int
			ReasonName     string
			Properties     string
		}(mqtt.ConnAckEventArgs{}),
		struct {
			PacketId       int
			TopicFilters   []string
			ReasonCodes    []int
			ReasonString   string
			UserProperties []mqtt.UserProperty
		}(mqtt.SubAckEventArgs{}),
		struct {
			PacketId       int
			TopicFilters   []string
			ReasonCodes    []int
			ReasonString   string
			UserProperties []mqtt.UserProperty
		}(mqtt.UnsubAckEventArgs{}),
		struct {
			PacketId       int
			ReasonCode     int
			ReasonName     string
			ReasonString   string
			UserProperties []mqtt.UserProperty
			Tag            any
		}(mqtt.PubAckEventArgs{}),
		struct{ RoundTrip time.Duration }(mqtt.PingEventArgs{}),
		struct {
			ReasonCode     int
			ReasonName     string
			AuthMethod     string
			AuthData       []byte
			ReasonString   string
			UserProperties []mqtt.UserProperty
		}(mqtt.AuthEventArgs{}),
		struct {
			Name  string
			Value string
		}(mqtt.UserProperty{}),
		struct {
			Retain                  bool
			PayloadFormatIndicator  int
			MessageExpInterval      int
			TopicAlias              int
			ResponseTopic           string
			CorrelationData         []byte
			ContentType             string
			UserProperties          []mqtt.UserProperty
			SubscriptionIdentifiers []int
			Tag                     any
		}(mqtt.PublishProperties{}),
		struct {
			SubscriptionIdentifier int
			NoLocal                bool
			RetainAsPublished      bool
			RetainHandling         int
			UserProperties         []mqtt.UserProperty
		}(mqtt.SubscribeProperties{}),
		struct{ UserProperties []mqtt.UserProperty }(mqtt.UnsubscribeProperties{}),
		struct {
			SessionExpInterval *int
			ReasonString       string
			UserProperties     []mqtt.UserProperty
		}(mqtt.DisconnectProperties{}),
		struct {
			AuthMethod     string
			AuthData       []byte
			ReasonString   string
			UserProperties []mqtt.UserProperty
		}(mqtt.AuthProperties{}),
	}

	// An index of 0 in an array of one element compiles only while the constant has this value.
	_ = []int{
		[1]int{}[mqtt.MvV3], [1]int{}[mqtt.MvV5-1],
		[1]int{}[mqtt.SslpAutomatic], [1]int{}[mqtt.SslpPlatform-1], [1]int{}[mqtt.SslpInternal-2],
	}
)

const (
	_ mqtt.MQTTVersions     = mqtt.MvV5
	_ mqtt.MQTTSSLProviders = mqtt.SslpInternal
)
