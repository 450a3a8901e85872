package protocol

import (
	"fmt"
	"strings"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Subscription is one topic filter of a SUBSCRIBE with its options. Version 3.1.1 has the QoS only.
type Subscription struct {
	Filter            string
	QoS               int
	NoLocal           bool
	RetainAsPublished bool
	RetainHandling    int
}

// Request is a SUBSCRIBE or UNSUBSCRIBE that the server has not answered.
type Request struct {
	Type    packet.Type // SUBSCRIBE or UNSUBSCRIBE
	ID      uint16
	Filters []string
	Tag     string // the caller's own

	Answer  *SubAck // nil until it came
	Failure error   // why there will be none, where that is not the end of the connection

	sequence  uint64 // in the order of the calls
	automatic bool   // the client has made it by itself, and no caller knows it
	repeated  bool   // it is to be sent, or was sent, ahead of everything that the program asks for on a connection
	sentAt    Time   // see acktimeout.go

	subscriptions []Subscription // of a SUBSCRIBE
	identifier    int            // of a SUBSCRIBE
	user          packet.Properties
}

// size is about how many bytes of memory r takes, with its packet while that waits to be written.
func (r *Request) size() int {
	size := messageOverhead + len(r.Tag) + len(r.user)
	for _, f := range r.Filters {
		size += messageOverhead/2 + 2*len(f)
	}
	return size
}

// SubAck is the answer to a Request.
type SubAck struct {
	Request        *Request
	Reasons        []packet.ReasonCode // one per filter; empty for UNSUBACK of 3.1.1
	ReasonString   string
	UserProperties []packet.UserProperty
}

// NoSubscriptionIdentifier is the identifier of a SUBSCRIBE that has none.
const NoSubscriptionIdentifier = 0

// Subscribe queues a SUBSCRIBE. EventSubscribed tells the answer. With Settings.QueueRequests it may wait for a
// connection.
func (c *Client) Subscribe(subscriptions []Subscription, identifier int, user packet.Properties) (id int, err error) {
	if len(subscriptions) == 0 {
		return 0, errors.New(errors.ErrInvalidTopicFilter, "The list of topic filters is empty.")
	}
	for i := range subscriptions {
		s := &subscriptions[i]
		if err := checkSubscription(c.version, s); err != nil {
			return 0, err
		}
		if err := c.checkControl(errors.ErrInvalidTopicFilter, "The topic filter", s.Filter); err != nil {
			return 0, err
		}
	}
	if identifier < 0 || identifier > packet.MaxVariableByteInteger { // U5-13
		return 0, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("Subscription identifier %d; 1 to %d are "+
			"possible.", identifier, packet.MaxVariableByteInteger))
	}
	if err := c.requireReturn("Subscribing to " + Quote(subscriptions[0].Filter) + " needs a connection."); err != nil {
		return 0, err
	}
	r := newSubscribe(subscriptions, identifier, user)
	if same := c.repeats(r); same != nil {
		same.automatic = false
		return c.noteAsked(same.ID), nil
	}
	return c.requestOwn(r)
}

func newSubscribe(subscriptions []Subscription, identifier int, user packet.Properties) *Request {
	r := &Request{
		Type: packet.SUBSCRIBE, Filters: make([]string, len(subscriptions)), subscriptions: subscriptions,
		identifier: identifier, user: user,
	}
	for i := range subscriptions {
		r.Filters[i] = subscriptions[i].Filter
	}
	return r
}

// Request returns the request that has a packet identifier and was not answered, nil if there is none.
func (c *Client) Request(id int) *Request { return c.requests[uint16(id)] }

// Unsubscribe queues an UNSUBSCRIBE. EventUnsubscribed tells the answer, with tag.
func (c *Client) Unsubscribe(filters []string, tag string, user packet.Properties) (id int, err error) {
	if len(filters) == 0 {
		return 0, errors.New(errors.ErrInvalidTopicFilter, "The list of topic filters is empty.")
	}
	var p packet.Unsubscribe
	for _, f := range filters {
		if err := checkFilter(c.version, f); err != nil {
			return 0, err
		}
		if err := c.checkControl(errors.ErrInvalidTopicFilter, "The topic filter", f); err != nil {
			return 0, err
		}
		p.Filters = p.Filters.AppendFilter(f)
	}
	if err := c.requireReturn("Unsubscribing from " + Quote(filters[0]) + " needs a connection."); err != nil {
		return 0, err
	}
	r := &Request{Type: packet.UNSUBSCRIBE, Filters: filters, Tag: tag, user: user}
	if same := c.repeats(r); same != nil && same.Tag == tag {
		return c.noteAsked(same.ID), nil
	}
	return c.requestOwn(r)
}

// requireReturn is requireConnection for what may wait for the next one.
func (c *Client) requireReturn(what string) error {
	if c.Settings.QueueRequests {
		return nil
	}
	return c.requireConnection(what)
}

// encodeRequest appends the packet of r, unless the server of this connection has said that it does not take it.
func (c *Client) encodeRequest(dst []byte, r *Request) ([]byte, error) {
	if r.Type == packet.UNSUBSCRIBE {
		p := packet.Unsubscribe{PacketID: r.ID}
		for _, f := range r.Filters {
			p.Filters = p.Filters.AppendFilter(f)
		}
		if c.version == packet.V5 {
			p.Properties = r.user
		}
		return packet.AppendUnsubscribe(dst, c.version, &p), nil
	}
	p := packet.Subscribe{PacketID: r.ID}
	for i := range r.subscriptions {
		s := &r.subscriptions[i]
		if err := c.checkAvailable(s.Filter); err != nil {
			return nil, err
		}
		options := packet.MakeSubscribeOptions(byte(s.QoS), false, false, 0)
		if c.version == packet.V5 {
			options = packet.MakeSubscribeOptions(byte(s.QoS), s.NoLocal, s.RetainAsPublished, byte(s.RetainHandling))
		}
		p.Filters = p.Filters.AppendSubscription(s.Filter, options)
	}
	if c.version == packet.V5 {
		p.Properties = r.user
		if r.identifier != NoSubscriptionIdentifier {
			if !c.limits.SubscriptionIdentifiersAvailable {
				return nil, errors.New(errors.ErrProtocol, "SUBSCRIBE with a subscription identifier, but the server "+
					"takes none (SubscriptionIdentifiersAvailable is false).")
			}
			p.Properties = packet.Properties(nil).AppendUint(packet.PropSubscriptionIdentifier, uint32(r.identifier))
			p.Properties = append(p.Properties, r.user...)
		}
	}
	return packet.AppendSubscribe(dst, c.version, &p), nil
}

// checkRequest refuses what this connection does not take. Without one its server will decide.
func (c *Client) checkRequest(r *Request) error {
	if c.phase != Connected {
		return nil
	}
	encoded, err := c.encodeRequest(nil, r)
	if err != nil {
		return err
	}
	if err := c.checkSize(r.Type, len(encoded)); err != nil {
		return err
	}
	if len(encoded) > packet.MaxRemainingLength {
		return errors.New(errors.ErrMessageTooLong,
			tooLong(r.Type, len(encoded), "MQTT's limit", packet.MaxRemainingLength))
	}
	return nil
}

// requestOwn is request for the program.
func (c *Client) requestOwn(r *Request) (int, error) {
	id, err := c.request(r)
	if err != nil {
		return 0, err
	}
	return c.noteAsked(uint16(id)), nil
}

// noteAsked notes the identifier of what the program has asked for.
func (c *Client) noteAsked(id uint16) int {
	c.lastRequest = id
	return int(id)
}

// request gives a SUBSCRIBE or UNSUBSCRIBE its packet identifier, queues it and remembers it. The quota does not hold
// it back [MQTT5-3.3.4-8].
func (c *Client) request(r *Request) (int, error) {
	if err := c.checkRequest(r); err != nil {
		return 0, err
	}
	if c.keptFull() {
		return 0, errors.New(errors.ErrNoBufferSpace, fmt.Sprintf("%v of %s: what waits for packets of the server "+
			"takes %d bytes; IncomingMemoryLimit is %d.",
			r.Type, Quote(r.Filters[0]), c.kept, c.Settings.IncomingMemoryLimit))
	}
	id := c.takeID()
	if id == 0 {
		return 0, errors.New(errors.ErrPacketIdsExhausted, "All 65535 are in use by messages and requests that the "+
			"server has not acknowledged.")
	}
	r.ID = id
	if c.requests == nil {
		c.requests = make(map[uint16]*Request)
	}
	c.requests[id] = r
	c.kept += r.size()
	c.noteWord(r)
	if c.phase == Connected {
		c.sendRequest(r)
	} else {
		r.repeated = true
	}
	return int(id), nil
}

// sendRequest puts a request that checkRequest has let pass into the outgoing buffer.
func (c *Client) sendRequest(r *Request) {
	c.output.tail, _ = c.encodeRequest(c.output.tail, r)
	c.noteRequest(r)
}

func checkSubscription(v packet.Version, s *Subscription) error {
	if s.QoS < 0 || s.QoS > 2 { // U5-14
		return errors.New(errors.ErrInvalidQoS, fmt.Sprintf("QoS %d was given for %s; 0, 1 and 2 exist.", s.QoS,
			Quote(s.Filter)))
	}
	if s.RetainHandling < 0 || s.RetainHandling > 2 {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("Retain handling %d was given for %s; 0, 1 and 2 exist.", s.RetainHandling, Quote(s.Filter)))
	}
	if err := checkFilter(v, s.Filter); err != nil {
		return err
	}
	if v == packet.V5 && s.NoLocal && packet.IsShared(s.Filter) { // [MQTT5-3.8.3-4]
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("No Local is not possible on the shared "+
			"subscription %s.", Quote(s.Filter)))
	}
	return nil
}

func checkFilter(v packet.Version, filter string) error {
	if err := packet.CheckTopicFilter(v, filter); err != nil {
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("The topic filter %s %v.", Quote(filter), err))
	}
	return nil
}

// checkAvailable refuses a filter of a kind that the server said it does not take (U5-15); sending it would end the
// connection.
func (c *Client) checkAvailable(filter string) error {
	if c.version != packet.V5 {
		return nil
	}
	shared := packet.IsShared(filter)
	if shared && !c.limits.SharedAvailable {
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("%s is a shared subscription, but the server has "+
			"none (SharedSubscriptionAvailable is false).", Quote(filter)))
	}
	if shared {
		_, filter, _ = strings.Cut(strings.TrimPrefix(filter, "$share/"), "/")
	}
	if !c.limits.WildcardAvailable && packet.HasWildcard(filter) {
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("%s has a wildcard, but the server takes none "+
			"(WildcardSubscriptionAvailable is false).", Quote(filter)))
	}
	return nil
}

func (c *Client) receiveSuback(t packet.Type, id uint16, reasons []byte, p packet.Properties) {
	asked := packet.SUBSCRIBE
	if t == packet.UNSUBACK {
		asked = packet.UNSUBSCRIBE
	}
	r := c.requests[id]
	if r == nil {
		if m := c.ids.get(id); m != nil {
			c.wrongAck(t, m)
			return
		}
		c.unknownAck(t, id)
		return
	}
	if r.Type != asked {
		c.fail(t, packet.ProtocolError, fmt.Sprintf("packet identifier %d belongs to %v", id, r.Type))
		return
	}
	if coded := t == packet.SUBACK || c.version == packet.V5; coded && len(reasons) != len(r.Filters) {
		c.fail(t, packet.ProtocolError, fmt.Sprintf("%d codes for the %d topic filters of packet %d", len(reasons),
			len(r.Filters), id))
		return
	}
	c.forgetRequest(id) // [MQTT311-2.3.1-3]
	c.kept -= r.size()
	ack := &SubAck{Request: r, Reasons: make([]packet.ReasonCode, len(reasons))}
	r.Answer = ack
	for i, code := range reasons {
		ack.Reasons[i] = packet.ReasonCode(code)
	}
	c.noteAnswered(r, ack.Reasons)
	detail, size := answer(p)
	if a, ok := detail.(*Answer); ok {
		ack.ReasonString, ack.UserProperties = a.ReasonString, a.UserProperties
	}
	kind := EventSubscribed
	if t == packet.UNSUBACK {
		kind = EventUnsubscribed
	}
	c.pushDetail(kind, ack, r.size()+len(reasons)+size)
}
