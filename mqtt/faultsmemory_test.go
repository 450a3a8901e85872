package mqtt_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// heapInUse is what is reachable now.
func heapInUse() int {
	runtime.GC()
	runtime.GC() // what lay in a sync.Pool
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// The application does not pump for ten minutes while the server floods it, with each QoS: what waits is 16,384 events or half of
// IncomingMemoryLimit, and a read (pains 3, 28). Afterwards everything is delivered, in order.
func TestMemoryWithoutPump(t *testing.T) {
	const count, size = 20_000, 4 << 10 // 80 MiB
	for qos := range byte(3) {
		t.Run(fmt.Sprintf("QoS %d", qos), func(t *testing.T) {
			eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
				r, s := memory(t, v)
				must(t, r.M.SetKeepAliveInterval(20))
				c := r.Connect(s, nil)
				r.Silent()
				before := heapInUse()
				answered := make(chan struct{})
				go func() { // PUBREC, PUBACK, PUBCOMP and PINGREQ, whose answers would have to wait behind the flood
					defer close(answered)
					for {
						if _, err := c.Next(); err != nil {
							return
						}
					}
				}()
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					for i := range count {
						p := packet.Publish{Topic: []byte("a"), QoS: qos, Payload: numbered(i, size)}
						if qos > 0 {
							p.PacketID = uint16(i + 1)
						}
						b := packet.AppendPublish(nil, c.Version, &p)
						if qos == 2 {
							b = packet.AppendShortAck(b, packet.PUBREL, p.PacketID)
						}
						if err := c.TrySend(b); err != nil {
							t.Error(i, err)
							return
						}
					}
				}()
				advance(10 * time.Minute)
				if grown := heapInUse() - before; grown > memoryLimit/2+4<<20 {
					t.Errorf("%d KiB wait for the pump", grown>>10)
				}
				wantFloodDelivered(t, r, sent, count)
				must(t, r.M.Interrupt())
				<-answered
			})
		})
	}
}

// Publishers flood a link whose peer reads nothing, with and without QueueMessages: what is accepted and not sent is 256
// KiB of packets and, with QoS 1 and 2, the queue of 1,000 messages or 64 MiB; beyond that they wait or get 10035 (pain 28).
func TestMemoryBehindStalledLink(t *testing.T) {
	const publishers, size = 8, 100_000
	for qos := range 3 {
		for _, timeout := range []int{0, 1} {
			for _, queue := range []string{"False", "True"} {
				t.Run(fmt.Sprintf("QoS %d/Timeout %d/QueueMessages %s", qos, timeout, queue), func(t *testing.T) {
					eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
						r, s := memory(t, v)
						must(t, r.M.SetTimeout(timeout))
						config(t, r.M, "QueueMessages="+queue)
						config(t, r.M, "InflightLimit=10")
						r.Connect(s, nil)
						r.Silent()
						before := heapInUse()
						var flood sync.WaitGroup
						for range publishers {
							flood.Go(func() {
								payload := make([]byte, size)
								for range 300 {
									err := r.M.PublishData("a", qos, payload)
									if code := errors.Code(err); code != 0 && code != 201 && code != 10035 {
										t.Error(err)
										return
									}
									if err != nil {
										advanceAlone(time.Second)
									}
								}
							})
						}
						flood.Wait()
						bound := 4 << 20
						if qos > 0 {
							bound += 64 << 20
						}
						if grown := heapInUse() - before; grown > bound {
							t.Errorf("%d KiB are in use for what was accepted", grown>>10)
						}
						must(t, r.M.Interrupt())
					})
				})
			}
		}
	}
}
