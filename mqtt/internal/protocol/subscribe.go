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

	Answer *SubAck // nil until it came

	sentAt Time // see acktimeout.go

	// Of a SUBSCRIBE, see resubscribe.go.
	subscriptions []Subscription
	identifier    int
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
	UserProperties []UserProperty
}

// NoSubscriptionIdentifier is the identifier of a SUBSCRIBE that has none.
const NoSubscriptionIdentifier = 0

const maxSubscriptionIdentifier = 268_435_455

// Subscribe queues a SUBSCRIBE. EventSubscribed tells the answer.
func (c *Client) Subscribe(subscriptions []Subscription, identifier int, user packet.Properties) (id int, err error) {
	if len(subscriptions) == 0 {
		return 0, errors.New(errors.ErrInvalidTopicFilter, "The list of topic filters is empty.")
	}
	filters := make([]string, len(subscriptions))
	for i := range subscriptions {
		s := &subscriptions[i]
		if err := checkSubscription(c.version, s); err != nil {
			return 0, err
		}
		if err := c.checkControl(errors.ErrInvalidTopicFilter, "The topic filter", s.Filter); err != nil {
			return 0, err
		}
		filters[i] = s.Filter
	}
	if identifier < 0 || identifier > maxSubscriptionIdentifier { // U5-13
		return 0, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("Subscription identifier %d; 1 to %d are possible.", identifier, maxSubscriptionIdentifier))
	}
	if err := c.requireConnection("Subscribing to " + Quote(filters[0]) + " needs a connection."); err != nil {
		return 0, err
	}
	var list packet.FilterList
	for i := range subscriptions {
		s := &subscriptions[i]
		if err := c.checkAvailable(s.Filter); err != nil {
			return 0, err
		}
		options := packet.MakeSubscribeOptions(byte(s.QoS), false, false, 0)
		if c.version == packet.V5 {
			options = packet.MakeSubscribeOptions(byte(s.QoS), s.NoLocal, s.RetainAsPublished, byte(s.RetainHandling))
		}
		list = list.AppendSubscription(s.Filter, options)
	}
	p := packet.Subscribe{Filters: list}
	if c.version == packet.V5 {
		p.Properties = user
		if identifier != NoSubscriptionIdentifier {
			if !c.limits.SubscriptionIdentifiersAvailable {
				return 0, errors.New(errors.ErrProtocol, "SUBSCRIBE with a subscription identifier, but the server takes none (SubscriptionIdentifiersAvailable is false).")
			}
			p.Properties = packet.Properties(nil).AppendUint(packet.PropSubscriptionIdentifier, uint32(identifier))
			p.Properties = append(p.Properties, user...)
		}
	}
	return c.request(&Request{Type: packet.SUBSCRIBE, Filters: filters, subscriptions: subscriptions, identifier: identifier, user: user}, func(dst []byte, id uint16) []byte {
		p.PacketID = id
		return packet.AppendSubscribe(dst, c.version, &p)
	})
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
	if err := c.requireConnection("Unsubscribing from " + Quote(filters[0]) + " needs a connection."); err != nil {
		return 0, err
	}
	if c.version == packet.V5 {
		p.Properties = user
	}
	return c.request(&Request{Type: packet.UNSUBSCRIBE, Filters: filters, Tag: tag}, func(dst []byte, id uint16) []byte {
		p.PacketID = id
		return packet.AppendUnsubscribe(dst, c.version, &p)
	})
}

// request gives a SUBSCRIBE or UNSUBSCRIBE its packet identifier, queues it and remembers it. The quota does not hold
// it back [MQTT5-3.3.4-8].
func (c *Client) request(r *Request, appendTo func([]byte, uint16) []byte) (int, error) {
	encoded := appendTo(nil, 1)
	if err := c.checkSize(r.Type, len(encoded)); err != nil {
		return 0, err
	}
	if len(encoded) > packet.MaxRemainingLength {
		return 0, errors.New(errors.ErrMessageTooLong, tooLong(r.Type, len(encoded), "MQTT's limit", packet.MaxRemainingLength))
	}
	if c.keptFull() {
		return 0, errors.New(errors.ErrNoBufferSpace, fmt.Sprintf("%v of %s: what waits for packets of the server takes %d bytes; IncomingMemoryLimit is %d.",
			r.Type, Quote(r.Filters[0]), c.kept, c.Settings.IncomingMemoryLimit))
	}
	id := c.takeID()
	if id == 0 {
		return 0, errors.New(errors.ErrPacketIdsExhausted, "All 65535 are in use by messages and requests that the server has not acknowledged.")
	}
	c.output.tail = appendTo(c.output.tail, id)
	if c.requests == nil {
		c.requests = make(map[uint16]*Request)
	}
	r.ID = id
	c.requests[id] = r
	c.kept += r.size()
	c.noteRequest(r)
	return int(id), nil
}

func checkSubscription(v packet.Version, s *Subscription) error {
	if s.QoS < 0 || s.QoS > 2 { // U5-14
		return errors.New(errors.ErrInvalidQoS, fmt.Sprintf("QoS %d was given for %s; 0, 1 and 2 exist.", s.QoS, Quote(s.Filter)))
	}
	if s.RetainHandling < 0 || s.RetainHandling > 2 {
		return errors.New(errors.ErrInvalidArgument, fmt.Sprintf("Retain handling %d was given for %s; 0, 1 and 2 exist.", s.RetainHandling, Quote(s.Filter)))
	}
	if err := checkFilter(v, s.Filter); err != nil {
		return err
	}
	if v == packet.V5 && s.NoLocal && packet.IsShared(s.Filter) { // [MQTT5-3.8.3-4]
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("No Local is not possible on the shared subscription %s.", Quote(s.Filter)))
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
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("%s is a shared subscription, but the server has none (SharedSubscriptionAvailable is false).", Quote(filter)))
	}
	if shared {
		_, filter, _ = strings.Cut(strings.TrimPrefix(filter, "$share/"), "/")
	}
	if !c.limits.WildcardAvailable && packet.HasWildcard(filter) {
		return errors.New(errors.ErrInvalidTopicFilter, fmt.Sprintf("%s has a wildcard, but the server takes none (WildcardSubscriptionAvailable is false).", Quote(filter)))
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
		c.fail(t, packet.ProtocolError, fmt.Sprintf("%d codes for the %d topic filters of packet %d", len(reasons), len(r.Filters), id))
		return
	}
	delete(c.requests, id) // [MQTT311-2.3.1-3]
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
