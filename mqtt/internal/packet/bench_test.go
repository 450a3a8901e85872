package packet

import (
	"bytes"
	"testing"
)

// The sizes of a typical telemetry message.
var (
	benchTopic   = "plant/7/line/3/temperature"
	benchPayload = bytes.Repeat([]byte("x"), 64)
)

func BenchmarkAppendPublishHeader(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendPublishHeader(buf[:0], V5, 0x30, benchTopic, 0, nil, len(benchPayload))
	}
}

func BenchmarkAppendPublish(b *testing.B) {
	p := Publish{Topic: []byte(benchTopic), Payload: benchPayload}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendPublish(buf[:0], V5, &p)
	}
}

func BenchmarkDecodePublish(b *testing.B) {
	for _, bench := range []struct {
		name  string
		v     Version
		first byte
		p     Publish
	}{
		{"QoS0", V5, 0x30, Publish{Topic: []byte(benchTopic), Payload: benchPayload}},
		{"QoS0_V311", V311, 0x30, Publish{Topic: []byte(benchTopic), Payload: benchPayload}},
		{"QoS1", V5, 0x32, Publish{QoS: 1, PacketID: 7, Topic: []byte(benchTopic), Payload: benchPayload}},
		{"Properties", V5, 0x30, Publish{
			Topic: []byte(benchTopic), Payload: benchPayload,
			Properties: Properties(nil).AppendString(PropContentType, "application/json").AppendUserProperty("unit", "celsius"),
		}},
		{"UTF8Topic", V5, 0x30, Publish{Topic: []byte("werk/7/straße/3/temperatur"), Payload: benchPayload}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			packet := AppendPublish(nil, bench.v, &bench.p)
			body := packet[len(packet)-publishLength(bench.v, bench.p.QoS, len(bench.p.Topic), len(bench.p.Properties), len(bench.p.Payload)):]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodePublish(bench.v, FromServer, bench.first, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReadHeader(b *testing.B) {
	packet := AppendPublish(nil, V5, &Publish{Topic: []byte(benchTopic), Payload: benchPayload})
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := ReadHeader(V5, FromServer, packet); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendShortAck(b *testing.B) {
	buf := make([]byte, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendShortAck(buf[:0], PUBACK, 7)
	}
}

func BenchmarkDecodeAck(b *testing.B) {
	packet := AppendShortAck(nil, PUBACK, 7)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeAck(V5, FromServer, PUBACK, packet[2:]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckTopicName(b *testing.B) {
	for _, bench := range []struct{ name, topic string }{
		{"ASCII", benchTopic},
		{"UTF8", "werk/7/straße/3/temperatur/auf der langen linie"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := CheckTopicName(bench.topic); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
