package protocol

import (
	"flag"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

var (
	modelSeeds = flag.Int64("model.seeds", campaign.Pick[int64](500, 5000), "random programs of TestModel, in each version")
	modelTrace = flag.Bool("model.trace", false, "log what the server gets")
)

// TestModel runs random programs against a small server with a persistent session, over a link that is cut at any byte,
// and checks what must hold whatever happens (user-pains 11, 12, 14, 16, 19). A failing seed is in the test's name.
func TestModel(t *testing.T) {
	both(t, func(t *testing.T, v packet.Version) {
		for seed := range *modelSeeds {
			if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { newModel(t, v, seed).run() }) {
				return
			}
		}
	})
}

type model struct {
	*trace
	r       *rand.Rand
	server  modelServer
	session *Session        // of an earlier process; not restored yet
	disk    *notes          // of a client with a journal
	met     bool            // this process has been connected
	late    map[string]bool // restored on a connection that had brought newer messages already
	toS     []byte          // on the link to the server
	toC     []byte
	unread  []byte // read by the client and not consumed

	sequence  int
	accepted  map[uint16]string // outbound messages whose end was not told
	published int               // of QoS 1 and 2
	delivered map[string]int
	last      [3]int // of each QoS, the sequence delivered last for the first time
	republish bool
}

// modelServer is the other side. Its session outlives connections; an epoch ends when the session is lost.
type modelServer struct {
	m          *model
	epoch      int
	hasSession bool
	received   map[string][]int  // payload: the epochs in which it was taken as new
	released   map[string]int    // payload: 1 + the epoch in which PUBREL came
	recorded   map[uint16]string // inbound QoS 2, PUBREL not received
	outbox     []*modelMessage
	sequence   int
	enqueued   map[string]byte // payload: QoS
	lost       map[string]bool // went with a session
	first      [3]int          // of each QoS, the sequence received last for the first time

	// Of one connection.
	in       []byte
	replies  []modelReply
	open     map[uint16]bool // counts against the window
	window   int
	last     int // sequence of the last PUBLISH above QoS 0
	aliases  map[uint16]string
	outQuota int
	aliasMax int
	ready    bool
	connack  []byte // of a login that is not over
	method   packet.Properties
	untold   bool // the session is new, and the client may not know
	passing  bool // a clean session of 3.1.1 ends with its connection
}

type modelReply struct {
	bytes  []byte
	settle uint16 // identifier that this answer frees
}

type modelMessage struct {
	payload string
	qos     byte
	id      uint16
	state   int  // 0 new, 1 sent, 2 PUBREC received
	here    bool // sent on this connection
	counted bool
}

func newModel(t *testing.T, v packet.Version, seed int64) *model {
	m := &model{trace: newTrace(t, v), r: rand.New(rand.NewSource(seed)), accepted: map[uint16]string{}, delivered: map[string]int{}, late: map[string]bool{}}
	m.server = modelServer{m: m, received: map[string][]int{}, released: map[string]int{}, recorded: map[uint16]string{}, enqueued: map[string]byte{}, lost: map[string]bool{}}
	m.nextID = uint16(65530 + m.r.Intn(8)) // wraps soon
	if m.r.Intn(3) == 0 {
		m.disk = &notes{}
		m.SetJournal(m.disk)
	}
	m.Settings.QueueMessages = m.r.Intn(2) == 0
	if v == packet.V311 && m.r.Intn(2) == 0 {
		m.republish = true
		m.Settings.RepublishInterval = 10 * second
	}
	return m
}

func (m *model) fatalf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf(format, args...)
}

func (m *model) run() {
	for range 300 {
		m.step(true)
		m.wantCounted()
	}
	for n := 0; !m.quiet(); n++ {
		if n > 20000 {
			m.fatalf("it does not come to rest: %d outgoing, %d incoming, %d held back, %d in the server's outbox",
				m.Outgoing().Len(), m.Incoming().Len(), m.HeldBack(), len(m.server.outbox))
		}
		m.step(false)
	}
	if len(m.accepted) > 0 {
		m.fatalf("the end of these was never told: %v", m.accepted)
	}
	if len(m.server.received) != m.published {
		m.fatalf("the server has %d messages of QoS 1 and 2, %d were accepted", len(m.server.received), m.published)
	}
	if c := m.Client; c.ids.count != 0 || c.inbound.count != 0 || c.phase != Connected || c.quota != c.window || c.unsettled != 0 {
		m.fatalf("left over: %d and %d identifiers, quota %d of %d, %d unsettled, phase %d", c.ids.count, c.inbound.count, c.quota, c.window, c.unsettled, c.phase)
	}
	for payload, qos := range m.server.enqueued {
		n := m.delivered[payload]
		if qos == 2 && n > 1 || qos > 0 && n == 0 && !m.server.lost[payload] {
			m.fatalf("%s was delivered %d times", payload, n)
		}
	}
}

func (m *model) quiet() bool {
	return m.Phase() == Connected && m.session == nil && len(m.toS)+len(m.toC)+len(m.unread)+len(m.server.replies)+len(m.server.outbox)+m.OutputSize() == 0 &&
		m.Undelivered() == 0 && m.Outgoing().Len()+m.Incoming().Len()+m.HeldBack() == 0
}

// step does one random thing; without mischief nothing new is begun and nothing breaks.
func (m *model) step(mischief bool) {
	if m.Phase() == Idle {
		for mischief && m.r.Intn(3) == 0 {
			m.publishOne()
		}
		m.reconnect(mischief)
		return
	}
	m.write()
	action := m.r.Intn(17)
	if !mischief {
		action = 5 + m.r.Intn(7)
	}
	if m.met && (action < 3 || action == 5 || action == 6 || action == 14) {
		m.restore() // OnConnected runs before anything else of the connection is told, and before Connect returns
	}
	switch action {
	case 0, 1, 2:
		m.publishOne()
	case 3, 4:
		m.server.enqueue()
	case 5, 6:
		m.tell(m.pump())
		if m.disk != nil {
			m.disk.keep() // what was delivered is noted at once
		}
	case 7, 8:
		n := m.r.Intn(len(m.toS) + 1)
		m.server.read(m.toS[:n])
		m.toS = m.toS[n:]
	case 9, 10:
		m.readSome()
	case 11:
		m.server.flush(m.r.Intn(len(m.server.replies) + 1))
		if !mischief {
			m.server.flush(len(m.server.replies))
		}
		m.server.push()
	case 12:
		if m.held == nil {
			m.take()
		}
	case 13:
		m.now += Time(m.r.Intn(15)) * second
		m.Tick(m.now)
	case 14:
		if m.r.Intn(3) == 0 && m.Phase() == Connected {
			m.subscribe("f")
		}
	case 15:
		if m.r.Intn(2) == 0 {
			m.end()
		}
	case 16:
		_ = m.Auth(true, "", nil) // refused without a method, and while another one is under way
	}
	if m.Phase() == Ended {
		m.fatalf("the client ended the connection: %v", m.End().Err)
	}
}

// write puts the outgoing buffer on the link, when what it follows from is on the disk.
func (m *model) write() {
	if m.disk != nil {
		m.disk.keep()
	}
	m.toS = append(m.toS, m.out()...)
}

// crash is a new process that finds the journal of the last one, without some of the notes that were not waited for.
func (m *model) crash() {
	s := m.disk.crash(m.disk.kept + m.r.Intn(len(m.disk.list)-m.disk.kept+1))
	told := m.accepted // and not over: what is over may be in the journal all the same
	for msg := range m.Outgoing().All() {
		if msg.State == OutDone {
			delete(told, msg.ID)
		}
	}
	m.accepted = map[uint16]string{}
	for i := range s.Outgoing {
		o := &s.Outgoing[i]
		if payload := string(o.Payload); told[o.ID] == payload {
			delete(told, o.ID)
		} else if told[o.ID] != "" {
			m.fatalf("the journal has %s as message %d, which is %s", payload, o.ID, told[o.ID])
		}
		m.accepted[o.ID] = string(o.Payload)
	}
	if len(told) > 0 {
		m.fatalf("the journal has lost %v", told)
	}
	m.process(func() {
		m.session = s
		m.restore()
		m.SetJournal(m.disk)
	})
}

// process begins a new process.
func (m *model) process(first func()) {
	settings := m.Settings
	m.Client, m.held, m.met = New(), nil, false
	m.Settings = settings
	first()
}

// restart is a new process: what is not in the session is gone. It takes the session over now or after connecting.
func (m *model) restart() {
	if m.disk != nil {
		m.crash()
		return
	}
	for msg := range m.Outgoing().All() {
		if msg.State == OutDone {
			delete(m.accepted, msg.ID) // its end will not be told
		}
	}
	m.session = m.Session()
	m.process(func() {
		if m.r.Intn(2) == 0 {
			m.restore()
		}
	})
}

// restore takes over the session of the last process, if that was not done.
func (m *model) restore() {
	if m.session == nil {
		return
	}
	for i := range m.session.Incoming {
		payload := string(m.session.Incoming[i].Payload)
		m.late[payload] = m.late[payload] || m.Phase() != Idle || m.met
	}
	if err := m.RestoreSession(m.session); err != nil {
		m.fatalf("%v", err)
	}
	m.session = nil
}

func (m *model) reconnect(mischief bool) {
	if mischief && m.session == nil && m.r.Intn(4) == 0 {
		m.restart()
	}
	o := options(m.v, persistent)
	if m.r.Intn(5) == 0 {
		o.CleanStart = true
		if m.v == packet.V311 {
			o.CleanStart = mischief && m.r.Intn(2) == 0
		}
	}
	if m.r.Intn(2) == 0 {
		o.ReceiveMaximum = 1 + m.r.Int63n(3)
	}
	if m.r.Intn(2) == 0 {
		o.TopicAliasMaximum = m.r.Int63n(3)
	}
	if m.r.Intn(2) == 0 {
		o.AuthenticationMethod = "m"
	}
	m.Settings.InflightLimit = m.r.Intn(4)
	if err := m.Connect(m.now, o); err != nil {
		m.fatalf("%v", err)
	}
	s := &m.server
	s.in, s.replies, s.open, s.last, s.aliases, s.ready = nil, nil, map[uint16]bool{}, 0, map[uint16]string{}, false
	// A client cannot know that it has a new session if the CONNACK that said so was lost: that session is lost too.
	if s.untold || s.passing || m.r.Intn(8) == 0 && mischief {
		s.loseSession()
	}
}

// end cuts the link after some bytes in each direction, or disconnects.
func (m *model) end() {
	if m.r.Intn(4) == 0 && m.Phase() == Connected && !m.options.CleanStart {
		if err := m.Disconnect(0, nil); err != nil {
			m.fatalf("%v", err)
		}
		m.write()
	}
	m.server.read(m.toS[:m.r.Intn(len(m.toS)+1)])
	m.server.flush(m.r.Intn(len(m.server.replies) + 1))
	m.readSome()
	m.toS, m.toC, m.unread = nil, nil, nil
	m.server.untold = m.server.untold && m.connAckless()
	m.cut()
}

// connAckless reports whether the client has not read the CONNACK of this connection.
func (m *model) connAckless() bool { return m.Phase() == Connecting }

func (m *model) readSome() {
	n := m.r.Intn(len(m.toC) + 1)
	m.unread = append(m.unread, m.toC[:n]...)
	m.toC = m.toC[n:]
	connecting := m.connAckless()
	consumed, _ := m.Receive(m.now, m.unread, false)
	if m.disk != nil && connecting && m.Accepted() {
		m.disk.keep() // a crash before that would be as if the CONNACK that tells of a new session was lost: see reconnect
	}
	m.met = m.met || m.Accepted()
	m.unread = m.unread[consumed:]
}

// send publishes, with a journal in two steps.
func (m *model) send(p *Publish) (*Message, error) {
	if m.disk == nil || p.QoS == 0 {
		return m.Publish(p)
	}
	msg, err := m.Accept(p)
	if err != nil {
		return nil, err
	}
	if m.r.Intn(8) == 0 {
		m.Withdraw(msg)
		if msg, err = m.Accept(p); err != nil {
			return nil, err
		}
	}
	m.disk.keep()
	m.Send(msg)
	return msg, nil
}

func (m *model) publishOne() {
	if m.Phase() != Connected && (!m.Settings.QueueMessages || m.session != nil) {
		return
	}
	m.sequence++
	qos := m.r.Intn(3)
	topic := fmt.Sprint("t", m.r.Intn(3))
	payload := fmt.Sprintf("c%d-%d-%s", qos, m.sequence, topic)
	p := Publish{Topic: topic, QoS: qos, Payload: []byte(payload)}
	if most := m.Limits().TopicAliasMaximum; m.Phase() == Connected && most > 0 && m.r.Intn(2) == 0 {
		p.Alias = uint16(1 + m.r.Intn(int(most)))
		if m.aliases.chosen[p.Alias] == topic {
			p.Topic = ""
		}
	}
	msg, err := m.send(&p)
	if err != nil {
		m.fatalf("%v", err)
	}
	if qos > 0 {
		if other, used := m.accepted[msg.ID]; used {
			m.fatalf("identifier %d of %s was given to %s", msg.ID, other, payload)
		}
		m.accepted[msg.ID] = payload
		m.published++
	}
}

// tell checks what the pump told.
func (m *model) tell(told []string) {
	for _, line := range told {
		var qos, n int
		var id uint16
		fields := strings.Fields(line)
		switch fields[0] {
		case "in":
			payload := fields[len(fields)-1]
			for _, f := range fields {
				if strings.HasPrefix(f, "s") {
					payload = f
				}
			}
			if _, err := fmt.Sscanf(payload, "s%d-%d", &qos, &n); err != nil || !strings.Contains(line, fmt.Sprintf(" out%d ", n%3)) {
				m.fatalf("%q under the wrong topic", line)
			}
			m.delivered[payload]++
			if m.delivered[payload] > 1 {
				if qos != 1 {
					m.fatalf("%q was delivered twice", line)
				}
				continue
			}
			if n < m.last[qos] && !m.late[payload] {
				m.fatalf("%q comes after %d", line, m.last[qos])
			}
			m.last[qos] = max(m.last[qos], n)
		case "done":
			if _, err := fmt.Sscanf(line, "done %d", &id); err != nil || m.accepted[id] == "" || strings.Contains(line, "refused") {
				m.fatalf("%q: accepted was %q", line, m.accepted[id])
			}
			if s := m.accepted[id]; len(m.server.received[s]) == 0 {
				m.fatalf("%q, but the server never got %s", line, s)
			}
			delete(m.accepted, id)
		case "auth":
			if fields[1] == "18" {
				_ = m.Auth(false, "", nil) // refused if its connection is over
			}
		}
	}
}

func (s *modelServer) fatalf(format string, args ...any) {
	s.m.t.Helper()
	s.m.t.Fatalf("server: "+format, args...)
}

func (s *modelServer) loseSession() {
	s.epoch++
	s.hasSession = false
	s.recorded = map[uint16]string{}
	for _, o := range s.outbox {
		s.lost[o.payload] = true
	}
	s.outbox = nil
}

func (s *modelServer) reply(b []byte, settle uint16) {
	s.replies = append(s.replies, modelReply{b, settle})
}

// flush puts the first n replies on the link.
func (s *modelServer) flush(n int) {
	for _, r := range s.replies[:n] {
		s.m.toC = append(s.m.toC, r.bytes...)
		delete(s.open, r.settle)
	}
	s.replies = s.replies[n:]
}

// enqueue makes a message for the client.
func (s *modelServer) enqueue() {
	s.sequence++
	o := &modelMessage{qos: byte(s.m.r.Intn(3))}
	o.payload = fmt.Sprintf("s%d-%d", o.qos, s.sequence)
	s.enqueued[o.payload] = o.qos
	s.outbox = append(s.outbox, o)
}

// push sends from the outbox what the client's Receive Maximum allows, in order.
func (s *modelServer) push() {
	if !s.ready {
		return
	}
	kept := s.outbox[:0]
	blocked := false
	for _, o := range s.outbox {
		keep := true
		switch {
		case o.here || blocked:
		case o.state == 2:
			o.here = true
			s.reply(packet.AppendShortAck(nil, packet.PUBREL, o.id), 0)
		case o.qos > 0 && s.outQuota == 0:
			blocked = true
		default:
			p := packet.Publish{QoS: o.qos, Dup: o.state == 1, Payload: []byte(o.payload)}
			var n, q int
			if _, err := fmt.Sscanf(o.payload, "s%d-%d", &q, &n); err != nil {
				s.fatalf("%v", err)
			}
			p.Topic = fmt.Appendf(nil, "out%d", n%3)
			if o.qos > 0 {
				if o.state == 0 {
					o.id = s.freeID()
				}
				p.PacketID = o.id
				s.outQuota--
				o.counted, o.here, o.state = true, true, 1
			} else {
				keep = false
			}
			if s.m.v == packet.V5 && s.aliasMax > 0 && s.m.r.Intn(2) == 0 {
				p.Properties = p.Properties.AppendUint(packet.PropTopicAlias, uint32(1+s.m.r.Intn(s.aliasMax)))
			}
			s.reply(packet.AppendPublish(nil, s.m.v, &p), 0)
		}
		if keep {
			kept = append(kept, o)
		}
	}
	s.outbox = kept
}

func (s *modelServer) freeID() uint16 {
	for id := uint16(1); ; id++ {
		used := false
		for _, o := range s.outbox {
			used = used || o.id == id
		}
		if !used {
			return id
		}
	}
}

func (s *modelServer) byID(id uint16, state int) *modelMessage {
	for _, o := range s.outbox {
		if o.id == id && o.state == state && o.here {
			return o
		}
	}
	return nil
}

func (s *modelServer) finish(o *modelMessage) {
	if o.counted {
		s.outQuota++
	}
	kept := s.outbox[:0]
	for _, other := range s.outbox {
		if other != o {
			kept = append(kept, other)
		}
	}
	s.outbox = kept
}

func (s *modelServer) read(b []byte) {
	s.in = append(s.in, b...)
	for {
		h, ok, err := packet.ReadHeader(s.m.v, packet.FromClient, s.in)
		if err != nil {
			s.fatalf("%v", err)
		}
		if !ok || len(s.in) < h.PacketSize() {
			return
		}
		body := s.in[h.Size:h.PacketSize()]
		s.in = s.in[h.PacketSize():]
		if !s.ready && h.Type() != packet.CONNECT && (h.Type() != packet.AUTH || s.connack == nil) {
			s.fatalf("%v before CONNACK", h.Type())
		}
		s.handle(h, body)
	}
}

func (s *modelServer) handle(h packet.Header, body []byte) {
	v := s.m.v
	if *modelTrace {
		s.m.t.Logf("server gets %v %02X %q", h.Type(), h.First, body)
	}
	check := func(err error) {
		if err != nil {
			s.fatalf("%v", err)
		}
	}
	switch t := h.Type(); t {
	case packet.CONNECT:
		_, p, err := packet.DecodeConnect(body)
		check(err)
		s.connect(&p)
	case packet.PUBLISH:
		p, err := packet.DecodePublish(v, packet.FromClient, h.First, body)
		check(err)
		s.publish(&p)
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		a, err := packet.DecodeAck(v, packet.FromClient, t, body)
		check(err)
		s.ack(t, &a)
	case packet.SUBSCRIBE:
		p, err := packet.DecodeSubscribe(v, body)
		check(err)
		s.reply(packet.AppendSuback(nil, v, &packet.Suback{PacketID: p.PacketID, Reasons: []byte{0}}), 0)
	case packet.DISCONNECT:
		if len(s.in) > 0 {
			s.fatalf("% X behind DISCONNECT", s.in)
		}
	case packet.AUTH:
		p, err := packet.DecodeAuth(packet.FromClient, body)
		check(err)
		if s.method == nil || s.ready == (s.connack != nil) || !s.ready && p.Reason == packet.ReAuthenticate {
			s.fatalf("AUTH %v with the method % X", p.Reason, s.method)
		}
		s.challenge()
	default:
		s.fatalf("unexpected %v", t)
	}
}

// challenge goes on with an authentication, or ends it.
func (s *modelServer) challenge() {
	reason := packet.Success
	if s.m.r.Intn(2) == 0 {
		reason = packet.ContinueAuthentication
	} else if s.connack != nil {
		s.ready = true
		s.reply(s.connack, 0)
		s.connack = nil
		return
	}
	s.reply(packet.AppendAuth(nil, &packet.Auth{Reason: reason, Properties: s.method}), 0)
}

func (s *modelServer) connect(p *packet.Connect) {
	if p.CleanStart {
		s.loseSession()
	}
	ack := packet.Connack{SessionPresent: s.hasSession}
	s.untold, s.passing = !s.hasSession, s.m.v == packet.V311 && p.CleanStart
	s.hasSession = true
	s.window, s.outQuota, s.aliasMax = 65535, 65535, 0
	if s.m.v == packet.V5 {
		if n, ok := p.Properties.Uint(packet.PropReceiveMaximum); ok {
			s.outQuota = int(n)
		}
		if n, ok := p.Properties.Uint(packet.PropTopicAliasMaximum); ok {
			s.aliasMax = int(n)
		}
		if s.m.r.Intn(2) == 0 {
			s.window = 1 + s.m.r.Intn(4)
			ack.Properties = ack.Properties.AppendUint(packet.PropReceiveMaximum, uint32(s.window))
		}
		ack.Properties = ack.Properties.AppendUint(packet.PropTopicAliasMaximum, uint32(s.m.r.Intn(3)))
	}
	if l := s.m.Settings.InflightLimit; l > 0 {
		s.window = min(s.window, l)
	}
	for _, o := range s.outbox {
		o.here, o.counted = false, false
	}
	s.ready, s.connack, s.method = true, nil, nil
	if method, ok := p.Properties.Bytes(packet.PropAuthenticationMethod); ok {
		s.method = packet.Properties(nil).AppendBytes(packet.PropAuthenticationMethod, method)
		ack.Properties = append(ack.Properties, s.method...)
		s.ready, s.connack = false, packet.AppendConnack(nil, s.m.v, &ack)
		s.challenge()
		return
	}
	s.reply(packet.AppendConnack(nil, s.m.v, &ack), 0)
}

func (s *modelServer) publish(p *packet.Publish) {
	payload := string(p.Payload)
	topic := string(p.Topic)
	if alias, ok := p.Properties.Uint(packet.PropTopicAlias); ok {
		if topic == "" {
			topic = s.aliases[uint16(alias)]
		}
		s.aliases[uint16(alias)] = topic
	}
	var qos, n int
	var want string
	if _, err := fmt.Sscanf(payload, "c%d-%d-%s", &qos, &n, &want); err != nil || want != topic || qos != int(p.QoS) {
		s.fatalf("%q under topic %q with QoS %d", payload, topic, p.QoS)
	}
	if qos == 0 {
		if n <= s.first[0] {
			s.fatalf("%s after %d", payload, s.first[0])
		}
		s.first[0] = n
		return
	}
	if !s.m.republish {
		if n <= s.last {
			s.fatalf("%s after %d on one connection", payload, s.last)
		}
		s.last = n
	}
	s.open[p.PacketID] = true
	if len(s.open) > s.window && !s.m.republish { // a repetition may cross its own answer
		s.fatalf("%d messages in flight, %d are allowed", len(s.open), s.window)
	}
	seen := s.received[payload]
	again := len(seen) > 0 && seen[len(seen)-1] == s.epoch
	if again && !p.Dup {
		s.fatalf("%s was sent again without DUP", payload)
	}
	if s.released[payload] == s.epoch+1 {
		s.fatalf("%s was sent again after PUBREL", payload)
	}
	if qos == 2 {
		other, known := s.recorded[p.PacketID]
		if known && other != payload {
			s.fatalf("identifier %d of %s is used for %s", p.PacketID, other, payload)
		}
		if again && !known {
			s.fatalf("%s came twice", payload)
		}
		s.recorded[p.PacketID] = payload
		s.reply(packet.AppendShortAck(nil, packet.PUBREC, p.PacketID), 0)
	} else {
		s.reply(packet.AppendShortAck(nil, packet.PUBACK, p.PacketID), p.PacketID)
	}
	if len(seen) == 0 {
		if n <= s.first[qos] {
			s.fatalf("%s after %d of its QoS", payload, s.first[qos])
		}
		s.first[qos] = n
	}
	if !again {
		s.received[payload] = append(seen, s.epoch)
	}
}

func (s *modelServer) ack(t packet.Type, a *packet.Ack) {
	switch t {
	case packet.PUBREL:
		reason := packet.Success
		if payload, known := s.recorded[a.PacketID]; known {
			s.released[payload] = s.epoch + 1
			delete(s.recorded, a.PacketID)
		} else {
			reason = packet.PacketIdentifierNotFound
		}
		s.reply(packet.AppendAck(nil, s.m.v, packet.PUBCOMP, &packet.Ack{PacketID: a.PacketID, Reason: reason}), a.PacketID)
	case packet.PUBACK:
		if o := s.byID(a.PacketID, 1); o == nil || o.qos != 1 {
			s.fatalf("PUBACK %d for nothing", a.PacketID)
		} else {
			s.finish(o)
		}
	case packet.PUBREC:
		if o := s.byID(a.PacketID, 1); o == nil || o.qos != 2 {
			s.fatalf("PUBREC %d for nothing", a.PacketID)
		} else {
			o.state = 2
			s.reply(packet.AppendShortAck(nil, packet.PUBREL, a.PacketID), 0)
		}
	case packet.PUBCOMP:
		if o := s.byID(a.PacketID, 2); o == nil {
			s.fatalf("PUBCOMP %d for nothing", a.PacketID)
		} else {
			s.finish(o)
		}
	}
}
