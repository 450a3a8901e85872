package mqtt_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The keep-alive of these tests. A peer that falls silent is given up within halfOpenBound after the last byte of it; a
// writer that is stuck then has a second to notice.
const (
	halfOpenInterval = 20 * time.Second
	halfOpenPatience = 5 * time.Second
	halfOpenBound    = halfOpenInterval + halfOpenPatience
	halfOpenWriter   = time.Second
)

// halfOpen connects on the way w with that keep-alive.
func halfOpen(t *testing.T, v mqtt.MQTTVersions, w way) (*mqtttest.Recorder, *mqtttest.Conn) {
	t.Helper()
	r, s := w.open(t, v, &request{})
	must(t, r.M.SetKeepAliveInterval(int(halfOpenInterval/time.Second)))
	config(t, r.M, fmt.Sprintf("PingTimeout=%d", halfOpenPatience/time.Second))
	config(t, r.M, "RepublishInterval=0")
	c := r.Connect(s, nil)
	r.Silent()
	return r, c
}

// wantGivenUp checks that the connection ends with 201, no later than the bound after the last byte came.
func wantGivenUp(t *testing.T, r *mqtttest.Recorder, lastByte time.Time, bound time.Duration) {
	t.Helper()
	var gone time.Time
	r.On("Disconnected", func(a any) {
		gone = time.Now()
		if code := a.(*mqtt.DisconnectedEventArgs).StatusCode; code != 201 {
			t.Errorf("Disconnected with %d", code)
		}
	})
	r.Wait("Disconnected", func(mqtttest.Trace) bool { return !gone.IsZero() })
	if took := gone.Sub(lastByte); took > bound {
		t.Errorf("given up after %v, want %v at most", took, bound)
	}
}

// A peer that stops reading and writing, at each moment (pain 23): what the system still takes for it is no sign of life.
func TestHalfOpen(t *testing.T) {
	for _, w := range append([]way{{}}, secureWays...) {
		for _, row := range []struct {
			name string
			// begin starts what is under way when the peer falls silent.
			begin func(t *testing.T, r *mqtttest.Recorder) (ended <-chan error)
			code  int // of what was under way, 0 = nothing
			stuck bool
		}{
			{"idle", func(*testing.T, *mqtttest.Recorder) <-chan error { return nil }, 0, false},
			{"a publisher of QoS 0 each second", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				return r.Start(func() error {
					for {
						if err := r.M.PublishData("a", 0, make([]byte, 100)); err != nil {
							return err
						}
						advanceAlone(time.Second)
					}
				})
			}, 212, false},
			{"a publisher of QoS 1 each second", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				return r.Start(func() error {
					for {
						if err := r.M.PublishData("a", 1, make([]byte, 100)); err != nil {
							return err
						}
						advanceAlone(time.Second)
					}
				})
			}, 212, false},
			{"a publisher that fills the buffers slowly", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				return r.Start(func() error {
					for {
						if err := r.M.PublishData("a", 0, make([]byte, 10_000)); err != nil {
							return err
						}
						advanceAlone(time.Second)
					}
				})
			}, 212, true},
			{"a publish that waits for room", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				must(t, r.M.SetTimeout(100_000))
				return r.Start(func() error {
					for {
						if err := r.M.PublishData("a", 1, make([]byte, 4000)); err != nil {
							return err
						}
					}
				})
			}, 212, true},
			{"a publish that is refused for want of room", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				must(t, r.M.SetTimeout(0))
				var err error
				for err == nil {
					err = r.M.PublishData("a", 1, make([]byte, 4000))
				}
				wantCode(t, err, 10035)
				return nil
			}, 0, true},
			{"PublishAndWait", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				config(t, r.M, "PublishAndWaitTimeout=1000")
				return r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("x")) })
			}, 212, false},
			{"half a large message", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				config(t, r.M, "PublishAndWaitTimeout=1000")
				return r.Start(func() error { return r.M.PublishAndWait("a", 2, make([]byte, 10<<20)) })
			}, 212, true},
			{"pings by hand", func(t *testing.T, r *mqtttest.Recorder) <-chan error {
				return r.Start(func() error {
					for {
						if err := r.M.Ping(); err != nil {
							return err
						}
						advanceAlone(time.Second)
					}
				})
			}, 212, false},
		} {
			t.Run(w.String()+"/"+row.name, func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, _ := halfOpen(t, v, w)
					lastByte := time.Now()
					ended := row.begin(t, r)
					bound := halfOpenBound
					if row.stuck {
						bound += halfOpenWriter
					}
					wantGivenUp(t, r, lastByte, bound)
					if row.code != 0 {
						wantCode(t, r.Join(ended), row.code)
					}
				})
			})
		}
	}
}

// The time runs from the last byte, whatever it belongs to: half a packet counts, as does an acknowledgment.
func TestHalfOpenAfterTraffic(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, c := halfOpen(t, v, way{})
		for range 10 {
			done := r.Start(func() error { return r.M.PublishAndWait("a", 1, []byte("x")) })
			id := c.ExpectPublish().PacketID // and no PINGREQ
			advance(3 * time.Second)
			c.SendAck(packet.PUBACK, id)
			must(t, r.Join(done))
			advance(13 * time.Second)
		}
		c.SendBytes(c.Publish("a", 0, 0, "cut off")[:5])
		synctest.Wait()
		wantGivenUp(t, r, time.Now(), halfOpenBound)
	})
}

// A peer that goes on sending and reads no more is given up when the system takes no more for it: no later than twice
// the interval and PingTimeout after the last byte that left.
func TestPeerSendsAndDoesNotRead(t *testing.T) {
	for _, w := range append([]way{{}}, secureWays...) {
		t.Run(w.String(), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, c := halfOpen(t, v, w)
				must(t, r.M.SetTimeout(100_000))
				start := time.Now()
				publishing := r.Start(func() error {
					for {
						if err := r.M.PublishData("a", 1, make([]byte, 4000)); err != nil {
							return err
						}
					}
				})
				sending := make(chan struct{})
				go func() {
					defer close(sending)
					for c.TrySend(c.Publish("b", 0, 0, "still here")) == nil {
						advanceAlone(time.Second)
					}
				}()
				wantGivenUp(t, r, start, halfOpenInterval+halfOpenBound+halfOpenWriter)
				wantCode(t, r.Join(publishing), 212)
				<-sending
			})
		})
	}
}

// A large message that arrives in pieces is a sign of life, although it is handled only when it is complete and PINGRESP
// stands behind it (pain 22). When the pieces stop, the bound holds.
func TestLongDownloadIsNoSilence(t *testing.T) {
	for _, w := range append([]way{{}}, secureWays...) {
		t.Run(w.String(), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, c := halfOpen(t, v, w)
				large := c.Publish("a", 0, 0, string(make([]byte, 1<<20)))
				for i := 0; i < 100; i++ {
					c.SendBytes(large[i*10_000 : (i+1)*10_000])
					advance(halfOpenPatience - time.Second)
					if !r.M.Connected() {
						t.Fatalf("the connection was lost after %d pieces", i)
					}
				}
				wantGivenUp(t, r, time.Now().Add(time.Second-halfOpenPatience), halfOpenBound)
			})
		})
	}
}

// A large message that leaves in pieces is one too: its bytes stand in front of PINGREQ.
func TestLongUploadIsNoSilence(t *testing.T) {
	for _, w := range append([]way{{}}, secureWays...) {
		t.Run(w.String(), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, c := halfOpen(t, v, w)
				must(t, r.M.PublishData("a", 0, make([]byte, 10<<20)))
				// 128 KB each second: each piece of 256 KiB takes two, the whole 80.
				read := 0
				for limit := time.Now().Add(85 * time.Second); read < 10<<20; {
					n, err := c.NetConn().Read(make([]byte, 16<<10))
					if err != nil || time.Now().After(limit) {
						t.Fatalf("%d bytes came: %v", read, err)
					}
					read += n
					advance(time.Second * time.Duration(n) / (128 << 10))
				}
				if !r.M.Connected() {
					t.Error("the connection was lost")
				}
			})
		})
	}
}

// Our own back-pressure is not silence, however long the program does not pump (pain 3); afterwards the bound holds.
func TestHalfOpenDuringBackPressure(t *testing.T) {
	for _, w := range append([]way{{}}, secureWays...) {
		t.Run(w.String(), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, c := halfOpen(t, v, w)
				flood := make(chan int)
				go func() {
					n := 0
					for ; n < 40_000 && c.TrySend(c.Publish("a", 0, 0, "flood")) == nil; n++ {
					}
					flood <- n
				}()
				advance(30 * time.Minute)
				if !r.M.Connected() {
					t.Fatal("the connection was lost")
				}
				resumed := time.Now()
				got := 0
				r.On("MessageIn", func(any) { got++ })
				wantGivenUp(t, r, resumed, halfOpenBound)
				if n := <-flood; got != n {
					t.Errorf("%d of %d messages arrived", got, n)
				}
			})
		})
	}
}

// Server Keep Alive is the interval of the bound, whatever ours was [MQTT5-3.1.2-21].
func TestHalfOpenServerKeepAlive(t *testing.T) {
	for _, ours := range []int{0, 1000} {
		bubble.Test(t, func(t *testing.T) {
			r, s := memory(t, mqtt.MvV5)
			must(t, r.M.SetKeepAliveInterval(ours))
			r.Connect(s, func(c *mqtttest.Conn) []byte {
				return c.Connack(false, 0, packet.Properties(nil).AppendUint(packet.PropServerKeepAlive, 10))
			})
			start := time.Now()
			publishing := r.Start(func() error {
				for {
					if err := r.M.PublishMessage("a", 0, ""); err != nil {
						return err
					}
					advanceAlone(time.Second)
				}
			})
			wantGivenUp(t, r, start, 20*time.Second)
			wantCode(t, r.Join(publishing), 212)
		})
	}
}

// A ping of the WebSocket that finds the send buffer full makes the reader wait with the pong, which has no time limit of
// its own; the keep-alive ends that wait too. In real time, since a writer that waits for the reader's pong waits for a
// mutex.
func TestPongBehindFullBuffer(t *testing.T) {
	t.Parallel()
	watchdog(t)
	r, s := overSocket(t, mqtt.MvV5)
	must(t, r.M.SetKeepAliveInterval(1))
	c := r.Connect(s, nil)
	// The buffer keeps less room than a pong needs, and the writer is idle. It is filled at once, since what is not
	// answered within two seconds ends the connection here too.
	pipe := socket(c).NetConn().(*mqtttest.PipeConn)
	for room := mqtttest.PipeBuffer; room > 100; room = mqtttest.PipeBuffer - pipe.Unread() {
		must(t, r.M.PublishAndWait("a", 0, make([]byte, max(1, room-100))))
	}
	must(t, socket(c).WriteControl(websocket.PingMessage, make([]byte, 125), time.Time{}))
	wantGivenUp(t, r, time.Now(), 50*time.Second) // after three on a machine that does nothing else
}
