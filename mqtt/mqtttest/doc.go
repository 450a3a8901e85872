// Package mqtttest is a small MQTT server for the tests of programs that use package mqtt, and for programs that show
// something without a server of their own. It runs inside the process and needs nothing else.
//
//	func TestThermometer(t *testing.T) {
//		server := mqtttest.NewServer(t)
//		m := mqtt.New()
//		err := m.ConnectTo(server.Host(), server.Port())
//		...
//	}
//
// It speaks MQTT 3.1.1 and 5.0 over TCP on 127.0.0.1 and takes every client, whatever its user and password. It has
// messages of QoS 0, 1 and 2, retained messages, wills with their delay, sessions with their expiry, shared
// subscriptions, topic aliases from clients, and the options and properties of MQTT 5.0. It has no enhanced
// authentication, and keeps everything in memory until Close.
//
// Messages of QoS 1 and 2 reach a client in the order in which the server took them, once for each time that it took
// them, however often connections end in between. A message that matches several subscriptions of a client reaches it
// once, with the highest QoS of them.
//
// A client that does not read, or is away, has up to 64 MiB of messages kept for it; further ones do not reach it.
package mqtttest
