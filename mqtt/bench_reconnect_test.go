package mqtt_test

import (
	"fmt"
	"net"
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// crowd is a server that accepts connections and CONNECT, one after the other in one goroutine, and does nothing else: so
// the time and the memory that are measured are those of the components.
type crowd struct {
	listener net.Listener
	conns    []net.Conn // until the server stops
	accepted []time.Time
	over     chan error
}

// openCrowd listens at address until n clients have connected.
func openCrowd(address string, n int) (*crowd, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &crowd{listener: listener, over: make(chan error, 1)}
	go func() { c.over <- c.accept(n) }()
	return c, nil
}

func (c *crowd) accept(n int) error {
	for range n {
		conn, err := c.listener.Accept()
		if err != nil {
			return err
		}
		c.conns = append(c.conns, conn)
		if err := mqtttest.AcceptConnect(conn); err != nil {
			return err
		}
		c.accepted = append(c.accepted, time.Now())
	}
	return nil
}

// stop resets the connections and stops listening, as a server that is killed.
func (c *crowd) stop() {
	_ = c.listener.Close()
	for _, conn := range c.conns {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// heapAndStacks is what heap and stacks hold.
func heapAndStacks() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// watchMemory reports the most that was in use until it is called.
func watchMemory() (most func() uint64) {
	ended, result := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				peak = max(peak, heapAndStacks())
			case <-ended:
				result <- max(peak, heapAndStacks())
				return
			}
		}
	}()
	return func() uint64 {
		close(ended)
		return <-result
	}
}

// busiest returns how many of the times lie in the fullest window of a width.
func busiest(times []time.Time, width time.Duration) (most int) {
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) > width {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// BenchmarkReconnect1000 has 1,000 components lose their server and connect again with AutoReconnect. s/all is the time
// from the server's return, s/spread that between the first and the last CONNECT, and peak/50ms how many came together.
func BenchmarkReconnect1000(b *testing.B) {
	const n = 1000
	for _, down := range []time.Duration{0, 5 * time.Second} {
		b.Run(fmt.Sprintf("down %v", down), func(b *testing.B) {
			for range b.N {
				runtime.GC()
				before := heapAndStacks()
				c, err := openCrowd("127.0.0.1:0", n)
				must(b, err)
				address := c.listener.Addr().(*net.TCPAddr)
				components := make([]*mqtt.MQTT, n)
				for i := range components {
					m := mqtt.New()
					components[i] = m
					config(b, m, "AutoReconnect=True")
					config(b, m, "LogLevel=0") // nobody pumps while it is measured
					must(b, m.SetCleanSession(false))
					must(b, m.SetClientId(fmt.Sprint("c", i)))
					must(b, m.ConnectTo(address.IP.String(), address.Port))
				}
				must(b, <-c.over)
				runtime.GC()
				idle := heapAndStacks()
				most := watchMemory()
				c.stop()
				<-time.After(down)
				start := time.Now()
				c, err = openCrowd(address.String(), n)
				must(b, err)
				must(b, <-c.over)
				took := time.Since(start)
				peak := most()
				for _, m := range components {
					must(b, m.Reset())
				}
				c.stop()
				slices.SortFunc(c.accepted, time.Time.Compare)
				b.ReportMetric(took.Seconds(), "s/all")
				b.ReportMetric(c.accepted[n-1].Sub(c.accepted[0]).Seconds(), "s/spread")
				b.ReportMetric(float64(busiest(c.accepted, 50*time.Millisecond)), "peak/50ms")
				b.ReportMetric(float64(idle-before)/n, "B/connected")
				b.ReportMetric(float64(peak-before)/n, "B/peak")
			}
		})
	}
}
