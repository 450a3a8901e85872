package main

import (
	"io"
	"log/slog"
	"net"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// startBroker starts a small MQTT server in this process, so that the program runs without any other. It speaks both
// versions, takes every client, and is reached from this computer only. The system chooses a port that is free.
// stopBroker ends it.
func startBroker() (server *broker.Server, host string, port int, err error) {
	server = broker.New(&broker.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, "", 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", 0, err
	}
	if err := server.AddListener(listeners.NewNet("quickstart", listener)); err != nil {
		return nil, "", 0, err
	}
	if err := server.Serve(); err != nil {
		return nil, "", 0, err
	}
	address := listener.Addr().(*net.TCPAddr)
	return server, address.IP.String(), address.Port, nil
}

// stopBroker ends a broker whose clients have left or are about to. Its Close may hang when one leaves at that moment, so
// they are waited for.
func stopBroker(server *broker.Server) {
	server.Listeners.ClientsWg.Wait()
	_ = server.Close()
}
