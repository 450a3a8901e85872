// Package porting_test has the samples of the documentation of IPWorks IoT MQTT, the documented component, one Example each. Errors of
// calls with constants are left out as they are there; must looks at the others.
package porting_test

import (
	"fmt"
	"log"
	"net/url"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

// startServer is the server of the samples.
func startServer() (host string, port int, stop func()) {
	server, err := broker.Start(broker.Options{})
	must(err)
	address, err := url.Parse(server.URL)
	must(err)
	port, err = strconv.Atoi(address.Port())
	must(err)
	return address.Hostname(), port, server.Stop
}

// connected is a component of a version with a connection.
func connected(host string, port int, version mqtt.MQTTVersions) *mqtt.MQTT {
	m := mqtt.New()
	must(m.SetVersion(version))
	must(m.ConnectTo(host, port))
	return m
}

// pump calls handlers until done.
func pump(m *mqtt.MQTT, done func() bool) {
	for !done() && m.Connected() {
		must(m.DoEvents())
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func Example_connecting() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetClientId("sample")
	m.SetCleanSession(true)
	m.SetKeepAliveInterval(30)
	m.SetWillTopic("wills/" + m.ClientId())
	m.SetWillMessage("sample is gone")
	must(m.ConnectTo(host, port))
	fmt.Println(m.Connected())
	m.Disconnect()
	// Output: true
}

func Example_connectingByProperties() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetRemoteHost(host)
	m.SetRemotePort(port)
	must(m.Connect())
	fmt.Println(m.Connected())
	m.SetConnected(false)
	// Output: true
}

func Example_subscribing() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	answers := 0
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) {
		answers++
		if e.ResponseCode <= 2 {
			fmt.Println(e.TopicFilter, "granted with QoS", e.QOS)
		} else {
			fmt.Println(e.TopicFilter, "refused with", e.ResponseCode)
		}
	}
	must(m.ConnectTo(host, port))
	must(m.Subscribe("a,a/b/+/c,a/d/#", 2))
	pump(m, func() bool { return answers == 3 })
	m.Disconnect()
	// Output:
	// a granted with QoS 2
	// a/b/+/c granted with QoS 2
	// a/d/# granted with QoS 2
}

func Example_qosOfEachFilter() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	answers := 0
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { answers++; fmt.Println(e.TopicFilter, e.QOS) }
	must(m.ConnectTo(host, port))
	m.Config("TopicQOSArray=1,2,2")
	must(m.Subscribe("a,a/b/+/c,a/d/#", 0)) // the 0 does not count
	pump(m, func() bool { return answers == 3 })
	m.Disconnect()
	// Output:
	// a 1
	// a/b/+/c 2
	// a/d/# 2
}

func Example_unsubscribing() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	done := false
	m.OnUnsubscribed = func(e *mqtt.UnsubscribedEventArgs) { done = true; fmt.Println(e.TopicFilters, e.ResponseCode) }
	must(m.ConnectTo(host, port))
	must(m.Subscribe("a,a/b/+/c", 2))
	must(m.Unsubscribe("a,a/b/+/c"))
	pump(m, func() bool { return done })
	m.Disconnect()
	// Output: a,a/b/+/c 0
}

// Publishing text and data, and what MessageIn and MessageOut tell.
func Example_publishing() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	var in, out []string
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { in = append(in, fmt.Sprint(e.Topic, " ", e.QOS, " ", e.Message)) }
	m.OnMessageOut = func(e *mqtt.MessageOutEventArgs) {
		out = append(out, fmt.Sprint(e.Topic, " ", e.QOS, " ", e.Message))
	}
	must(m.ConnectTo(host, port))
	must(m.SubscribeAndWait("a/#", 1))
	must(m.PublishMessage("a/text", 1, "hello"))
	must(m.PublishData("a/data", 1, []byte("bytes")))
	pump(m, func() bool { return len(in) == 2 && len(out) == 2 })
	fmt.Println("in: ", strings.Join(in, ", "))
	fmt.Println("out:", strings.Join(out, ", "))
	m.Disconnect()
	// Output:
	// in:  a/text 1 hello, a/data 1 bytes
	// out: a/text 1 hello, a/data 1 bytes
}

// Restoring a session in both ways: before connecting, and when the server says that it has it.
func Example_restoring() {
	host, port, stop := startServer()
	defer stop()
	first := mqtt.New()
	first.SetClientId("sample")
	first.SetCleanSession(false)
	must(first.ConnectTo(host, port))
	must(first.Disconnect())
	text, err := first.SaveSession()
	must(err)

	before := mqtt.New()
	before.SetClientId("sample")
	must(before.RestoreSession(text))
	fmt.Println("CleanSession:", before.CleanSession())
	must(before.ConnectTo(host, port))
	must(before.Disconnect())

	inside := mqtt.New()
	inside.SetClientId("sample")
	inside.SetCleanSession(false)
	inside.OnConnected = func(*mqtt.ConnectedEventArgs) {
		present, err := inside.Config("SessionPresent")
		must(err)
		if strings.ToLower(present) == "true" {
			fmt.Println("the server has it:", inside.RestoreSession(text))
		}
	}
	must(inside.ConnectTo(host, port))
	inside.Disconnect()
	// Output:
	// CleanSession: false
	// the server has it: <nil>
}

func Example_sharedSubscription() {
	host, port, stop := startServer()
	defer stop()
	m := connected(host, port, mqtt.MvV5)
	must(m.SubscribeAndWait("$share/group/a/#", 2))
	fmt.Println("subscribed")
	m.Disconnect()
	// Output: subscribed
}

// Options of each filter. A value stands for all, and the last of several for those that follow; blanks are dropped.
func Example_optionsOfFilters() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	answers := 0
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) { answers++; fmt.Printf("%q %d\n", e.TopicFilter, e.ResponseCode) }
	m.SetRemoteHost(host)
	m.SetRemotePort(port)
	must(m.SetConnected(true))
	for _, setting := range []string{"TopicNLArray=true, false, true", "TopicRAPArray=false", "TopicRHArray=1, 0"} {
		_, err := m.Config(setting)
		must(err)
	}
	must(m.Subscribe("A, B, C", 1))
	pump(m, func() bool { return answers == 3 })
	m.Disconnect()
	// Output:
	// "A" 1
	// "B" 1
	// "C" 1
}

func Example_subscriptionIdentifiers() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	got := 0
	m.OnMessageAck = func(e *mqtt.MessageAckEventArgs) {
		got++
		fmt.Println(m.IncomingMessages().Item(e.Index).SubscriptionIdentifiers())
	}
	must(m.ConnectTo(host, port))
	m.Config("SubscriptionIdentifier=123")
	must(m.SubscribeAndWait("a/+", 1))
	m.Config("SubscriptionIdentifier=321")
	must(m.SubscribeAndWait("b/#", 1))

	other := connected(host, port, mqtt.MvV5)
	must(other.PublishAndWait("a/x", 1, []byte("1")))
	must(other.PublishAndWait("b/x", 1, []byte("2")))
	pump(m, func() bool { return got == 2 })
	other.Disconnect()
	m.Disconnect()
	// Output:
	// 123
	// 321
}

func Example_userProperties() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	done := false
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { done = true; fmt.Println(e.Properties.UserProperties) }
	must(m.ConnectTo(host, port))
	must(m.SubscribeAndWait("a", 0))
	for _, setting := range []string{"OutgoingUserPropCount=1", "OutgoingUserPropName[0]=name", "OutgoingUserPropValue[0]=value"} {
		_, err := m.Config(setting)
		must(err)
	}
	must(m.PublishMessage("a", 0, "text"))
	pump(m, func() bool { return done })
	m.Disconnect()
	// Output: [{name value}]
}

// A topic alias: the first message maps it, the next one needs no topic. The server has to allow aliases.
func Example_topicAlias() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	got := 0
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { got++; fmt.Println(e.Topic, e.Message) }
	must(m.ConnectTo(host, port))
	must(m.SubscribeAndWait("a/long/topic", 1))
	m.Config("TopicAlias=1")
	must(m.PublishMessage("a/long/topic", 1, "first"))
	m.Config("TopicAlias=1")
	must(m.PublishMessage("", 1, "second"))
	pump(m, func() bool { return got == 2 })
	m.Disconnect()
	// Output:
	// a/long/topic first
	// a/long/topic second
}

// The JSON of the property bags; UserProperty may be repeated.
func Example_propertyBags() {
	host, port, stop := startServer()
	defer stop()
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	m.SetWillTopic("a/will")
	m.SetWillMessage("gone")
	for _, setting := range []string{
		`ConnectProperties={"SessionExpInterval":60,"UserProperty":"one:1","UserProperty":"two:2"}`,
		`OutgoingMessageProperties={"ContentType":"text/plain","MessageExpInterval":60}`,
		`WillProperties={"WillDelayInterval":5,"UserProperty":"one:1"}`,
	} {
		_, err := m.Config(setting)
		must(err)
	}
	must(m.ConnectTo(host, port))
	value, err := m.Config("OutgoingMessageProperties")
	fmt.Println(value, err)
	m.Disconnect()
	// Output: {"ContentType":"text/plain","MessageExpInterval":"60"} <nil>
}

// Cipher suites and signature algorithms. A suite that crypto/tls lacks, as one with DSS, is refused.
func Example_cipherSuites() {
	m := mqtt.New()
	m.SetSSLProvider(mqtt.SslpInternal)
	for _, setting := range []string{
		"SSLEnabledCipherSuites=*",
		"SSLEnabledCipherSuites=CALG_AES_256",
		"SSLEnabledCipherSuites=CALG_AES_256;CALG_3DES",
		"SSLEnabledCipherSuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		"SSLEnabledCipherSuites=TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
		"TLS12SignatureAlgorithms=sha256-rsa,sha256-dsa,sha1-rsa,sha1-dsa",
	} {
		_, err := m.Config(setting)
		fmt.Println(errors.Code(err), setting)
	}
	// Output:
	// 0 SSLEnabledCipherSuites=*
	// 0 SSLEnabledCipherSuites=CALG_AES_256
	// 0 SSLEnabledCipherSuites=CALG_AES_256;CALG_3DES
	// 0 SSLEnabledCipherSuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	// 10022 SSLEnabledCipherSuites=TLS_DHE_DSS_WITH_AES_128_CBC_SHA
	// 0 TLS12SignatureAlgorithms=sha256-rsa,sha256-dsa,sha1-rsa,sha1-dsa
}

// The constructors of a certificate, here with nothing to be found.
func Example_certificates() {
	for _, err := range []error{
		second(certificate.FromFile("no such file.crt")),
		second(certificate.FromEncoded([]byte("no certificate"))),
		second(certificate.FromStore(certificate.CstPFXFile, "no such file.pfx", "secret", "CN=sample")),
		second(certificate.FromStoreB(certificate.CstPEMKeyBlob, []byte("no certificate"), "", "*")),
	} {
		fmt.Println(errors.Code(err) != 0)
	}
	// Output:
	// true
	// true
	// true
	// true
}

func second(_ *certificate.Certificate, err error) error { return err }

// Errors have numbers to branch on, and texts for people.
func Example_errors() {
	m := mqtt.New()
	err := m.PublishMessage("a", 1, "text")
	fmt.Println(errors.Code(err), errors.Description(errors.Code(err)))
	// Output: 212 Action impossible while not connected.
}
