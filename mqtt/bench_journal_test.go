package mqtt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// BenchmarkJournal publishes QoS 1 messages of 64 bytes from 1, 10 and 100 goroutines to a server that acknowledges them,
// beside a loop that appends as many bytes to a file and syncs it for each message: x-bare is the time of a message in
// terms of the loop's, which is below 1 where publishers share a sync.
func BenchmarkJournal(b *testing.B) {
	const size = 64
	for _, publishers := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("publishers=%d", publishers), func(b *testing.B) {
			whole := packet.PublishSize(packet.V311, 1, len(mqtttest.BenchTopic), 0, size)
			addr := mqtttest.BenchServer(b, mqtttest.Sink(whole, 1, 0))
			folder := b.TempDir()
			m := mqtt.New()
			must(b, m.SetClientId("bench"))
			for _, s := range []string{"LogLevel=0", "JournalDir=" + folder, "BackgroundEvents=True"} {
				config(b, m, s)
			}
			must(b, m.ConnectTo(addr.IP.String(), addr.Port))
			defer func() { must(b, m.Disconnect()) }()
			payload := make([]byte, size)
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for range publishers {
				all.Go(func() {
					for range b.N/publishers + 1 {
						if err := m.PublishData(mqtttest.BenchTopic, 1, payload); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			per := b.Elapsed() / time.Duration(publishers*(b.N/publishers+1))
			b.ReportMetric(1e9/float64(per), "messages/s")
			b.ReportMetric(float64(per)/float64(appendAndSync(b, folder, whole)), "x-bare")
		})
	}
}

// appendAndSync returns how long it takes to append n bytes to a file and to sync it.
func appendAndSync(b *testing.B, folder string, n int) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(folder, "bare"))
	must(b, err)
	defer f.Close()
	const rounds = 300
	bytes := make([]byte, n)
	start := time.Now()
	for range rounds {
		_, err := f.Write(bytes)
		must(b, err)
		must(b, f.Sync())
	}
	return time.Since(start) / rounds
}

// BenchmarkJournalRecovery reports how long the first call takes that opens a journal of n unfinished messages.
func BenchmarkJournalRecovery(b *testing.B) {
	for _, n := range []int{1000, 10_000, 65_000} {
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			folder := b.TempDir()
			component := func() *mqtt.MQTT {
				m := mqtt.New()
				must(b, m.SetClientId("bench"))
				for _, s := range []string{"QueueMessages=True", "SendQueueSize=0", "JournalDir=" + folder} {
					config(b, m, s)
				}
				return m
			}
			writer := component()
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					for range n / 100 {
						must(b, writer.PublishData("house/room/temperature", 1, make([]byte, 64)))
					}
				})
			}
			all.Wait()
			b.ResetTimer()
			for i := range b.N {
				m := component()
				must(b, m.PublishMessage("t", 1, "opens it"))
				b.StopTimer()
				if got, want := config(b, m, "QueuedMessages"), fmt.Sprint(n+i+1); got != want {
					b.Fatalf("%s messages, want %s", got, want)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/message")
		})
	}
}
