package mqtt_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// After a protocol error the connection ends as soon as DISCONNECT is written, also when the server does nothing about it.
func TestProtocolErrorEndsAtOnce(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, c := connected(t, v)
		synctest.Wait()
		start := time.Now()
		c.Send("C0 00") // what no server sends
		r.WaitFor("Disconnected", 1)
		if took := time.Since(start); took > 20*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if v == mqtt.MvV5 {
			c.Expect("E0 01 82")
		}
		c.ExpectEOF()
	})
}
