package mqtttest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The other end of a benchmark is a server that does as little as possible, so that what is measured is the client. It
// knows the size of every PUBLISH and the order of the packet identifiers, so it looks at almost nothing.

// BenchServer starts a peer that serves connections with serve after the CONNECT.
func BenchServer(b testing.TB, serve func(conn *net.TCPConn)) *net.TCPAddr {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if err := AcceptConnect(conn); err == nil {
					serve(conn)
				}
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr)
}

// AcceptConnect reads one CONNECT and answers it.
func AcceptConnect(conn net.Conn) error {
	if err := skipPacket(conn); err != nil {
		return err
	}
	_, err := conn.Write([]byte{0x20, 2, 0, 0})
	return err
}

// skipPacket reads one short packet.
func skipPacket(conn net.Conn) error {
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, conn, int64(head[1]))
	return err
}

// BenchDial is the hand-written loop's way in.
func BenchDial(b testing.TB, addr *net.TCPAddr) *net.TCPConn {
	conn, err := net.DialTCP("tcp", nil, addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	connect := packet.AppendConnect(nil, packet.V311, &packet.Connect{CleanStart: true, ClientID: []byte("loop")})
	if _, err := conn.Write(connect); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		b.Fatal(err)
	}
	return conn
}

// Sink takes PUBLISH packets of one size and QoS and answers them, in as few writes as reads. With hold it begins to
// answer only when so many are unanswered.
func Sink(size, qos, hold int) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		in := make([]byte, 64<<10)
		out := make([]byte, 0, 64<<10)
		id := func(n int) uint16 { return uint16(n%65535) + 1 }
		answer := packet.PUBACK
		if qos == 2 {
			answer = packet.PUBREC
		}
		have, published, answered, released := 0, 0, 0, 0
		for {
			kept := 0
			if qos == 2 {
				kept = have // the rest of a packet, which may be a PUBLISH or a PUBREL
			}
			n, err := conn.Read(in[kept:])
			if err != nil {
				return
			}
			if qos == 0 {
				continue
			}
			have += n
			if qos == 1 {
				published += have / size
				have %= size
			} else {
				begin := 0
				rest := in[:have]
				for len(rest)-begin >= 4 {
					if rest[begin] == 0x62 {
						begin += 4
						released++
						out = packet.AppendShortAck(out, packet.PUBCOMP, id(released-1))
						continue
					}
					if len(rest)-begin < size {
						break
					}
					begin += size
					published++
				}
				have = copy(in, rest[begin:])
			}
			if published-answered >= hold {
				hold = 0
				for ; answered < published; answered++ {
					out = packet.AppendShortAck(out, answer, id(answered))
				}
			}
			if len(out) > 0 {
				if _, err := conn.Write(out); err != nil {
					return
				}
				out = out[:0]
			}
		}
	}
}

// window is how many messages a source has unacknowledged at most.
const window = 16384

// Source sends count PUBLISH packets as the client takes them, after a first short packet of the client's, whatever it
// is.
func Source(first byte, payload []byte, count func() int) func(*net.TCPConn) {
	qos := int(first >> 1 & 3)
	var block []byte
	const inBlock = window / 64
	for i := range inBlock {
		block = packet.AppendPublishHeader(block, packet.V311, first, BenchTopic, uint16(i+1), nil, len(payload))
		block = append(block, payload...)
	}
	size := len(block) / inBlock
	idAt := size - len(payload) - 2
	return func(conn *net.TCPConn) {
		if err := skipPacket(conn); err != nil {
			return
		}
		total := count()
		var settled atomic.Int64
		more := make(chan struct{}, 1)
		if qos > 0 {
			go func() {
				r := bufio.NewReaderSize(conn, 64<<10)
				var pubrel []byte
				for {
					head, err := r.Peek(4)
					if err != nil {
						close(more)
						return
					}
					if head[0] == 0x50 {
						pubrel = append(pubrel, 0x62, 2, head[2], head[3])
					} else {
						settled.Add(1)
					}
					_, _ = r.Discard(4)
					if r.Buffered() < 4 {
						if len(pubrel) > 0 {
							if _, err := conn.Write(pubrel); err != nil {
								close(more)
								return
							}
							pubrel = pubrel[:0]
						}
						select {
						case more <- struct{}{}:
						default:
						}
					}
				}
			}()
		}
		for sent := 0; sent < total; {
			n := min(inBlock, total-sent)
			for qos > 0 && sent+n-int(settled.Load()) > window {
				if _, alive := <-more; !alive {
					return
				}
			}
			if qos > 0 {
				for i := range n {
					binary.BigEndian.PutUint16(block[i*size+idAt:], uint16((sent+i)%65535)+1)
				}
			}
			if _, err := conn.Write(block[:n*size]); err != nil {
				return
			}
			sent += n
		}
		if qos == 0 {
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		for alive := true; alive; {
			_, alive = <-more
		}
	}
}

// BenchTopic is the topic of all messages of a benchmark.
const BenchTopic = "bench/topic"
