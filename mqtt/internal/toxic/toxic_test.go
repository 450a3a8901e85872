package toxic

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/realservers"
)

const (
	perQoS  = 40
	payload = 2000 // bytes
)

// toxics are the faults, in toxiproxy's terms. Those that end connections are taken away after two seconds.
var toxics = []struct {
	name, kind, attributes string
	ends                   bool
}{
	{"latency", "latency", `{"latency": 100, "jitter": 50}`, false},
	{"little bandwidth", "bandwidth", `{"rate": 100}`, false},
	{"slices of a few bytes", "slicer", `{"average_size": 50, "size_variation": 40, "delay": 200}`, false},
	{"cut after a byte", "limit_data", `{"bytes": 1}`, true},
	{"cut after some packets", "limit_data", `{"bytes": 9000}`, true},
	{"reset at once", "reset_peer", `{"timeout": 0}`, true},
	{"reset after a while", "reset_peer", `{"timeout": 300}`, true},
	{"blackhole", "timeout", `{"timeout": 0}`, true},
	{"a late end", "slow_close", `{"delay": 500}`, true},
}

// Every accepted message arrives, in order for each QoS, and QoS 2 once, over a link with each fault, in each direction
// of the publisher's and of the subscriber's link (pains 7, 11, 12, 23, 28).
func TestToxics(t *testing.T) {
	// The server of the tests answers everybody in turn, so that a slow link would make all conversations wait: each has
	// a server of its own.
	t.Run("server of the tests", func(t *testing.T) {
		allToxics(t, "", func(t *testing.T) string {
			server := mqtttest.NewServer(t)
			server.ServeSessions(t)
			return net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
		})
	})
	t.Run("mosquitto", func(t *testing.T) {
		server := realservers.Mosquitto(t)
		allToxics(t, server.Name, func(*testing.T) string { return server.Addr() })
	})
}

func allToxics(t *testing.T, server string, start func(t *testing.T) (address string)) {
	var running sync.WaitGroup
	for _, v := range []mqtt.MQTTVersions{mqtt.MvV3, mqtt.MvV5} {
		for _, toxic := range toxics {
			for _, direction := range []string{"upstream", "downstream"} {
				for _, role := range []string{"publisher", "subscriber"} {
					// mosquitto 2.0.11 repeats a PUBLISH instead of its PUBREL when two of a subscriber's connections end
					// early (docs/servers.md).
					if toxic.ends && server == "mosquitto" && role == "subscriber" && toxic.name != "a late end" {
						continue
					}
					name := fmt.Sprintf("%d/%s/%s of the %s", v, toxic.name, direction, role)
					running.Go(func() {
						t.Run(name, func(t *testing.T) {
							c := conversation{t: t, server: start(t), v: v}
							c.run(role, fmt.Sprintf(`{"name": "toxic", "type": %q, "stream": %q, "attributes": %s}`, toxic.kind, direction, toxic.attributes), toxic.ends)
						})
					})
				}
			}
		}
	}
	running.Wait()
}

// conversation is a publisher and a subscriber, each behind a proxy of its own.
type conversation struct {
	t      *testing.T
	server string // its address
	v      mqtt.MQTTVersions

	mu  sync.Mutex
	got [3][]int
}

func (c *conversation) run(role, toxic string, ends bool) {
	t := c.t
	topic := fmt.Sprintf("toxic-%d-%s", time.Now().UnixNano(), t.Name()) // many begin at the same time
	proxies, clients := map[string]*toxiproxy.Proxy{}, map[string]*mqtt.MQTT{}
	for _, r := range []string{"subscriber", "publisher"} {
		proxies[r] = startProxy(t, c.server)
		clients[r] = c.client(topic+r, proxies[r])
	}
	publisher, subscriber := clients["publisher"], clients["subscriber"]
	subscriber.OnMessageIn = c.arrives
	subscribed := false
	subscriber.OnSubscribed = func(*mqtt.SubscribedEventArgs) {
		c.mu.Lock()
		defer c.mu.Unlock()
		subscribed = true
	}
	must(t, subscriber.Subscribe(topic, 2))
	c.wait(func() bool { return subscribed })

	_, err := proxies[role].Toxics.AddToxicJson(strings.NewReader(toxic))
	must(t, err)
	if strings.Contains(toxic, "slow_close") {
		must(t, clients[role].Disconnect())
		must(t, clients[role].Connect())
	}
	published := make(chan struct{})
	go func() {
		defer close(published)
		for n := range perQoS {
			for qos := range 3 {
				if err := publisher.PublishMessage(topic, qos, fmt.Sprintf("%d %d %s", qos, n, strings.Repeat("x", payload))); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	if ends {
		timer := time.NewTimer(2 * time.Second)
		<-timer.C
		must(t, proxies[role].Toxics.RemoveToxic(t.Context(), "toxic"))
	}
	<-published
	c.wait(func() bool {
		return len(c.first(1)) == perQoS && len(c.first(2)) == perQoS && publisher.OutgoingMessages().Count() == 0
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.IsSorted(c.first(1)) || !slices.IsSorted(c.got[2]) || len(c.got[2]) != perQoS {
		t.Errorf("QoS 1: %v\nQoS 2: %v", c.got[1], c.got[2])
	}
}

func (c *conversation) arrives(e *mqtt.MessageInEventArgs) {
	var qos, n int
	if _, err := fmt.Sscanf(e.Message[:min(len(e.Message), 20)], "%d %d", &qos, &n); err != nil || len(e.Message) < payload {
		c.t.Errorf("%.20q came, %d bytes", e.Message, len(e.Message))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[qos] = append(c.got[qos], n)
}

// first is the messages of a QoS in the order in which they came first. The lock is held.
func (c *conversation) first(qos int) []int {
	var first []int
	for _, n := range c.got[qos] {
		if !slices.Contains(first, n) {
			first = append(first, n)
		}
	}
	return first
}

func (c *conversation) wait(done func() bool) {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); ; <-tick.C {
		c.mu.Lock()
		over := done()
		c.mu.Unlock()
		if over {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("%d of QoS 1 and %d of QoS 2 came, %d each were published", len(c.got[1]), len(c.got[2]), perQoS)
		}
	}
}

// client is a connected component with AutoReconnect and a lasting session.
func (c *conversation) client(id string, p *toxiproxy.Proxy) *mqtt.MQTT {
	t := c.t
	m := mqtt.New()
	t.Cleanup(func() { must(t, m.Reset()) })
	host, text, _ := strings.Cut(p.Listen, ":")
	port, err := strconv.Atoi(text)
	must(t, err)
	must(t, m.SetVersion(c.v))
	must(t, m.SetClientId(id))
	must(t, m.SetRemoteHost(host))
	must(t, m.SetRemotePort(port))
	must(t, m.SetCleanSession(false))
	must(t, m.SetKeepAliveInterval(60))
	for _, setting := range []string{
		"SessionExpInterval=3600", "RepublishInterval=0", "AutoReconnect=True", "ReconnectDelayMax=1",
		"QueueMessages=True", "InflightLimit=20", "BackgroundEvents=True",
	} {
		_, err := m.Config(setting)
		must(t, err)
	}
	must(t, m.Connect())
	// From now on an attempt that a fault has swallowed is given up soon; the first one may take its time, as it begins
	// together with those of all other conversations and AutoReconnect would not repeat it.
	_, err = m.Config("ConnectionTimeout=10")
	must(t, err)
	return m
}

func startProxy(t *testing.T, upstream string) *toxiproxy.Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.New(os.Stderr).Level(zerolog.Disabled))
	p := toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", upstream)
	must(t, p.Start())
	t.Cleanup(p.Stop)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
