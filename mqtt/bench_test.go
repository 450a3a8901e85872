package mqtt_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The benchmarks put the component beside a hand-written loop that moves the same bytes, in one run: x-loop is the
// component's processor time per message in terms of the loop's, the other end included in both.

var sizes = []int{64, 1024}

// pair runs the loop and the component and reports the ratio of their processor time.
func pair(b *testing.B, loop, component func(b *testing.B)) {
	var loopCPU float64
	b.Run("loop", func(b *testing.B) {
		m := startMeter()
		loop(b)
		loopCPU = m.stop(b)
	})
	b.Run("mqtt", func(b *testing.B) {
		b.ReportAllocs()
		m := startMeter()
		component(b)
		if cpu := m.stop(b); loopCPU > 0 {
			b.ReportMetric(cpu/loopCPU, "x-loop")
		}
	})
}

func connectBench(b *testing.B, addr *net.TCPAddr) *mqtt.MQTT {
	m := mqtt.New()
	for _, setting := range []string{"LogLevel=0", "SelectWaitMillis=1000"} {
		if _, err := m.Config(setting); err != nil {
			b.Fatal(err)
		}
	}
	m.OnError = func(e *mqtt.ErrorEventArgs) { b.Error(*e) }
	if err := m.ConnectTo(addr.IP.String(), addr.Port); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.Interrupt() })
	return m
}

func BenchmarkPublish(b *testing.B) {
	for qos := range 3 {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("QoS%d/%dB", qos, size), func(b *testing.B) {
				payload := make([]byte, size)
				whole := packet.PublishSize(packet.V311, uint8(qos), len(mqtttest.BenchTopic), 0, size)
				addr := mqtttest.BenchServer(b, mqtttest.Sink(whole, qos, 0))
				pair(b,
					func(b *testing.B) { publishLoop(b, addr, qos, payload) },
					func(b *testing.B) { publishComponent(b, addr, qos, payload) })
			})
		}
	}
}

// publishLoop writes b.N messages as a program would that does nothing else: it fills a buffer, writes it, and reads the
// answers in a second goroutine.
func publishLoop(b *testing.B, addr *net.TCPAddr, qos int, payload []byte) {
	conn := mqtttest.BenchDial(b, addr)
	done := make(chan error, 1)
	pubrels := make(chan []byte, 16)
	if qos > 0 {
		go func() { done <- readAnswers(conn, b.N, qos, pubrels) }()
	}
	b.ResetTimer()
	buffer := make([]byte, 0, 64<<10)
	first := byte(0x30 | qos<<1)
	pending := 0
	for i := range b.N {
		buffer = packet.AppendPublishHeader(buffer, packet.V311, first, mqtttest.BenchTopic, uint16(i%65535)+1, nil, len(payload))
		buffer = append(buffer, payload...)
		if pending++; len(buffer) > 60<<10 || i == b.N-1 {
			select {
			case p := <-pubrels:
				buffer = append(buffer, p...)
			default:
			}
			if _, err := conn.Write(buffer); err != nil {
				b.Fatal(err)
			}
			buffer = buffer[:0]
		}
	}
	for qos == 2 {
		select {
		case p := <-pubrels:
			if _, err := conn.Write(p); err != nil {
				b.Fatal(err)
			}
			continue
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			return
		}
	}
	if qos == 1 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// readAnswers reads the acknowledgments of n messages and hands over the PUBRELs that they ask for.
func readAnswers(conn net.Conn, n, qos int, pubrels chan<- []byte) error {
	r := bufio.NewReaderSize(conn, 64<<10)
	var pubrel []byte
	for finished := 0; finished < n; {
		head, err := r.Peek(4)
		if err != nil {
			return err
		}
		if head[0] == 0x50 {
			pubrel = append(pubrel, 0x62, 2, head[2], head[3])
		} else {
			finished++
		}
		_, _ = r.Discard(4)
		if len(pubrel) > 0 && r.Buffered() < 4 {
			pubrels <- pubrel
			pubrel = nil
		}
	}
	return nil
}

func publishComponent(b *testing.B, addr *net.TCPAddr, qos int, payload []byte) {
	m := connectBench(b, addr)
	out := 0
	m.OnMessageOut = func(*mqtt.MessageOutEventArgs) { out++ }
	m.OnMessageAck = func(*mqtt.MessageAckEventArgs) {}
	b.ResetTimer()
	for i := range b.N {
		if err := m.PublishData(mqtttest.BenchTopic, qos, payload); err != nil {
			b.Fatal(i, err)
		}
		if i%1024 == 1023 { // a program with a loop
			if err := m.DoEvents(); err != nil {
				b.Fatal(err)
			}
		}
	}
	for out < b.N {
		if err := m.DoEvents(); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
}

func BenchmarkReceive(b *testing.B) {
	for qos := range 3 {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("QoS%d/%dB", qos, size), func(b *testing.B) {
				var n int
				addr := mqtttest.BenchServer(b, mqtttest.Source(byte(0x30|qos<<1), make([]byte, size), func() int { return n }))
				pair(b,
					func(b *testing.B) { n = b.N; receiveLoop(b, addr, qos) },
					func(b *testing.B) { n = b.N; receiveComponent(b, addr) })
			})
		}
	}
}

// receiveLoop reads and parses b.N messages and answers them, one write for each full read.
func receiveLoop(b *testing.B, addr *net.TCPAddr, qos int) {
	conn := mqtttest.BenchDial(b, addr)
	buffer := make([]byte, 64<<10)
	out := make([]byte, 0, 64<<10)
	b.ResetTimer()
	if _, err := conn.Write([]byte{0xC0, 0}); err != nil {
		b.Fatal(err)
	}
	begin, end, bytes := 0, 0, 0
	for finished := 0; finished < b.N; {
		if begin > 0 {
			end = copy(buffer, buffer[begin:end])
			begin = 0
		}
		n, err := conn.Read(buffer[end:])
		if err != nil {
			b.Fatal(err)
		}
		end += n
		for {
			h, ok, err := packet.ReadHeader(packet.V311, packet.FromServer, buffer[begin:end])
			if err != nil {
				b.Fatal(err)
			}
			if !ok || end-begin < h.PacketSize() {
				break
			}
			body := buffer[begin+h.Size : begin+h.PacketSize()]
			begin += h.PacketSize()
			if h.Type() == packet.PUBREL {
				out = append(out, 0x70, 2, body[0], body[1])
				finished++
				continue
			}
			p, err := packet.DecodePublish(packet.V311, packet.FromServer, h.First, body)
			if err != nil {
				b.Fatal(err)
			}
			bytes += len(p.Payload)
			switch qos {
			case 0:
				finished++
			case 1:
				out = packet.AppendShortAck(out, packet.PUBACK, p.PacketID)
				finished++
			case 2:
				out = packet.AppendShortAck(out, packet.PUBREC, p.PacketID)
			}
		}
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				b.Fatal(err)
			}
			out = out[:0]
		}
	}
}

func receiveComponent(b *testing.B, addr *net.TCPAddr) {
	m := connectBench(b, addr)
	in, bytes := 0, 0
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { in++; bytes += len(e.MessageB) }
	m.OnMessageAck = func(*mqtt.MessageAckEventArgs) {}
	b.ResetTimer()
	if _, err := m.Config("SendCustomPacket=C000"); err != nil { // what it is does not matter to the source
		b.Fatal(err)
	}
	for in < b.N {
		if err := m.DoEvents(); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
}

// BenchmarkRoundTrip is the latency of a single QoS 1 message: published, acknowledged, told.
func BenchmarkRoundTrip(b *testing.B) {
	payload := make([]byte, 64)
	whole := packet.PublishSize(packet.V311, 1, len(mqtttest.BenchTopic), 0, len(payload))
	addr := mqtttest.BenchServer(b, mqtttest.Sink(whole, 1, 0))
	pair(b, func(b *testing.B) {
		conn := mqtttest.BenchDial(b, addr)
		var buffer []byte
		ack := make([]byte, 4)
		b.ResetTimer()
		for i := range b.N {
			buffer = packet.AppendPublishHeader(buffer[:0], packet.V311, 0x32, mqtttest.BenchTopic, uint16(i%65535)+1, nil, len(payload))
			buffer = append(buffer, payload...)
			if _, err := conn.Write(buffer); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(conn, ack); err != nil {
				b.Fatal(err)
			}
		}
	}, func(b *testing.B) {
		m := connectBench(b, addr)
		b.ResetTimer()
		for range b.N {
			if err := m.PublishAndWait(mqtttest.BenchTopic, 1, payload); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
	})
}
