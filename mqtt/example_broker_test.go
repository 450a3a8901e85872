package mqtt_test

import (
	"net"

	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

// The servers of the examples.

// startBroker starts an embedded broker on a free loopback port; stop ends it.
func startBroker() (host string, port int, stop func()) {
	server, err := mqtttest.Start()
	if err != nil {
		panic(err)
	}
	return server.Host(), server.Port(), server.Close
}

// startSilent starts a server on a free loopback port that accepts connections and says nothing; stop ends it.
func startSilent() (host string, port int, stop func()) {
	listener := listenOnLoopback()
	host, port = hostAndPort(listener)
	return host, port, func() { listener.Close() } // the system accepts
}

// unusedPort is a loopback port that refuses connections.
func unusedPort() int {
	listener := listenOnLoopback()
	defer listener.Close()
	_, port := hostAndPort(listener)
	return port
}

func listenOnLoopback() *net.TCPListener {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	return listener
}

func hostAndPort(listener net.Listener) (host string, port int) {
	address := listener.Addr().(*net.TCPAddr)
	return address.IP.String(), address.Port
}
