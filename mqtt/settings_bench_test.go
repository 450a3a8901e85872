package mqtt_test

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt"
)

// configurations are what programs assign or read once for each message. The budget is 1 µs and one allocation.
var configurations = []string{
	"TopicAlias=1", "Retain=True", "Duplicate=0", "ResponseTopic=reply/to/me", "SubscriptionIdentifier=0x10", "LogLevel=1",
	"OutgoingUserPropValue[1]=some value", "LocalPort=0", "FirewallPort=8080", "TopicQOSArray=0,1,2",
	"TopicAlias", "Retain", "ResponseTopic", "OutgoingPacketId", "IncomingUserPropCount", "SessionPresent",
}

func configured(t testing.TB) *mqtt.MQTT {
	m := mqtt.New()
	config(t, m, "OutgoingUserPropCount=2")
	config(t, m, "TopicAlias=65535")
	config(t, m, "ResponseTopic=r")
	return m
}

// Allocations do not vary, so they are asserted; time is the benchmark's matter.
func TestAllocationsOfConfig(t *testing.T) {
	m := configured(t)
	for _, s := range configurations {
		if n := testing.AllocsPerRun(100, func() { _, _ = m.Config(s) }); n > 1 {
			t.Errorf("%s: %v allocations, the budget is 1", s, n)
		}
	}
	for _, s := range []string{"TopicAlias=1", "Retain=True", "ResponseTopic=reply/to/me"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = m.Config(s) }); n > 0 {
			t.Errorf("%s: %v allocations, once there were none", s, n)
		}
	}
}

func BenchmarkConfig(b *testing.B) {
	for _, s := range append(configurations, `OutgoingMessageProperties={"ContentType":"text/plain","MessageExpInterval":"60"}`, "OutgoingMessageProperties") {
		b.Run(s, func(b *testing.B) {
			m := configured(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Config(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
