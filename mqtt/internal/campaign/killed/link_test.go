package killed

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// cuttingLink passes connections on to the server, and ends each after some bytes.
type cuttingLink struct {
	port     string
	server   string
	listener net.Listener
	random   *rand.Rand
	wire     string // a folder for what passes, "" = none
	open     sync.WaitGroup

	mu      sync.Mutex
	healed  bool
	passing map[*net.TCPConn]bool // the ends of the connections to the client
	ended   int                   // connections that the link has ended
	begun   int
}

func startCuttingLink(t *testing.T, server string, random *rand.Rand) *cuttingLink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	l := &cuttingLink{
		port: port, server: server, listener: listener,
		random: rand.New(rand.NewPCG(random.Uint64(), 0)), passing: make(map[*net.TCPConn]bool),
	}
	l.open.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.open.Wait()
	})
	return l
}

// cut tells whether connections that begin from here on are cut; at first they are.
func (l *cuttingLink) cut(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.healed = !on
}

// reset ends all connections by RST.
func (l *cuttingLink) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for client := range l.passing {
		l.ended++
		_ = client.SetLinger(0)
		_ = client.Close()
	}
}

// endings reports how many connections the link has ended.
func (l *cuttingLink) endings() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// budget is how many bytes pass in one direction of a connection: from 100 to 300,000, a few as often as many, so that
// some connections end in their first packets and some with a long backlog behind them. The lock is held.
func (l *cuttingLink) budgetLocked() int64 {
	if l.healed {
		return math.MaxInt64
	}
	return int64(100 * math.Pow(3000, l.random.Float64()))
}

func (l *cuttingLink) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		client := conn.(*net.TCPConn)
		server, err := net.Dial("tcp", l.server)
		if err != nil { // it is being restarted
			_ = client.Close()
			continue
		}
		l.mu.Lock()
		there, back := l.budgetLocked(), l.budgetLocked()
		l.passing[client] = true
		l.begun++
		n := l.begun
		l.mu.Unlock()
		l.open.Go(func() { l.pass(l.recorded(server, n, "client"), client, there, client, server) })
		l.open.Go(func() { l.pass(l.recorded(client, n, "server"), server, back, client, server) })
	}
}

// recorded is to, whose bytes are kept in a file of their own too, as what this side of the nth connection has said.
func (l *cuttingLink) recorded(to io.Writer, n int, side string) io.Writer {
	if l.wire == "" {
		return to
	}
	file, err := os.Create(filepath.Join(l.wire, fmt.Sprintf("wire-%06d-%s", n, side)))
	if err != nil {
		return to // the folder is gone: the test is over
	}
	return &recordedWriter{file: file, to: to}
}

type recordedWriter struct {
	file *os.File
	to   io.Writer
}

func (w *recordedWriter) Write(b []byte) (int, error) {
	_, _ = w.file.Write(b)
	return w.to.Write(b)
}

// pass copies so many bytes and ends the connection.
func (l *cuttingLink) pass(to io.Writer, from io.Reader, budget int64, client *net.TCPConn, server net.Conn) {
	n, _ := io.CopyN(to, from, budget)
	l.mu.Lock()
	delete(l.passing, client)
	if n == budget {
		l.ended++
	}
	l.mu.Unlock()
	_ = client.Close()
	_ = server.Close()
	if w, is := to.(*recordedWriter); is {
		_ = w.file.Close()
	}
}
