package peers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	atwat "github.com/at-wat/mqtt-go"
	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// client is what every client has to do here.
type client struct {
	name string
	// publish publishes n messages and returns when the exchange of the last is over.
	publish func(b *testing.B, addr *net.TCPAddr, n, qos int, payload []byte)
	// receive asks the other end to begin and returns when n messages were handed to a handler.
	receive func(b *testing.B, addr *net.TCPAddr, n int)
}

var clients = []client{{"iot", publishIot, receiveIot}, {"paho", publishPaho, receivePaho}, {"at-wat", publishAtWat, receiveAtWat}}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// compare runs all clients; x-iot is the processor time per message in terms of ours.
func compare(b *testing.B, run func(b *testing.B, c client)) {
	var ours float64
	for _, c := range clients {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			before := processorTime()
			run(b, c)
			cpu := float64(processorTime()-before) / float64(b.N)
			if c.name == "iot" {
				ours = cpu
			}
			b.ReportMetric(cpu, "cpu-ns/op")
			b.ReportMetric(cpu/ours, "x-iot")
		})
	}
}

func BenchmarkPublish(b *testing.B) {
	payload := make([]byte, 64)
	for qos := range 3 {
		b.Run(fmt.Sprintf("QoS%d", qos), func(b *testing.B) {
			addr := mqtttest.BenchServer(b, answerAll)
			compare(b, func(b *testing.B, c client) { c.publish(b, addr, b.N, qos, payload) })
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	for qos := range 3 {
		b.Run(fmt.Sprintf("QoS%d", qos), func(b *testing.B) {
			var n int
			addr := mqtttest.BenchServer(b, mqtttest.Source(byte(0x30|qos<<1), make([]byte, 64), func() int { return n }))
			compare(b, func(b *testing.B, c client) {
				n = b.N
				c.receive(b, addr, b.N)
			})
		})
	}
}

// answerAll acknowledges what comes, whatever identifiers the client chooses.
func answerAll(conn *net.TCPConn) {
	r := bufio.NewReaderSize(conn, 64<<10)
	var out []byte
	for {
		head, err := r.Peek(2)
		if err != nil {
			return
		}
		size := 2 + int(head[1]) // all packets here are short
		whole, err := r.Peek(size)
		if err != nil {
			return
		}
		switch packet.Type(whole[0] >> 4) {
		case packet.PUBLISH:
			if qos := whole[0] >> 1 & 3; qos > 0 {
				at := 4 + int(whole[2])<<8 + int(whole[3])
				out = append(out, byte(3+qos)<<4, 2, whole[at], whole[at+1])
			}
		case packet.PUBREL:
			out = append(out, 0x70, 2, whole[2], whole[3])
		}
		_, _ = r.Discard(size)
		if len(out) > 0 && r.Buffered() == 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
	}
}

func connectIot(b *testing.B, addr *net.TCPAddr) *mqtt.MQTT {
	m := mqtt.New()
	if err := m.ConnectTo(addr.IP.String(), addr.Port); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.Interrupt() })
	return m
}

func publishIot(b *testing.B, addr *net.TCPAddr, n, qos int, payload []byte) {
	m := connectIot(b, addr)
	out := 0
	m.OnMessageOut = func(*mqtt.MessageOutEventArgs) { out++ }
	b.ResetTimer()
	for i := range n {
		if err := m.PublishData(mqtttest.BenchTopic, qos, payload); err != nil {
			b.Fatal(err)
		}
		if i%1024 == 1023 {
			_ = m.DoEvents()
		}
	}
	for out < n {
		_ = m.DoEvents()
	}
	b.StopTimer()
}

func receiveIot(b *testing.B, addr *net.TCPAddr, n int) {
	m := connectIot(b, addr)
	in := 0
	m.OnMessageIn = func(*mqtt.MessageInEventArgs) { in++ }
	b.ResetTimer()
	if err := m.Ping(); err != nil {
		b.Fatal(err)
	}
	for in < n {
		_ = m.DoEvents()
	}
	b.StopTimer()
}

func connectPaho(b *testing.B, addr *net.TCPAddr, options *paho.ClientOptions) paho.Client {
	c := paho.NewClient(options.AddBroker("tcp://" + addr.String()).SetClientID("paho").SetAutoReconnect(false))
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		b.Fatal(t.Error())
	}
	b.Cleanup(func() { c.Disconnect(0) })
	return c
}

func publishPaho(b *testing.B, addr *net.TCPAddr, n, qos int, payload []byte) {
	c := connectPaho(b, addr, paho.NewClientOptions())
	tokens := make([]paho.Token, 1000) // as many as it takes to keep it busy
	b.ResetTimer()
	for i := range n {
		slot := &tokens[i%len(tokens)]
		if *slot != nil {
			if (*slot).Wait(); (*slot).Error() != nil {
				b.Fatal((*slot).Error())
			}
		}
		*slot = c.Publish(mqtttest.BenchTopic, byte(qos), false, payload)
	}
	for _, t := range tokens {
		if t != nil {
			t.Wait()
		}
	}
	b.StopTimer()
}

func receivePaho(b *testing.B, addr *net.TCPAddr, n int) {
	var in atomic.Int64
	done := make(chan struct{})
	options := paho.NewClientOptions().SetDefaultPublishHandler(func(paho.Client, paho.Message) {
		if in.Add(1) == int64(n) {
			close(done)
		}
	})
	c := connectPaho(b, addr, options)
	b.ResetTimer()
	c.Publish("x", 0, false, "") // the signal to begin
	<-done
	b.StopTimer()
}

func connectAtWat(b *testing.B, addr *net.TCPAddr) *atwat.BaseClient {
	conn, err := net.DialTCP("tcp", nil, addr)
	if err != nil {
		b.Fatal(err)
	}
	c := &atwat.BaseClient{Transport: conn}
	if _, err := c.Connect(context.Background(), "at-wat"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func publishAtWat(b *testing.B, addr *net.TCPAddr, n, qos int, payload []byte) {
	c := connectAtWat(b, addr)
	publishers := 1
	if qos > 0 {
		publishers = 256 // its Publish waits for the acknowledgment
	}
	var left atomic.Int64
	left.Store(int64(n))
	var group sync.WaitGroup
	b.ResetTimer()
	for range publishers {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := c.Publish(context.Background(), &atwat.Message{Topic: mqtttest.BenchTopic, QoS: atwat.QoS(qos), Payload: payload}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
}

func receiveAtWat(b *testing.B, addr *net.TCPAddr, n int) {
	c := connectAtWat(b, addr)
	in := 0
	done := make(chan struct{})
	c.Handle(atwat.HandlerFunc(func(*atwat.Message) {
		if in++; in == n {
			close(done)
		}
	}))
	b.ResetTimer()
	if err := c.Publish(context.Background(), &atwat.Message{Topic: "x"}); err != nil {
		b.Fatal(err)
	}
	<-done
	b.StopTimer()
}
