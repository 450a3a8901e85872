package hostile

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// peer is how the other end treats what the component sends.
type peer string

const (
	reads       peer = "reads"
	readsSlowly peer = "reads slowly"
	neverReads  peer = "never reads"
)

// serve floods the first connection until it ends.
func serve(t *testing.T, listener *net.TCPListener, f *flood, c *situation) {
	conn, err := listener.AcceptTCP()
	if err != nil {
		return // the child has said why it did not come
	}
	defer conn.Close()
	if c.peer != reads {
		_ = conn.SetReadBuffer(4 << 10) // else the system reads megabytes for it
	}
	in := bufio.NewReaderSize(conn, 16)
	if err := skipPacket(in); err != nil {
		t.Errorf("CONNECT did not come: %v", err)
		return
	}
	done := make(chan struct{})
	defer func() { <-done }()
	defer conn.Close()
	finished := make(chan struct{})
	defer close(finished)
	go func() { // the end of the child's process does not end a write to it as long as what it has sent is not read
		select {
		case <-c.over:
			_ = conn.Close()
		case <-finished:
		}
	}()
	go func() {
		defer close(done)
		switch c.peer {
		case reads:
			_, _ = io.Copy(io.Discard, in)
		case readsSlowly:
			for err := error(nil); err == nil; time.Sleep(50 * time.Millisecond) {
				_, err = io.CopyN(io.Discard, in, 500)
			}
		}
	}()
	if !f.early {
		if _, err := conn.Write(packet.AppendConnack(nil, c.version, &packet.Connack{})); err != nil {
			return
		}
	}
	pong := packet.AppendPingresp(nil)
	for round := 0; ; round++ {
		b := f.block(c.version, round)
		if len(b) == 0 {
			<-c.over
			return
		}
		if _, err := conn.Write(b); err != nil {
			return
		}
		if f.ends != always { // whatever it does with PINGREQ, it seems to live
			if _, err := conn.Write(pong); err != nil {
				return
			}
		}
	}
}

// skipPacket reads one packet.
func skipPacket(in *bufio.Reader) error {
	if _, err := in.ReadByte(); err != nil {
		return err
	}
	size, shift := int64(0), 0
	for {
		b, err := in.ReadByte()
		if err != nil {
			return err
		}
		size |= int64(b&0x7f) << shift
		if shift += 7; b < 0x80 {
			break
		}
	}
	_, err := io.CopyN(io.Discard, in, size)
	return err
}
