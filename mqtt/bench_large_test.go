package mqtt_test

import (
	"io"
	"net"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

const largePayload = 16 << 20

// BenchmarkLarge moves 16-MiB payloads beside a loop that moves the same bytes; MB/s tells.
func BenchmarkLarge(b *testing.B) {
	b.Run("publish", func(b *testing.B) {
		payload := make([]byte, largePayload)
		addr := mqtttest.BenchServer(b, func(conn *net.TCPConn) { discard(conn) })
		pair(b, func(b *testing.B) {
			b.SetBytes(largePayload)
			conn := mqtttest.BenchDial(b, addr)
			head := packet.AppendPublishHeader(nil, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, len(payload))
			b.ResetTimer()
			for range b.N {
				if _, err := conn.Write(head); err != nil {
					b.Fatal(err)
				}
				if _, err := conn.Write(payload); err != nil {
					b.Fatal(err)
				}
			}
		}, func(b *testing.B) {
			b.SetBytes(largePayload)
			m := connectBench(b, addr)
			b.ResetTimer()
			for range b.N - 1 {
				if err := m.PublishData(mqtttest.BenchTopic, 0, payload); err != nil {
					b.Fatal(err)
				}
			}
			if err := m.PublishAndWait(mqtttest.BenchTopic, 0, payload); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
		})
	})
	b.Run("receive", func(b *testing.B) {
		var n int
		one := packet.AppendPublishHeader(nil, packet.V311, 0x30, mqtttest.BenchTopic, 0, nil, largePayload)
		one = append(one, make([]byte, largePayload)...)
		addr := mqtttest.BenchServer(b, func(conn *net.TCPConn) {
			if _, err := io.ReadFull(conn, make([]byte, 2)); err != nil {
				return
			}
			for range n {
				if _, err := conn.Write(one); err != nil {
					return
				}
			}
			discard(conn)
		})
		pair(b, func(b *testing.B) {
			n = b.N
			b.SetBytes(largePayload)
			conn := mqtttest.BenchDial(b, addr)
			b.ResetTimer()
			if _, err := conn.Write([]byte{0xC0, 0}); err != nil {
				b.Fatal(err)
			}
			for range b.N {
				message := make([]byte, len(one)) // a message that the program may keep needs memory of its own
				if _, err := io.ReadFull(conn, message); err != nil {
					b.Fatal(err)
				}
			}
		}, func(b *testing.B) {
			n = b.N
			b.SetBytes(largePayload)
			m := connectBench(b, addr)
			in := 0
			m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
				if in++; len(e.MessageB) != largePayload {
					b.Error(len(e.MessageB))
				}
			}
			b.ResetTimer()
			if _, err := m.Config("SendCustomPacket=C000"); err != nil {
				b.Fatal(err)
			}
			for in < b.N {
				if err := m.DoEvents(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
		})
	})
}

// discard reads into one buffer; io.Copy to io.Discard would use splice-like short cuts of its own.
func discard(conn net.Conn) {
	buffer := make([]byte, 256<<10)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

// BenchmarkInflight publishes QoS 1 messages while so many are unacknowledged. The cost of one must not depend on that.
func BenchmarkInflight(b *testing.B) {
	payload := make([]byte, 64)
	whole := packet.PublishSize(packet.V311, 1, len(mqtttest.BenchTopic), 0, len(payload))
	for _, inflight := range []int{60, 600, 6000, 60000} {
		b.Run(itoa(inflight), func(b *testing.B) {
			addr := mqtttest.BenchServer(b, sinkBehind(whole, inflight))
			b.ReportAllocs()
			meter := startMeter()
			m := connectBench(b, addr)
			out := 0
			m.OnMessageOut = func(*mqtt.MessageOutEventArgs) { out++ }
			m.OnMessageAck = func(*mqtt.MessageAckEventArgs) {}
			for range inflight {
				if err := m.PublishData(mqtttest.BenchTopic, 1, payload); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for sent := 0; sent < b.N; sent++ {
				for sent-out > 4000 { // what is in flight is the sink's doing, not the pump's
					if err := m.DoEvents(); err != nil {
						b.Fatal(err)
					}
				}
				if err := m.PublishData(mqtttest.BenchTopic, 1, payload); err != nil {
					b.Fatal(err)
				}
			}
			for out < b.N {
				if err := m.DoEvents(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			meter.stop(b)
		})
	}
}

// sinkBehind acknowledges each QoS 1 message when so many newer ones have come.
func sinkBehind(size, behind int) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		in, out := make([]byte, 64<<10), make([]byte, 0, 64<<10)
		bytes, answered := 0, 0
		for {
			n, err := conn.Read(in)
			if err != nil {
				return
			}
			bytes += n
			for ; answered < bytes/size-behind; answered++ {
				id := uint16(answered%65535) + 1
				out = append(out, 0x40, 2, byte(id>>8), byte(id))
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
