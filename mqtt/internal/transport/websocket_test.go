package transport

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

func TestWebSocket(t *testing.T) {
	ca := testpki.NewAuthority(t, "Test CA")
	config := &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, nil).TLS()}}
	for url, serve := range map[string]func(net.Conn){
		"ws://" + serverName:            overWebSocket(echoMessages),
		"wss://" + serverName + "/mqtt": overTLS(config, overWebSocket(echoMessages)),
	} {
		t.Run(url, func(t *testing.T) {
			o, wait := options(url, serve)
			defer wait()
			o.TLS.ServerCACerts = ca.PEM()
			n := watch(o)
			conn := connected(t, o)
			exchange(t, conn)
			checkSegments(t, conn)
			if err := conn.CloseWrite(); err != nil {
				t.Error(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("after both close frames: %v, want EOF", err)
			}
			if _, err := conn.Write([]byte("x")); errors.Code(err) != 4001 {
				t.Errorf("writing after CloseWrite: %v, want 4001", err)
			}
			if err := conn.CloseWrite(); errors.Code(err) != 4002 {
				t.Errorf("closing twice: %v, want 4002", err)
			}
			_ = conn.Close()
			if last := n.stages[len(n.stages)-1]; last != "WebSocket upgrade" {
				t.Errorf("stages %q", n.stages)
			}
		})
	}
}

// A ping that comes while a frame is being written is answered after it, and the reader does not wait for that.
func TestPingWhileWriting(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var after []byte
		o := inBubble("ws://"+serverName, func(conn net.Conn) {
			buffered := accept(t, conn)
			synctest.Wait() // until the client is stuck in its write
			_, _ = io.WriteString(conn, frame(pingFrame, "1")+frame(pingFrame, "2")+frame(binaryFrame, "still read"))
			<-release
			after, _ = io.ReadAll(buffered)
		})
		conn := connected(t, o)
		written := make(chan error)
		go func() {
			_, err := conn.Write(make([]byte, 10))
			written <- err
		}()
		got := make([]byte, 20)
		if n, err := conn.Read(got); string(got[:n]) != "still read" {
			t.Errorf("read %q, %v", got[:n], err)
		}
		close(release)
		if err := <-written; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		_ = conn.Close()
		synctest.Wait()
		_, _, rest := readFrame(t, after)
		if kind, payload, rest := readFrame(t, rest); kind != pongFrame || string(payload) != "2" || len(rest) > 0 {
			t.Errorf("after the message came %x %q and %q", kind, payload, rest)
		}
	})
}

// Deadlines and errors of the socket come through as they are.
func TestWebSocketErrorsOfTheSocket(t *testing.T) {
	got := make(chan []byte, 1)
	o, wait := options("ws://"+serverName, upgraded(t, "", got))
	conn := connected(t, o)
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); errors.FromOS(err).Code != 201 {
		t.Errorf("after the deadline: %v", err)
	}
	if err := conn.SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("x")); errors.FromOS(err).Code != 201 {
		t.Errorf("after the deadline: %v", err)
	}
	if conn.LocalAddr().String() == "" || conn.RemoteAddr().String() == "" {
		t.Error("the addresses are missing")
	}
	_ = conn.Close()
	<-got
	wait()

	o, wait = options("ws://"+serverName, func(conn net.Conn) {
		accept(t, conn)
		_ = conn.(*net.TCPConn).SetLinger(0)
	})
	defer wait()
	conn = connected(t, o)
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); errors.FromOS(err).Code != 10054 {
		t.Errorf("after a reset: %v", err)
	}
}
