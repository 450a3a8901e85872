package mqtt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// sessionOf returns the text of a session of n unacknowledged QoS 1 and 2 messages of 64 bytes.
func sessionOf(tb testing.TB, n int) string {
	tb.Helper()
	awaits := []string{"PUBACK", "PUBREC"}
	messages := make([]string, n)
	for i := range messages {
		messages[i] = fmt.Sprintf(`{"id":%d,"qos":%d,"awaits":%q,"topic":"house/room%d/temperature","text":%q}`,
			i+1, 1+i%2, awaits[i%2], i%100, strings.Repeat("x", 64))
	}
	m := mqtt.New()
	must(tb, m.RestoreSession(sealed(fmt.Sprintf(`{"clientId":"bench","lastPacketId":%d,"outgoing":[%s],"incoming":[]}`, n, strings.Join(messages, ",")))))
	return saved(tb, m)
}

var sessionSizes = []int{1000, 10000, 65535}

// BenchmarkSaveSession reports the time of SaveSession per message, as text and into a file.
func BenchmarkSaveSession(b *testing.B) { benchSession(b, false) }

// BenchmarkRestoreSession reports the time of RestoreSession per message, from text and from a file.
func BenchmarkRestoreSession(b *testing.B) { benchSession(b, true) }

func benchSession(b *testing.B, restore bool) {
	for _, n := range sessionSizes {
		text := sessionOf(b, n)
		for _, inFile := range []bool{false, true} {
			where := "text"
			if inFile {
				where = "file"
			}
			b.Run(fmt.Sprintf("%s/%d", where, n), func(b *testing.B) {
				file := ""
				if inFile {
					file = filepath.Join(b.TempDir(), "state")
					must(b, os.WriteFile(file, []byte(text), 0o600))
				}
				m := mqtt.New()
				must(b, m.RestoreSession(text))
				config(b, m, "SessionStateFile="+file)
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					if !restore {
						saved(b, m)
						continue
					}
					m := mqtt.New()
					config(b, m, "SessionStateFile="+file)
					must(b, m.RestoreSession(text))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/message")
			})
		}
	}
}

// A session of all 65,535 identifiers is saved and restored; the log tells how fast.
func TestLargestSession(t *testing.T) {
	text := sessionOf(t, 65535)
	m := mqtt.New()
	start := time.Now()
	must(t, m.RestoreSession(text))
	restored := time.Now()
	again := saved(t, m)
	t.Logf("restored in %v, saved in %v", restored.Sub(start), time.Since(restored))
	if again != text || m.OutgoingMessages().Count() != 65535 {
		t.Errorf("%d messages; the text has %d bytes, want %d", m.OutgoingMessages().Count(), len(again), len(text))
	}
}
