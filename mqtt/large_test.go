package mqtt_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	embedded "github.com/iotcomponents/iot/mqtt/mqtttest"
)

// Large and small messages in turn over TCP, where the caller writes by itself what the writer need not: all arrive whole
// and in order, with and without a handler that may keep what was sent.
func TestLargeOverTCP(t *testing.T) {
	server := embedded.NewServer(t)
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("MessageOut %t", keep), func(t *testing.T) {
			m := mqtt.New()
			r := mqtttest.Record(t, m).Silent()
			var got, out [][]byte
			r.On("MessageIn", func(a any) { got = append(got, a.(*mqtt.MessageInEventArgs).MessageB) })
			if keep {
				r.On("MessageOut", func(a any) { out = append(out, a.(*mqtt.MessageOutEventArgs).MessageB) })
			} else {
				m.OnMessageOut = nil
			}
			subscribed := false
			r.On("Subscribed", func(any) { subscribed = true })
			must(t, m.ConnectTo(server.Host(), server.Port()))
			must(t, m.Subscribe("large", 0))
			for !subscribed {
				must(t, m.DoEvents())
			}
			random := rand.NewChaCha8([32]byte{1})
			var want [][]byte
			for i, size := range []int{3 << 20, 10, 100_000, 17 << 10, 8 << 20, 1, 16 << 20, 128 << 10, 1 << 20} {
				data := make([]byte, size)
				_, _ = random.Read(data)
				want = append(want, bytes.Clone(data))
				must(t, m.PublishData("large", 0, data))
				clear(data) // the caller may change it
				if i%2 == 1 {
					for len(got) < len(want) && m.Connected() {
						must(t, m.DoEvents())
					}
				}
			}
			for (len(got) < len(want) || keep && len(out) < len(want)) && m.Connected() {
				must(t, m.DoEvents())
			}
			check := func(what string, got [][]byte) {
				for i := range want {
					if i >= len(got) || !bytes.Equal(got[i], want[i]) {
						t.Errorf("%s: message %d of %d bytes is not what was published", what, i, len(want[i]))
					}
				}
			}
			check("MessageIn", got)
			if keep {
				check("MessageOut", out)
			}
		})
	}
}
