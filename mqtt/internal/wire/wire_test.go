package wire_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
	"github.com/iotcomponents/iot/mqtt/internal/wire"
)

// rig is a Wire over a connection in memory, its owner, and the server at the other end. It lives in a bubble, which ends
// only when all goroutines of the Wire have.
type rig struct {
	t      *testing.T
	wire   *wire.Wire
	client *protocol.Client
	server *mqtttest.PipeConn
	epoch  time.Time

	mu      sync.Mutex // the lock of the owner
	changes int
	pause   protocol.Pause
	pauses  []protocol.Pause
	commit  func() error // what CommitLocked returns
	flush   func() error
	ended   int
	traced  []byte
}

func (r *rig) Now() protocol.Time              { return time.Since(r.epoch) }
func (r *rig) ChangedLocked()                  { r.changes++ }
func (r *rig) WaitingLocked() bool             { return false }
func (r *rig) TickLocked(now protocol.Time)    { r.client.Tick(now) }
func (r *rig) MustPauseLocked() protocol.Pause { return r.pause }
func (r *rig) PausedLocked(why protocol.Pause) { r.pauses = append(r.pauses, why) }
func (r *rig) WrittenLocked()                  {}
func (r *rig) CommitLocked() func() error      { return r.commit }
func (r *rig) FlushLocked() func() error       { return r.flush }
func (r *rig) SentLocked([][]byte)             {}
func (r *rig) ReceivedLocked(b []byte)         { r.traced = append(r.traced, b...) }
func (r *rig) locked(f func())                 { r.mu.Lock(); defer r.mu.Unlock(); f() }
func (r *rig) phase() (phase protocol.Phase) {
	r.locked(func() { phase = r.client.Phase() })
	return phase
}

func (r *rig) failure() (failure *errors.Error) {
	r.locked(func() { failure = r.client.End().Err })
	return failure
}

func (r *rig) messages() (n int) { r.locked(func() { n, _ = r.client.Pending() }); return n }

func (r *rig) publish(qos int, payload []byte) { r.locked(func() { r.publishLocked(qos, payload) }) }

func (r *rig) send(p []byte) { r.t.Helper(); must(r.t, second(r.server.Write(p))) }

func (r *rig) inbound(payload string) (p []byte) {
	return packet.AppendPublish(nil, packet.V311, &packet.Publish{Topic: []byte("t"), Payload: []byte(payload)})
}

func (r *rig) endings() (n int) {
	r.locked(func() { n = r.ended })
	return n
}

func (r *rig) Ended() {
	r.locked(func() {
		r.wire.CloseLocked()
		r.ended++
	})
}

func (r *rig) publishLocked(qos int, payload []byte) {
	if _, err := r.client.Publish(&protocol.Publish{Topic: "t", QoS: qos, Payload: payload}); err != nil {
		r.t.Error(err)
	}
	r.wire.WakeWriterLocked()
}

func second(_ int, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// connackBy is when the server must have answered CONNECT.
const connackBy = 5 * time.Second

// inBubble runs f with a Wire that has started, whose server has read CONNECT.
func inBubble(t *testing.T, prepare func(r *rig), f func(t *testing.T, r *rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := &rig{t: t, client: protocol.New(), epoch: time.Now()}
		client, server := mqtttest.Pipe()
		r.server = server
		conn, failure := transport.Dial(context.Background(), &transport.Options{
			Target: transport.Target{Host: "server"}, Port: 1883,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil },
		})
		if failure != nil {
			t.Fatal(failure)
		}
		if prepare != nil {
			prepare(r)
		}
		r.locked(func() {
			must(t, r.client.Connect(r.Now(), &protocol.Options{Version: packet.V311, ClientID: "c", CleanStart: true, KeepAlive: 60}))
			r.wire = wire.New(&wire.Options{
				Owner: r, Lock: &r.mu, Client: r.client, Conn: conn, AcceptBy: r.Now() + connackBy,
			})
			r.wire.StartReleasing()
		})
		go r.wire.Read() // ends with the connection
		f(t, r)
		synctest.Wait()
		_ = server.Close()
		time.Sleep(time.Hour) // virtual: whatever the end of a connection waits for
		if n := r.endings(); n != 1 {
			t.Errorf("Ended was called %d times, want once", n)
		}
	})
}

// readPacket reads one packet of a body below 128 bytes, or fails the test.
func (r *rig) readPacket() []byte {
	r.t.Helper()
	head := make([]byte, 2)
	_, err := io.ReadFull(r.server, head)
	must(r.t, err)
	body := make([]byte, head[1])
	_, err = io.ReadFull(r.server, body)
	must(r.t, err)
	return append(head, body...)
}

// accept reads CONNECT and answers it.
func (r *rig) accept() {
	r.t.Helper()
	if p := r.readPacket(); packet.Type(p[0]>>4) != packet.CONNECT {
		r.t.Fatalf("the first packet is %x, want CONNECT", p)
	}
	r.send(packet.AppendConnack(nil, packet.V311, &packet.Connack{}))
	synctest.Wait()
	if r.phase() != protocol.Connected {
		r.t.Fatal("not connected after CONNACK")
	}
}

func TestWireCarriesBothWays(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		r.publish(0, []byte("out"))
		if p := r.readPacket(); !bytes.HasSuffix(p, []byte("out")) {
			t.Errorf("the server got %x, want the message", p)
		}
		r.send(r.inbound("in"))
		synctest.Wait()
		if n := r.messages(); n == 0 {
			t.Error("the message has not arrived")
		}
		if r.changes == 0 {
			t.Error("the owner was not told")
		}
		must(t, r.server.Close())
		synctest.Wait()
		if err := r.failure(); err == nil || err.Code != errors.ErrConnectionClosedByPeer {
			t.Errorf("the end is %v, want %d", err, errors.ErrConnectionClosedByPeer)
		}
	})
}

// An orderly end: DISCONNECT is the last packet, then our side is closed, and the server's end is waited for.
func TestWireDisconnects(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		r.locked(func() {
			must(t, r.client.Disconnect(0, nil))
			r.wire.SettleLocked()
		})
		if p := r.readPacket(); packet.Type(p[0]>>4) != packet.DISCONNECT {
			t.Errorf("the last packet is %x, want DISCONNECT", p)
		}
		if _, err := r.server.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("behind DISCONNECT: %v, want the end", err)
		}
		if err := r.failure(); err != nil {
			t.Errorf("the end is %v, want none", err)
		}
	})
}

func TestWireWithoutCONNACK(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		time.Sleep(connackBy - time.Millisecond)
		synctest.Wait()
		if r.phase() != protocol.Connecting {
			t.Error("given up too early")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if err := r.failure(); err == nil || err.Code != errors.ErrTimeout {
			t.Errorf("the end is %v, want %d", err, errors.ErrTimeout)
		}
	})
}

// What a server that closes instead of answering CONNECT may mean depends on what it has said before, and on TLS.
func TestWireClosedBeforeCONNACK(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.readPacket()
		must(t, r.server.Close())
		synctest.Wait()
		want := "expect TLS on this port"
		if err := r.failure(); err == nil || !bytes.Contains([]byte(err.Description), []byte(want)) {
			t.Errorf("the end is %v, want a hint %q", err, want)
		}
	})
}

// While the owner has no room nothing is taken from the reader, however much comes; then all of it is, in order.
func TestWirePauses(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		r.locked(func() { r.pause = protocol.PumpBehind })
		r.send(r.inbound("1")) // the read that is under way
		synctest.Wait()
		before := r.messages()
		r.send(r.inbound("2"))
		r.send(r.inbound("3"))
		synctest.Wait()
		if n := r.messages(); n != before {
			t.Errorf("%d events wait, want %d: reading has to pause", n, before)
		}
		r.locked(func() {
			r.pause = protocol.Reading
			r.wire.ResumeLocked()
		})
		synctest.Wait()
		if n := r.messages(); n != before+2 {
			t.Errorf("%d events wait, want %d: reading has to go on", n, before+2)
		}
		if got, want := fmt.Sprint(r.pauses), fmt.Sprint([]protocol.Pause{protocol.PumpBehind, protocol.Reading}); got != want {
			t.Errorf("the owner was told %s, want %s", got, want)
		}
	})
}

// Nothing is written before what it follows from is on disk; when that fails, nothing is written at all.
func TestWireCommitsFirst(t *testing.T) {
	committed := make(chan error)
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		committed = make(chan error)
		r.locked(func() { r.commit = func() error { return <-committed } })
		r.publish(0, []byte("kept back"))
		synctest.Wait()
		must(t, r.server.SetReadDeadline(time.Now().Add(time.Second)))
		if n, err := r.server.Read(make([]byte, 100)); n > 0 {
			t.Errorf("%d bytes were written before the commit, %v", n, err)
		}
		must(t, r.server.SetReadDeadline(time.Time{}))
		committed <- nil
		r.readPacket()
		r.publish(0, []byte("never"))
		committed <- errors.New(errors.ErrFileNotOpened, "")
		if n, err := r.server.Read(make([]byte, 100)); n > 0 || err == nil {
			t.Errorf("%d bytes were written without the commit, %v", n, err)
		}
		synctest.Wait()
		if err := r.failure(); err == nil || err.Code != errors.ErrFileNotOpened {
			t.Errorf("the end is %v, want that of the commit, %d", err, errors.ErrFileNotOpened)
		}
	})
}

// What is to be flushed is, once nothing is left to write. A failure does not repeat it until more has been written.
func TestWireFlushes(t *testing.T) {
	flushes := 0
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		r.locked(func() {
			r.flush = func() error {
				flushes++
				return io.ErrShortWrite
			}
			r.wire.SettleLocked()
		})
		synctest.Wait()
		r.locked(r.wire.SettleLocked)
		synctest.Wait()
		if flushes != 1 {
			t.Errorf("%d flushes after one that failed, want 1", flushes)
		}
		r.publish(0, nil)
		r.readPacket()
		synctest.Wait()
		if flushes != 2 {
			t.Errorf("%d flushes after another packet, want 2", flushes)
		}
		r.locked(func() { r.flush = nil })
	})
}

// The end of a connection waits no longer than it is told for a server that does not read.
func TestWireDoesNotWaitForEver(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		r.publish(0, make([]byte, 4*mqtttest.PipeBuffer))
		synctest.Wait()
		const patience = 3 * time.Second
		start := time.Now()
		r.locked(func() {
			r.wire.SetPatienceLocked(patience)
			must(t, r.client.Disconnect(0, nil))
			r.wire.SettleLocked()
		})
		time.Sleep(patience - time.Millisecond)
		synctest.Wait()
		if r.endings() != 0 {
			t.Errorf("it ended after %v, want %v", time.Since(start), patience)
		}
		time.Sleep(wire.Farewell + time.Millisecond)
		synctest.Wait()
		var cause error
		r.locked(func() { cause = r.wire.WriteErrLocked() })
		if r.endings() != 1 || cause == nil {
			t.Errorf("it has not ended, or without an error, %v after Disconnect", time.Since(start))
		}
	})
}

func TestWireAborts(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		r.locked(func() {
			r.client.Fail(errors.New(errors.ErrInterrupted, ""))
			r.wire.AbortLocked()
		})
		synctest.Wait()
		if r.endings() != 1 {
			t.Error("it has not ended")
		}
		if n, _ := r.server.Read(make([]byte, 100)); n > 0 {
			t.Errorf("%d bytes were written", n)
		}
	})
}

// Who begins to follow the bytes gets the beginning of the packet that has not arrived in whole.
func TestWireTracesFromTheMiddle(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.accept()
		p := r.inbound("in pieces")
		r.send(p[:4])
		synctest.Wait()
		r.locked(func() { r.wire.TraceLocked(r) })
		r.send(p[4:])
		synctest.Wait()
		if !bytes.Equal(r.traced, p) {
			t.Errorf("traced %x, want %x", r.traced, p)
		}
	})
}
