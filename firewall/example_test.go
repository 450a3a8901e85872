package firewall_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/firewall"
)

// A proxy that asks for other credentials than it is given. Its answer is in the text of the error.
func ExampleFirewall_DialContext() {
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer proxy.Close()
	go func() { // ends with its only connection
		conn, err := proxy.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			fmt.Println(r.Method, r.RequestURI)
			_, _ = io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"office\"\r\n\r\n")
		}
	}()

	f := firewall.New()
	f.FirewallType = firewall.FwTunnel
	f.Host, f.Port = "127.0.0.1", proxy.Addr().(*net.TCPAddr).Port
	f.User, f.Password = "me", "not mine"

	conn, err := f.DialContext(context.Background(), &net.Dialer{Timeout: 10 * time.Second}, "tcp", "broker.example:1883")
	switch errors.Code(err) {
	case 0:
		fmt.Println("connected to", conn.RemoteAddr())
		conn.Close()
	case errors.ErrProxy:
		fmt.Println("check the proxy and its settings")
	case errors.ErrTimeout, errors.ErrInterrupted:
		fmt.Println("try again")
	default:
		fmt.Println("show to the user:", err)
	}
	// Output:
	// CONNECT broker.example:1883
	// check the proxy and its settings
}

// A program with a way of its own to make TCP connections, here in memory. The asterisk has the SOCKS5 proxy resolve
// the name of the server.
func ExampleFirewall_DialWith() {
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		fmt.Println("dialing", network, address)
		client, proxy := net.Pipe()
		go func() { // ends when its answers are read
			defer proxy.Close()
			request := make([]byte, 3)
			_, _ = io.ReadFull(proxy, request) // SOCKS5, one method: no authentication
			_, _ = proxy.Write([]byte{5, 0})
			request = make([]byte, 21)
			_, _ = io.ReadFull(proxy, request)
			fmt.Printf("connect to %s\n", request[5:19])
			_, _ = proxy.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
			_, _ = io.WriteString(proxy, "hello from the server")
		}()
		return client, nil
	}
	f := &firewall.Firewall{FirewallType: firewall.FwSOCKS5, Host: "proxy.example"}
	conn, err := f.DialWith(context.Background(), dial, "tcp", "*broker.example:1883")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	greeting, _ := io.ReadAll(conn)
	fmt.Printf("%s\n", greeting)
	// Output:
	// dialing tcp proxy.example:1080
	// connect to broker.example
	// hello from the server
}

// Hosts inside the company are reached directly.
func ExampleFirewall_exceptions() {
	f := &firewall.Firewall{
		FirewallType: firewall.FwTunnel, Host: "proxy.example", Port: 3128,
		Exceptions: "*.intra.example;10.0.0.0/8;<local>",
	}
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		return nil, fmt.Errorf("dialing %s", address)
	}
	for _, server := range []string{"broker.example:1883", "mqtt.intra.example:1883", "10.1.2.3:1883", "gateway:1883"} {
		_, err := f.DialWith(context.Background(), dial, "tcp", server)
		fmt.Println(err)
	}
	// Output:
	// [118] The proxy could not make the connection. The HTTP proxy proxy.example:3128 cannot be reached. dialing proxy.example:3128
	// [10053] Connection aborted by software. dialing mqtt.intra.example:1883
	// [10053] Connection aborted by software. dialing 10.1.2.3:1883
	// [10053] Connection aborted by software. dialing gateway:1883
}
