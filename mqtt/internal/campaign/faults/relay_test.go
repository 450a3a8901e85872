package faults

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// linkEnd is how a connection of a relay ends.
type linkEnd string

const (
	hangUp  linkEnd = "end"       // FIN to both sides
	reset   linkEnd = "reset"     // RST to both sides
	swallow linkEnd = "blackhole" // bytes are still taken from both sides, and nobody gets them
)

// fault ends a connection of a relay at a packet.
type fault struct {
	fromClient bool
	kind       packet.Type
	pass       int // so many bytes of the packet still arrive; wholePacket = all
	ending     linkEnd
}

const wholePacket = -1

// relay forwards connections to a server, packet by packet, and harms them on order.
type relay struct {
	listener *net.TCPListener
	server   string
	serving  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	faults []fault // each happens once, in this order
	links  map[*relayed]struct{}
	harmed int      // connections
	recent []string // the latest packets, for the message of a failure
}

// keepRecent is how many packets a relay remembers.
const keepRecent = 400

// note remembers a packet. The lock is held.
func (r *relay) note(l *relayed, fromClient bool, b []byte, what string) {
	if len(r.recent) == keepRecent {
		copy(r.recent, r.recent[1:])
		r.recent = r.recent[:keepRecent-1]
	}
	arrow := "->"
	if !fromClient {
		arrow = "<-"
	}
	r.recent = append(r.recent, fmt.Sprintf("%s %d %s %v % X %.32q%s", time.Now().Format("05.000"), l.client.RemoteAddr().(*net.TCPAddr).Port, arrow, packet.Type(b[0]>>4), b[:min(len(b), 8)], b[min(len(b), 8):], what))
}

// latest is the latest packets as text.
func (r *relay) latest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.recent, "\n")
}

// newRelay starts a relay to server for the time of the test.
func newRelay(t testing.TB, server string) *relay {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	r := &relay{listener: listener, server: server, links: map[*relayed]struct{}{}}
	r.serving.Go(r.accept)
	t.Cleanup(func() {
		_ = r.listener.Close()
		r.mu.Lock()
		r.closed = true
		r.mu.Unlock()
		r.end(hangUp)
		r.serving.Wait()
	})
	return r
}

func (r *relay) port() int { return r.listener.Addr().(*net.TCPAddr).Port }

// arm replaces the faults that have not happened.
func (r *relay) arm(faults ...fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = faults
}

// done reports whether all faults have happened.
func (r *relay) done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.faults) == 0
}

// end ends the connections that stand.
func (r *relay) end(how linkEnd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		l.end(how)
		r.harmed++
	}
}

// release ends the connections whose bytes are swallowed.
func (r *relay) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		if l.swallows {
			l.end(hangUp)
		}
	}
}

// hold forwards nothing and reads nothing for d, on the connections that stand.
func (r *relay) hold(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.links {
		l.held = time.Now().Add(d)
	}
}

// meets takes the next fault if a packet is the one that it waits for.
func (r *relay) meets(fromClient bool, kind packet.Type) (fault, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.faults) == 0 || r.faults[0].fromClient != fromClient || r.faults[0].kind != kind {
		return fault{}, false
	}
	f := r.faults[0]
	r.faults = r.faults[1:]
	r.harmed++
	return f, true
}

func (r *relay) accept() {
	for {
		client, err := r.listener.AcceptTCP()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &relayed{relay: r, client: client, server: server.(*net.TCPConn)}
		r.mu.Lock()
		if r.closed {
			l.end(hangUp)
		}
		r.links[l] = struct{}{}
		r.mu.Unlock()
		var halves sync.WaitGroup
		halves.Go(func() { l.forward(true) })
		halves.Go(func() { l.forward(false) })
		r.serving.Go(func() {
			halves.Wait()
			r.mu.Lock()
			delete(r.links, l)
			r.mu.Unlock()
		})
	}
}

// relayed is one connection.
type relayed struct {
	relay          *relay
	client, server *net.TCPConn

	// relay.mu guards the rest.
	swallows bool
	held     time.Time
}

// end ends it. The lock of the relay is held.
func (l *relayed) end(how linkEnd) {
	if how == swallow {
		l.swallows = true
		return
	}
	for _, c := range []*net.TCPConn{l.client, l.server} {
		if how == reset {
			_ = c.SetLinger(0)
		}
		_ = c.Close()
	}
}

// forward is one direction, until either side ends.
func (l *relayed) forward(fromClient bool) {
	from, to := l.server, l.client
	if fromClient {
		from, to = to, from
	}
	defer func() { // what is read from one side is written before both end
		_ = l.client.Close()
		_ = l.server.Close()
	}()
	var b []byte
	for buffer := make([]byte, 64<<10); ; {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		for b = append(b, buffer[:n]...); ; {
			size := packetSize(b)
			if size == 0 || len(b) < size {
				break
			}
			if !l.pass(fromClient, b[:size], to) {
				b = b[:0]
				break
			}
			b = b[size:]
		}
	}
}

// pass forwards a packet, or what a fault leaves of it. It reports whether the connection goes on.
func (l *relayed) pass(fromClient bool, b []byte, to *net.TCPConn) bool {
	r := l.relay
	f, meets := r.meets(fromClient, packet.Type(b[0]>>4))
	whole := b
	if meets && f.pass != wholePacket {
		b = b[:min(f.pass, len(b))]
	}
	r.mu.Lock()
	swallows, held := l.swallows, time.Until(l.held)
	what := ""
	switch {
	case swallows:
		what = " swallowed"
	case meets:
		what = fmt.Sprintf(" %d bytes, then %s", len(b), f.ending)
	}
	r.note(l, fromClient, whole, what)
	r.mu.Unlock()
	if swallows {
		return false
	}
	if held > 0 {
		timer := time.NewTimer(held)
		<-timer.C
	}
	_, err := to.Write(b)
	if meets {
		r.mu.Lock()
		l.end(f.ending)
		r.mu.Unlock()
	}
	return err == nil && !meets
}

// packetSize is the size of the packet at the start of b, 0 if not known.
func packetSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	n, width := binary.Uvarint(b[1:min(len(b), 5)]) // the same encoding as Remaining Length
	if width <= 0 {
		return 0
	}
	return 1 + width + int(n)
}
