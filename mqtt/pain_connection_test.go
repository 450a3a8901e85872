package mqtt_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// A server that accepts and closes at once, a hundred times: CONNACK does not start the delays anew, they grow to
// ReconnectDelayMax and stay there.
func TestPain24AcceptedAndClosed(t *testing.T) {
	provesInBubble(t, "pain 24", func(t *testing.T, v mqtt.MQTTVersions) {
		r, d, c := reconnecting(t, v)
		config(t, r.M, "SelectWaitMillis=1000")
		start := time.Now()
		for n := 1; n <= 100; n++ {
			lost := time.Now()
			c.Close()
			r.WaitFor("BeforeConnect", n)
			c = d.server.Accept(t)
			want := min(time.Second<<min(n-1, 6), time.Minute)
			if got := time.Since(lost); !about(got, want) {
				t.Fatalf("attempt %d after %v, want about %v", n, got, want)
			}
			c.ExpectConnect()
			c.SendConnack(true, 0, nil)
			r.WaitFor("ReadyToSend", n)
		}
		if got := time.Since(start); got < 80*time.Minute {
			t.Errorf("a hundred attempts in %v", got)
		}
	})
}

// What BeforeConnect finds renewed is what the attempt sends: the client certificate too.
func TestPain25RenewedCertificate(t *testing.T) {
	t.Run("pain 25", inBubble(func(t *testing.T) {
		ca, server := certified(t)
		own := testpki.NewAuthority(t, "Own")
		c := serverConfig(server)
		c.ClientAuth = tls.RequireAnyClientCert
		r, s := secured(t, mqtt.MvV5, ca, c)
		config(t, r.M, "AutoReconnect=True")
		must(t, r.M.SetUser("u"))
		attempt := 0
		r.On("BeforeConnect", func(any) {
			attempt++
			must(t, r.M.SetSSLCert(clientCertificate(t, own.Issue(t, testpki.AsClient(fmt.Sprint("device-", attempt))))))
			must(t, r.M.SetPassword(fmt.Sprint("token", attempt)))
		})
		var seen []string
		latest := s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
			if p.Type() != packet.CONNECT {
				return true
			}
			_, connect, err := packet.DecodeConnect(p.Body)
			must(t, err)
			seen = append(seen, string(connect.Password)+" "+c.NetConn().(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName)
			if string(connect.Password) == fmt.Sprint("token", attempt) {
				return true
			}
			_ = c.TrySend(c.Connack(false, packet.NotAuthorized, nil)) // an old token
			return false
		})
		must(t, r.M.Connect())
		for n := 1; n < 4; n++ {
			r.WaitFor("ReadyToSend", n)
			latest().Reset()
		}
		r.WaitFor("ReadyToSend", 4)
		if got := strings.Join(seen, ", "); got != "token1 device-1, token2 device-2, token3 device-3, token4 device-4" {
			t.Errorf("the server saw %s", got)
		}
	}))
}

// Both queues full, then the connection is cut after each byte of a packet that is on its way to the client: Disconnected
// comes, DoEvents and the publisher return.
func TestPain27CutAtEachByte(t *testing.T) {
	for cut := range 12 {
		provesInBubble(t, fmt.Sprintf("pain 27: cut after byte %d", cut), func(t *testing.T, v mqtt.MQTTVersions) {
			r, s := memory(t, v)
			c := r.Connect(s, nil)
			r.Silent()
			published := r.Start(func() error {
				for {
					if err := r.M.PublishData("a", 1, make([]byte, 4000)); err != nil {
						return err
					}
				}
			})
			advance(time.Second)
			flood := bytes.Repeat(c.Publish("a", 0, 0, "flood"), 1000)
			for range 20 {
				c.SendBytes(flood)
				synctest.Wait()
				must(t, r.M.DoEvents())
			}
			c.SendBytes(c.Publish("b", 1, 1, "last")[:cut])
			c.Close()
			wantCode(t, r.Join(published), 212)
			done := false
			r.On("Disconnected", func(any) { done = true })
			r.Wait("Disconnected", func(mqtttest.Trace) bool { return done || !r.M.Connected() })
			must(t, r.M.Disconnect())
		})
	}
}

// A producer that is faster than the link: what is kept stays below the documented bounds, online and offline.
func TestPain28MemoryIsBounded(t *testing.T) {
	for _, offline := range []bool{false, true} {
		t.Run(fmt.Sprintf("pain 28: offline %t", offline), func(t *testing.T) {
			const size, bound = 64 << 10, 64 << 20 // the bound of QueueMessages is the largest
			var before, after runtime.MemStats
			bubble.Test(t, func(t *testing.T) {
				r, s := memory(t, mqtt.MvV5)
				r.Silent()
				config(t, r.M, "QueueMessages=True")
				config(t, r.M, "SendQueueSize=0")
				if !offline {
					r.Connect(s, nil) // which reads nothing
				}
				must(t, r.M.SetTimeout(0))
				payload := make([]byte, size)
				runtime.GC()
				runtime.ReadMemStats(&before)
				accepted := 0
				for range 10 * bound / size {
					ready := r.M.ReadyToSend()
					if err := r.M.PublishData("a", 1, payload); err != nil {
						wantCode(t, err, 10035)
						if !ready {
							continue
						}
					}
					accepted++
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				if r.M.ReadyToSend() {
					t.Error("ReadyToSend is true")
				}
				if got := r.M.OutgoingMessages().Count(); !offline && got != accepted || offline && config(t, r.M, "QueuedMessages") != fmt.Sprint(accepted) {
					t.Errorf("%d were accepted, %d are in OutgoingMessages, %s queued", accepted, got, config(t, r.M, "QueuedMessages"))
				}
			})
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > bound+bound/4 {
				t.Errorf("the heap has grown by %d MiB", grown>>20)
			}
		})
	}
}

// What the server sends beyond our Maximum Packet Size ends the connection with 0x95, before it is read.
func TestPain29OwnMaximumPacketSize(t *testing.T) {
	t.Run("pain 29: MQTT5-3.1.2-24", inBubble(func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		config(t, r.M, `ConnectProperties={"MaximumPacketSize":"100"}`)
		c := r.Connect(s, nil)
		c.SendPublish("a", 0, 0, strings.Repeat("x", 94)) // 100 in all
		r.WaitFor("MessageIn", 1)
		c.Send("30 63") // one more, of which nothing else comes
		r.WaitFor("Disconnected", 1)
		c.Expect("E0 01 95")
	}))
}

// 64 publishers beside pings and inbound traffic over TLS and WebSocket: the server can read every packet, and each
// payload has its checksum.
func TestPain30ManyPublishersOverLayers(t *testing.T) {
	for _, w := range []way{{}, {tls: true}, {webSocket: true}, {tls: true, webSocket: true}} {
		t.Run("pain 30: "+w.scheme(), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				const publishers, each = 64, 30
				r, s := w.open(t, mqtt.MvV5, &request{})
				r.Silent()
				received, delivered := 0, 0
				r.On("MessageIn", func(any) { delivered++ })
				s.ServeAll(t, func(c *mqtttest.Conn, p *mqtttest.Packet) bool {
					if p.Type() != packet.PUBLISH {
						return true
					}
					m, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
					if err != nil || len(m.Payload) < 4 || crc32.ChecksumIEEE(m.Payload[4:]) != binary.BigEndian.Uint32(m.Payload) {
						t.Errorf("damaged: %d bytes, %v", len(m.Payload), err)
					}
					received++
					_ = c.TrySend(c.Publish("in", byte(received%3), uint16(received), "x"))
					return true
				})
				must(t, r.M.Connect())
				ctx, cancel := context.WithCancel(t.Context())
				pump := r.Start(func() error { return r.M.Run(ctx) })
				var all sync.WaitGroup
				for who := range publishers {
					all.Go(func() {
						rnd := rand.New(rand.NewPCG(uint64(who), 1))
						for n := range each {
							data := make([]byte, rnd.IntN(20_000))
							for i := range data {
								data[i] = byte(rnd.Uint32())
							}
							must(t, r.M.PublishData("a", n%3, append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)), data...)))
							_ = r.M.Ping()
						}
					})
				}
				all.Wait()
				synctest.Wait()
				cancel()
				must(t, r.Join(pump))
				if received != publishers*each || delivered < received*2/3 { // QoS 2 waits for a PUBREL that this server does not send
					t.Errorf("%d came, want %d; %d were delivered", received, publishers*each, delivered)
				}
			})
		})
	}
}

// framed sends what is written to it in frames of n bytes, or everything of a conversation step in one (0).
type framed struct {
	*mqtttest.ServerSocket
	n int
}

func (f *framed) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := len(rest)
		if f.n > 0 {
			n = min(n, f.n)
		}
		if _, err := f.ServerSocket.Write(rest[:n]); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(b), nil
}

// A conversation with every event brings the same events whatever the frames of a WebSocket hold: one byte, odd sizes,
// whole packets; and the same as over TCP.
func TestPain31FramesOfAnySize(t *testing.T) {
	for _, v := range bothVersions {
		play := func(t *testing.T, n int) (events []string) {
			bubble.Test(t, func(t *testing.T) {
				var r *mqtttest.Recorder
				var s *mqtttest.Server
				if n < 0 {
					r, s = memory(t, v)
				} else {
					r, s = layered(t, v, webSocketURL, func(conn net.Conn) net.Conn {
						return &framed{mqtttest.OverWebSocket(nil)(conn).(*mqtttest.ServerSocket), n}
					})
				}
				g := raise(t, r, s)
				g.play()
				events = r.Trace().Without("Log").Strings()
				g.works()
			})
			return events
		}
		want := strings.Join(play(t, -1), "\n")
		for _, n := range []int{0, 1, 2, 3, 5, 7, 11, 64} {
			t.Run(fmt.Sprintf("pain 31, MQTT5-6.0.0-2, MQTT311-6.0.0-2: frames of %d bytes/%s", n, versionName(v)), func(t *testing.T) {
				if got := strings.Join(play(t, n), "\n"); got != want {
					t.Errorf("the events were\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}
