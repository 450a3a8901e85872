package mqtt_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// replayed is what a replay has brought.
type replayed struct {
	events []string
	calls  []string // what the methods returned
	wrote  string   // what the client wrote, in hexadecimal
}

// told is what the program has seen of it.
func (r *replayed) told() string {
	return strings.Join(append(slices.Clone(r.events), r.calls...), "\n")
}

// replay plays the server as it was recorded, and calls the methods that made the client say what it said. Where the
// client cannot be brought to say it, since its session had begun before, it does something else, always the same.
type replay struct {
	t *testing.T
	v packet.Version
	r *mqtttest.Recorder
	s *mqtttest.Server
	c *mqtttest.Conn

	results []<-chan error // of the methods, Connect first

	mu    sync.Mutex
	wrote []byte
}

// play replays a conversation.
func play(t *testing.T, c *mqtttest.Conversation, over string, how cut) (got *replayed) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		p := &replay{t: t}
		p.begin(c, over, how)
		p.act(c.Pieces[0].Bytes)
		var pending []byte
		for i, piece := range c.Pieces[1:] {
			if !piece.ByServer {
				p.act(piece.Bytes)
				continue
			}
			pending = append(pending, piece.Bytes...)
			more := i+2 < len(c.Pieces) && c.Pieces[i+2].ByServer
			if !how.join || !more {
				p.send(pending, how.sizes)
				pending = nil
			}
		}
		got = p.end()
	})
	return got
}

// begin makes a component that says the CONNECT of the conversation, and connects it.
func (p *replay) begin(c *mqtttest.Conversation, over string, how cut) {
	connect := packets(packet.V311, c.Pieces[0].Bytes)[0]
	version, options, err := packet.DecodeConnect(connect.Body)
	must(p.t, err)
	p.v = version
	v := mqtt.MvV3
	if p.v == packet.V5 {
		v = mqtt.MvV5
	}
	switch over {
	case "TCP":
		p.r, p.s = memory(p.t, v)
	case "TLS":
		ca, server := certified(p.t)
		p.r, p.s = secured(p.t, v, ca, serverConfig(server))
		must(p.t, p.r.M.SetRemoteHost("ssl://"+testpki.ServerName))
	case "WebSocket":
		p.r, p.s = overSocket(p.t, v)
		must(p.t, p.r.M.SetRemoteHost(webSocketURL))
	}
	m := p.r.M
	if how.sizes != nil {
		mqtt.SetDial(m, mqtttest.FaultyDial(p.s.Dial, mqtttest.Faults{ReadChunk: slices.Max(how.sizes)}))
	}
	p.configure(m, &options)
	p.r.On("Auth", func(a any) {
		if a.(*mqtt.AuthEventArgs).ReasonCode == int(packet.ContinueAuthentication) {
			_ = m.Auth(false, mqtt.AuthProperties{AuthData: []byte("x")})
		}
	})
	p.results = append(p.results, p.r.Start(m.Connect))
	p.c = p.s.Accept(p.t)
	p.c.Version = p.v
	go p.read(p.c.NetConn())
	synctest.Wait()
}

// configure sets what CONNECT says.
func (p *replay) configure(m *mqtt.MQTT, o *packet.Connect) {
	must(p.t, m.SetClientId(string(o.ClientID)))
	must(p.t, m.SetCleanSession(o.CleanStart))
	must(p.t, m.SetKeepAliveInterval(int(o.KeepAlive)))
	must(p.t, m.SetUser(string(o.UserName)))
	must(p.t, m.SetPassword(string(o.Password)))
	if o.HasWill {
		must(p.t, m.SetWillTopic(string(o.Will.Topic)))
		must(p.t, m.SetWillMessage(string(o.Will.Payload)))
		config(p.t, m, fmt.Sprintf("WillQOS=%d", o.Will.QoS))
		config(p.t, m, fmt.Sprintf("WillRetain=%t", o.Will.Retain))
	}
	var bag []string
	for _, key := range []struct {
		id   packet.PropertyID
		name string
	}{
		{packet.PropTopicAliasMaximum, "ClientTopicAliasMax"},
		{packet.PropMaximumPacketSize, "MaximumPacketSize"},
		{packet.PropReceiveMaximum, "ReceiveMaximum"},
		{packet.PropSessionExpiryInterval, "SessionExpInterval"},
	} {
		if n, given := o.Properties.Uint(key.id); given {
			bag = append(bag, fmt.Sprintf(`"%s":%d`, key.name, n))
		}
	}
	for id, name := range map[packet.PropertyID]string{packet.PropRequestProblemInformation: "RequestProblemInformation", packet.PropRequestResponseInformation: "RequestResponseInformation"} {
		if n, given := o.Properties.Uint(id); given {
			bag = append(bag, fmt.Sprintf(`"%s":%t`, name, n == 1))
		}
	}
	if method, given := o.Properties.Bytes(packet.PropAuthenticationMethod); given {
		bag = append(bag, fmt.Sprintf(`"AuthenticationMethod":%q`, method))
	}
	if data, given := o.Properties.Bytes(packet.PropAuthenticationData); given {
		bag = append(bag, fmt.Sprintf(`"AuthenticationData":"%x"`, data))
	}
	config(p.t, m, "ConnectProperties={"+strings.Join(bag, ",")+"}")
	config(p.t, m, "MaxIncomingPacketSize=0") // which would be announced
}

// read takes what the client writes, and closes when it does.
func (p *replay) read(conn net.Conn) {
	defer conn.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := conn.Read(b)
		p.mu.Lock()
		p.wrote = append(p.wrote, b[:n]...)
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// packets are the whole packets of a client in b.
func packets(v packet.Version, b []byte) (all []mqtttest.Packet) {
	for {
		h, whole, err := packet.ReadHeader(v, packet.FromClient, b)
		if err != nil || !whole || len(b) < h.PacketSize() {
			return all
		}
		all = append(all, mqtttest.Packet{Header: h, Body: b[h.Size:h.PacketSize()], Bytes: b[:h.PacketSize()]})
		b = b[h.PacketSize():]
	}
}

// act makes the client say something like b.
func (p *replay) act(b []byte) {
	m := p.r.M
	for _, said := range packets(p.v, b) {
		switch said.Type() {
		case packet.PUBLISH:
			if publish, err := packet.DecodePublish(p.v, packet.FromClient, said.First, said.Body); err == nil && !publish.Dup {
				p.publish(&publish)
			}
		case packet.SUBSCRIBE:
			p.subscribe(said.Body)
		case packet.UNSUBSCRIBE:
			if s, err := packet.DecodeUnsubscribe(p.v, said.Body); err == nil {
				var filters []string
				for filter := range s.Filters.Filters() {
					filters = append(filters, string(filter))
				}
				p.call(func() error { return m.Unsubscribe(strings.Join(filters, ",")) })
			}
		case packet.PINGREQ:
			p.call(m.Ping)
		case packet.AUTH:
			if auth, err := packet.DecodeAuth(packet.FromClient, said.Body); err == nil && auth.Reason == packet.ReAuthenticate {
				p.call(func() error { return m.Auth(true, mqtt.AuthProperties{}) })
			}
		case packet.DISCONNECT:
			if d, err := packet.DecodeDisconnect(p.v, packet.FromClient, said.Body); err == nil && d.Reason == 0 {
				p.call(m.Disconnect)
			}
		case packet.PUBACK, packet.PUBCOMP:
			p.pump()
		}
	}
	synctest.Wait()
}

func (p *replay) publish(b *packet.Publish) {
	args := mqtt.PublishProperties{Retain: b.Retain}
	if alias, given := b.Properties.Uint(packet.PropTopicAlias); given {
		args.TopicAlias = int(alias)
	}
	p.call(func() error {
		_, err := p.r.M.PublishWith(string(b.Topic), int(b.QoS), b.Payload, args)
		return err
	})
}

func (p *replay) subscribe(body []byte) {
	s, err := packet.DecodeSubscribe(p.v, body)
	if err != nil {
		return
	}
	var filters []string
	var args mqtt.SubscribeProperties
	var qos int
	for filter, o := range s.Filters.Subscriptions() {
		filters, qos = append(filters, string(filter)), int(o.QoS())
	}
	if id, given := s.Properties.Uint(packet.PropSubscriptionIdentifier); given {
		args.SubscriptionIdentifier = int(id)
	}
	p.call(func() error {
		_, err := p.r.M.SubscribeWith(strings.Join(filters, ","), qos, args)
		return err
	})
}

// call calls a method that may wait for the server.
func (p *replay) call(method func() error) {
	p.results = append(p.results, p.r.Start(method))
	synctest.Wait()
}

// send sends b in pieces, until the client has left.
func (p *replay) send(b []byte, sizes []int) {
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if sizes != nil {
			n = min(sizes[i%len(sizes)], n)
		}
		if p.c.TrySend(b[:n]) != nil {
			return
		}
		b = b[n:]
	}
	synctest.Wait()
}

// pump delivers what waits, unless Connect is doing so.
func (p *replay) pump() {
	synctest.Wait()
	if len(p.results[0]) == 1 {
		p.r.Pump()
		synctest.Wait()
	}
}

// end ends the conversation and tells what it has brought.
func (p *replay) end() *replayed {
	p.pump()
	p.c.Close()
	var got replayed
	for i, result := range p.results {
		got.calls = append(got.calls, fmt.Sprintf("%d: %v", i, p.r.Join(result)))
	}
	p.r.Pump()
	synctest.Wait()
	p.r.Pump()
	got.events = p.r.Trace().Without("Log", "SSLStatus", "SSLServerAuthentication", "ConnectionStatus").Strings()
	p.mu.Lock()
	defer p.mu.Unlock()
	got.wrote = fmt.Sprintf("%X", p.wrote)
	return &got
}
