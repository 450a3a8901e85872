package mqtt_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// BenchmarkPublishers publishes from many goroutines on one component while another is in Run, as a server program does.
// The time ends when the last call has returned.
func BenchmarkPublishers(b *testing.B) {
	payload := make([]byte, 64)
	for qos := range 2 {
		whole := packet.PublishSize(packet.V311, uint8(qos), len(mqtttest.BenchTopic), 0, len(payload))
		for _, publishers := range []int{1, 2, 8, 64} {
			b.Run(fmt.Sprintf("QoS%d/%d", qos, publishers), func(b *testing.B) {
				m := connectBench(b, mqtttest.BenchServer(b, mqtttest.Sink(whole, qos, 0)))
				config(b, m, "InflightLimit=1024")
				ctx, stop := context.WithCancel(context.Background())
				ran := make(chan error)
				go func() { ran <- m.Run(ctx) }()
				b.ReportAllocs()
				b.ResetTimer()
				used := startMeter()
				var publishing sync.WaitGroup
				for first := range publishers {
					publishing.Go(func() {
						for i := first; i < b.N; i += publishers {
							if err := m.PublishData(mqtttest.BenchTopic, qos, payload); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				publishing.Wait()
				b.StopTimer()
				used.stop(b)
				stop()
				must(b, <-ran)
			})
		}
	}
}
