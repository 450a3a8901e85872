package mqtt_test

import (
	"net"
	"runtime"
	"strconv"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// idleCost connects n components, assigns the settings to each, and reports what each has in memory, stacks included, and
// how many goroutines.
func idleCost(tb testing.TB, n int, settings ...string) (bytes, goroutines float64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	// The other end has no goroutine per connection, so that everything counted is the component's.
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	accept := make(chan struct{})
	accepted := make(chan error)
	go func() {
		for range accept {
			conn, err := listener.Accept()
			if err == nil {
				conns = append(conns, conn)
				err = mqtttest.AcceptConnect(conn)
			}
			accepted <- err
		}
		close(accepted)
	}()
	addr := listener.Addr().(*net.TCPAddr)
	components := make([]*mqtt.MQTT, 0, n)
	connect := func() {
		accept <- struct{}{}
		m := mqtt.New()
		for _, s := range settings {
			config(tb, m, s)
		}
		if err := m.ConnectTo(addr.IP.String(), addr.Port); err != nil {
			tb.Fatal(err)
		}
		if err := <-accepted; err != nil {
			tb.Fatal(err)
		}
		components = append(components, m)
	}
	connect() // what is made once for all does not count
	measure := func() (uint64, int) {
		var s runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc + s.StackInuse, runtime.NumGoroutine()
	}
	before, goroutinesBefore := measure()
	for range n {
		connect()
	}
	after, goroutinesAfter := measure()
	bytes, goroutines = float64(after-before)/float64(n), float64(goroutinesAfter-goroutinesBefore)/float64(n)
	for _, m := range components {
		if err := m.Interrupt(); err != nil {
			tb.Fatal(err)
		}
	}
	close(accept)
	<-accepted
	for _, m := range components {
		for m.ReadyToSend() {
			if err := m.DoEvents(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return bytes, goroutines
}

// BenchmarkIdle reports the memory and the goroutines of a connected component that has nothing to do.
func BenchmarkIdle(b *testing.B) {
	var bytes, goroutines float64
	for range b.N {
		bytes, goroutines = idleCost(b, 500)
	}
	b.ReportMetric(bytes, "B/component")
	b.ReportMetric(goroutines, "goroutines/component")
}
