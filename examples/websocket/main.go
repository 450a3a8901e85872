// Websocket reaches a server over WebSocket and TLS through an HTTP proxy, which is often the only way out of a
// company.
//
//	go run ./examples/websocket    with a broker and a proxy inside the program
package main

import (
	"fmt"
	"log"

	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	identity := newIdentity("localhost")
	b, err := broker.Start(broker.Options{WebSocket: true, TLS: identity.config})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Stop()
	proxy := startProxy("user1", "secret")
	defer proxy.stop()

	m := mqtt.New()
	// wss: WebSocket over TLS, port 443 if the URL names none. The path is the server's choice; many have /mqtt.
	if err := m.SetRemoteHost(b.URL + "/mqtt"); err != nil {
		log.Fatal(err)
	}
	// for an authority that the system does not know
	if _, err := m.Config("SSLServerCACerts=" + identity.pem); err != nil {
		log.Fatal(err)
	}
	// Further headers of the request, where a server or a gateway in front of it wants some.
	if _, err := m.Config("WebSocketHeaders=Authorization: Bearer abc"); err != nil {
		log.Fatal(err)
	}
	f := m.Firewall()
	f.FirewallType, f.Host, f.Port = firewall.FwTunnel, proxy.host, proxy.port // HTTP CONNECT
	f.User, f.Password = "user1", "secret"
	// f.AutoDetect = true instead takes the proxy of HTTPS_PROXY, or that of Windows.

	m.OnConnectionStatus = func(e *mqtt.ConnectionStatusEventArgs) { fmt.Println(e.ConnectionEvent) }
	if err := m.Connect(); err != nil {
		log.Fatal(err)
	}
	if err := m.PublishAndWait("example/websocket", 1, []byte("through a proxy")); err != nil {
		log.Fatal(err)
	}
	fmt.Println("published; connections that the proxy has made:", proxy.made())
	if err := m.Disconnect(); err != nil {
		log.Fatal(err)
	}

	// With a wrong password the error is the proxy's.
	f.Password = "wrong"
	m.OnConnectionStatus = nil
	fmt.Println(m.Connect())
}
