package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
)

// proxy is an HTTP proxy inside the program. It has nothing to do with the client.
type proxy struct {
	host   string
	port   int
	server http.Server
	count  atomic.Int32
}

// startProxy starts one for a single user.
func startProxy(user, password string) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	p := &proxy{host: address.IP.String(), port: address.Port}
	p.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		login := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if u, pw, _ := login.BasicAuth(); u != user || pw != password {
			w.Header().Set("Proxy-Authenticate", `Basic realm="example"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		onward, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			_ = onward.Close()
			return
		}
		p.count.Add(1)
		go func() { // until one side closes
			_, _ = io.Copy(onward, buffered)
			_ = onward.Close()
		}()
		_, _ = io.Copy(conn, onward)
		_ = conn.Close()
	})
	go func() { _ = p.server.Serve(listener) }() // until stop
	return p
}

func (p *proxy) made() int { return int(p.count.Load()) }
func (p *proxy) stop()     { _ = p.server.Close() }
