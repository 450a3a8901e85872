package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// pump is how the program treats what the component tells.
type pump string

const (
	runs   pump = "runs"
	sleeps pump = "sleeps" // DoEvents every 200 ms
	away   pump = "is away"
	blocks pump = "is blocked" // in its first MessageIn
)

// order is what a child is told to do.
type order struct {
	Port    int
	Version mqtt.MQTTVersions
	Pump    pump
	Flooded time.Duration // how long a connection may stand that need not end
	MustEnd bool
}

// report is what a child has seen.
type report struct {
	Peak  int64 // bytes of memory that Go's runtime has got from the system, which never falls
	Ended time.Duration
	Code  int // 0 = the connection stood to the last, -1 = the pump did not tell
}

const childTask = "IOT_TEST_HOSTILE"

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		var o order
		check(json.Unmarshal([]byte(task), &o))
		check(json.NewEncoder(os.Stdout).Encode(o.obey()))
		return
	}
	os.Exit(m.Run())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

// tooMuch ends a case that fails anyway before it hurts the machine, in bytes.
const tooMuch = 512 << 20

// The identifiers of what the component asks for, in this order.
const (
	subscribeID = iota + 1
	unsubscribeID
	publishID
)

func (o *order) obey() report {
	m := mqtt.New()
	check(m.SetVersion(o.Version))
	check(m.SetKeepAliveInterval(interval))
	for _, s := range []string{
		"OutBufferSize=65536", // else the system takes megabytes before anyone can see that nobody reads them
		fmt.Sprint("PingTimeout=", pingTimeout), fmt.Sprint("MaxIncomingPacketSize=", maxPacket), fmt.Sprint("IncomingMemoryLimit=", memoryLimit),
	} {
		_, err := m.Config(s)
		check(err)
	}
	if o.Version == mqtt.MvV5 {
		_, err := m.Config("ClientTopicAliasMax=65535")
		check(err)
	}
	var code atomic.Int64
	code.Store(-1)
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { code.Store(int64(e.StatusCode)) }
	if o.Pump == blocks {
		m.OnMessageIn = func(*mqtt.MessageInEventArgs) { select {} }
	}
	start := time.Now()
	connected := make(chan error, 1)
	go func() {
		err := m.ConnectTo("127.0.0.1", o.Port) // in which a handler may block for ever
		connected <- err
		if err == nil {
			o.work(m)
		}
	}()
	limit := o.Flooded
	if o.MustEnd {
		limit = patience
	}
	for stood := false; time.Since(start) < limit && peak() < tooMuch; time.Sleep(5 * time.Millisecond) { // nobody may pump and tell the end
		select {
		case err := <-connected:
			if err != nil {
				return report{Peak: peak(), Ended: time.Since(start), Code: errors.Code(err)}
			}
			stood = true
		default:
		}
		if m.Connected() {
			stood = true
		} else if stood {
			r := report{Ended: time.Since(start)}
			for until := time.Now().Add(time.Second); code.Load() < 0 && o.Pump == runs && time.Now().Before(until); {
				time.Sleep(time.Millisecond)
			}
			r.Peak, r.Code = peak(), int(code.Load())
			return r
		}
	}
	return report{Peak: peak()}
}

// work is what the program does with its connection.
func (o *order) work(m *mqtt.MQTT) {
	// The connection may have ended.
	_ = m.Subscribe("t", 0)
	_ = m.Unsubscribe("u")
	_ = m.PublishMessage("t", 1, "a")
	_ = m.PublishMessage("t", 2, "b")
	switch o.Pump {
	case runs, blocks:
		_ = m.Run(context.Background())
	case sleeps:
		for {
			_ = m.DoEvents()
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// peak is what Go's runtime has got from the system up to now. It does not depend on a collection, nor on GOMEMLIMIT.
func peak() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
