package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// BenchmarkCommit is what a QoS 1 message of 64 bytes costs its publisher: it is added and committed, and its end is
// noted. vs-bare is how many times as long that takes as appending the same bytes to a file and syncing it for each
// message; below 1, publishers share a sync.
func BenchmarkCommit(b *testing.B) {
	for _, publishers := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("publishers=%d", publishers), func(b *testing.B) {
			dir := b.TempDir()
			j, _, err := Open(dir, "bench")
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for p := range publishers {
				all.Go(func() {
					m := protocol.SavedMessage{Topic: "a/b", Payload: make([]byte, 64), ID: uint16(p + 1), QoS: 1, Awaits: packet.PUBACK}
					for range b.N/publishers + 1 {
						key := j.Add(&m, false)
						if err := j.Commit(j.Noted()); err != nil {
							b.Error(err)
						}
						j.Finish(key)
					}
				})
			}
			all.Wait()
			b.StopTimer()
			perMessage := b.Elapsed() / time.Duration(publishers*(b.N/publishers+1))
			b.ReportMetric(float64(perMessage)/float64(bareSync(b, dir)), "vs-bare")
		})
	}
}

// bareSync is the time for appending and syncing the bytes of such a message.
func bareSync(b *testing.B, dir string) time.Duration {
	f, err := os.Create(filepath.Join(dir, "bare"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := make([]byte, headSize+addSize+3+64+bodyCRCSize+headSize)
	n := min(b.N, 500) + 1
	start := time.Now()
	for range n {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / time.Duration(n)
}

// BenchmarkOpen is the recovery of messages of 64 bytes; the time for each does not depend on how many there are.
func BenchmarkOpen(b *testing.B) {
	for _, messages := range []int{1000, 10_000, 65_000} {
		b.Run(fmt.Sprintf("messages=%d", messages), func(b *testing.B) {
			dir := b.TempDir()
			j, _, err := Open(dir, "bench")
			if err != nil {
				b.Fatal(err)
			}
			for i := range messages {
				j.Add(&protocol.SavedMessage{Topic: "a/b", Payload: make([]byte, 64), ID: uint16(i + 1), QoS: 1}, false)
			}
			if err := j.Close(); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				j, found, err := Open(dir, "bench")
				if err != nil || len(found.Session.Outgoing) != messages || found.Damage != nil {
					b.Fatal(err, found)
				}
				j.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*messages), "ns/message")
		})
	}
}
