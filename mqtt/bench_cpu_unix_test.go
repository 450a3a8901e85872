//go:build unix

package mqtt_test

import (
	"syscall"
	"testing"
	"time"
)

// meter measures the processor time of the whole process.
type meter struct{ cpu time.Duration }

func startMeter() *meter { return &meter{cpu: processorTime()} }

func (m *meter) stop(b *testing.B) (perMessage float64) {
	perMessage = float64(processorTime()-m.cpu) / float64(b.N)
	b.ReportMetric(perMessage, "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	return perMessage
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
