package mqtt_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// flood is what a hostile server sends without end: the n-th packet.
type flood func(c *mqtttest.Conn, n int) []byte

func ackFlood(t packet.Type) flood {
	return func(_ *mqtttest.Conn, n int) []byte { return packet.AppendShortAck(nil, t, uint16(n%65_535+1)) }
}

func publishFlood(qos byte) flood {
	return func(c *mqtttest.Conn, n int) []byte {
		p := packet.Publish{Topic: []byte("a"), QoS: qos}
		if qos > 0 {
			p.PacketID = uint16(n%65_535 + 1)
		}
		return packet.AppendPublish(nil, c.Version, &p)
	}
}

// send sends it while the connection stands, in portions. The result tells how much the heap grew meanwhile, looked at
// when another part of a tenth of most bytes has been read, and a last time when the client reads no more. That it goes on
// reading beyond most bytes is an error.
func (f flood) send(t *testing.T, r *mqtttest.Recorder, c *mqtttest.Conn, portion, most int) <-chan int {
	before := heapInUse()
	grown := make(chan int, 1)
	go func() {
		peak, sent, looked := 0, 0, 0
		var b []byte
		for n := 0; r.M.Connected() && sent < most; {
			for b = b[:0]; len(b) < portion; n++ {
				b = append(b, f(c, n)...)
			}
			if _, err := c.NetConn().Write(b); err != nil {
				break
			}
			if sent += len(b); sent-looked >= most/10 {
				looked = sent
				peak = max(peak, heapInUse()-before)
			}
		}
		if sent >= most {
			t.Errorf("the client has read %d KiB and goes on", sent>>10)
			c.Close()
		}
		grown <- peak
	}()
	return grown
}

// A server that never reads and sends without end what is answered: reading pauses while the answers wait, so that they
// take 512 KiB, twice while the writer has some, and keep-alive ends the connection within the documented time. The goroutine
// that pumps reads by itself when little comes at a time.
func TestAnswersThatNobodyReads(t *testing.T) {
	for _, row := range []struct {
		name  string
		flood flood
		other int // KiB of what else waits
	}{
		{"PUBREC for nothing that is known", ackFlood(packet.PUBREC), 0},
		{"PUBLISH QoS 1", publishFlood(1), 2 * mqtt.MaxEvents * 2 / 4}, // two batches of events, and a read more
		{"PUBLISH QoS 2", publishFlood(2), 65_535 / 4},                 // each identifier a message
	} {
		for _, portion := range []int{8, 1000, 64 << 10} {
			t.Run(fmt.Sprintf("%s/%d bytes at a time", row.name, portion), func(t *testing.T) {
				eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
					r, c := halfOpen(t, v, way{})
					start := time.Now()
					grown := row.flood.send(t, r, c, portion, 4<<20)
					wantGivenUp(t, r, start, halfOpenInterval+halfOpenBound+halfOpenWriter)
					if n := <-grown; n>>10 > row.other+2<<10 {
						t.Errorf("the heap grew by %d KiB", n>>10)
					}
				})
			})
		}
	}
}

// PUBREL is answered with the reason code in v5, and 3.1.1 has none: the pause is the same, and what was sent before it is
// delivered when the server reads again, in order and with every answer.
func TestPauseForAnswersEnds(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, c := halfOpen(t, v, way{})
		const count = 300_000
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			var b []byte
			for n := range count {
				b = append(b, 0x62, 2, byte(n>>8), byte(n)|1)
			}
			b = append(b, c.Publish("a", 0, 0, "behind it")...)
			if _, err := c.NetConn().Write(b); err != nil {
				t.Error(err)
			}
		}()
		advance(time.Second)
		select {
		case <-sent:
			t.Fatal("the client has read everything: the test is too small")
		default:
		}
		read := make(chan []byte)
		go func() {
			each := 4
			if c.Version == packet.V5 {
				each++ // with the reason code
			}
			b := make([]byte, count*each)
			if _, err := io.ReadFull(c.NetConn(), b); err != nil {
				t.Error(err)
			}
			read <- b
		}()
		answers := <-read
		told := false
		r.On("MessageIn", func(any) { told = true })
		r.Wait("MessageIn", func(mqtttest.Trace) bool { return told })
		<-sent
		for n, each := 0, len(answers)/count; n < count; n++ {
			if b := answers[n*each:]; b[0] != 0x70 || b[2] != byte(n>>8) || b[3] != byte(n)|1 {
				t.Fatalf("answer %d is % X", n, b[:each])
			}
		}
		must(t, r.M.Interrupt())
	})
}
