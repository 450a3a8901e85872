package mqtt_test

import (
	"runtime"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The allocation budgets of a message, handlers included. Allocations do not vary, so they are asserted; time is the
// benchmarks' matter.

// allocations reports how many objects each of n calls allocates on average.
func allocations(n int, f func()) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n)
}

func TestAllocationsOfPublish(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	const n = 50_000
	payload := make([]byte, 64)
	for qos, budget := range []float64{0.05, 1, 1} {
		whole := packet.PublishSize(packet.V311, uint8(qos), len(mqtttest.BenchTopic), 0, len(payload))
		addr := mqtttest.BenchServer(t, mqtttest.Sink(whole, qos, 0))
		m := mqtt.New()
		must(t, m.ConnectTo(addr.IP.String(), addr.Port))
		out := 0
		m.OnMessageOut = func(*mqtt.MessageOutEventArgs) { out++ }
		m.OnMessageAck = func(*mqtt.MessageAckEventArgs) {}
		got := allocations(n, func() {
			for i := range n {
				must(t, m.PublishData(mqtttest.BenchTopic, qos, payload))
				if i%1000 == 999 {
					must(t, m.DoEvents())
				}
			}
			for out < n {
				must(t, m.DoEvents())
			}
		})
		t.Logf("QoS %d: %.3f allocations a message", qos, got)
		if got > budget {
			t.Errorf("publishing with QoS %d allocates %.3f times a message; the budget is %v", qos, got, budget)
		}
		finish(t, m)
	}
}

// A message of QoS 0 whose end nobody wants to know costs nothing but its place in the outgoing buffer.
func TestAllocationsOfPublishUntold(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	for size, budget := range map[int]float64{64: 0.05, 1 << 10: 0.1, 12 << 10: 1, 1 << 20: 8} {
		n := 4 << 20 / size
		payload := make([]byte, size)
		whole := packet.PublishSize(packet.V311, 0, len(mqtttest.BenchTopic), 0, size)
		addr := mqtttest.BenchServer(t, mqtttest.Sink(whole, 0, 0))
		m := mqtt.New()
		must(t, m.ConnectTo(addr.IP.String(), addr.Port))
		got := allocations(n, func() {
			for range n {
				must(t, m.PublishData(mqtttest.BenchTopic, 0, payload))
			}
		})
		t.Logf("%d bytes: %.3f allocations a message", size, got)
		if got > budget {
			t.Errorf("publishing %d bytes with QoS 0 and no MessageOut allocates %.3f times a message; the budget is %v", size, got, budget)
		}
		must(t, m.Disconnect())
		finish(t, m)
	}
}

func TestAllocationsOfReceive(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and makes sync.Pool forget")
	}
	const n = 50_000
	for qos, budget := range []float64{1, 2, 2} {
		addr := mqtttest.BenchServer(t, mqtttest.Source(byte(0x30|qos<<1), make([]byte, 64), func() int { return n }))
		m := mqtt.New()
		must(t, m.ConnectTo(addr.IP.String(), addr.Port))
		in := 0
		m.OnMessageIn = func(*mqtt.MessageInEventArgs) { in++ }
		m.OnMessageAck = func(*mqtt.MessageAckEventArgs) {}
		got := allocations(n, func() {
			must(t, m.Ping()) // the signal to begin
			for in < n {
				must(t, m.DoEvents())
			}
		})
		t.Logf("QoS %d: %.3f allocations a message", qos, got)
		if got > budget {
			t.Errorf("receiving with QoS %d allocates %.3f times a message; the budget is %v", qos, got, budget)
		}
		finish(t, m)
	}
}

// An idle connected component has at most 2 goroutines and 12 KiB.
func TestIdleBudget(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector's memory counts too")
	}
	for _, row := range []struct {
		name     string
		settings []string
	}{
		{"connected", nil},
		// The table of settings, of some 80 KB, is made once for all components.
		{"connected and with a setting assigned", []string{"TopicAlias=1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bytes, goroutines := idleCost(t, 500, row.settings...)
			t.Logf("%.0f bytes, %.2f goroutines", bytes, goroutines)
			if bytes > 12<<10 || goroutines > 2 {
				t.Errorf("an idle component has %.0f bytes and %.2f goroutines; the budget is %d and 2", bytes, goroutines, 12<<10)
			}
		})
	}
}
