package mqtt

import (
	"math"
	"strconv"
	"sync"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// connAckText is ConnAckProperties: the keys that the packet had, and always those whose default is not 0, since a
// program that reads a missing one gets its own zero value. nil stands for no v5 CONNACK.
func connAckText(p packet.Properties) string { return connAckBag().Text(&p) }

// connAckBag is the bag of the properties of a CONNACK, read from the packet's bytes; a key that the packet lacks is
// not set.
var connAckBag = sync.OnceValue(func() *config.Bag[packet.Properties] {
	text := func(name string, id packet.PropertyID, doc string) config.Key {
		return config.BagString(name, func(p *packet.Properties) *string {
			b, _ := p.Bytes(id)
			s := string(b)
			return &s
		}, nil, config.Spec(byte(id)), config.Doc(doc))
	}
	integer := func(name string, id packet.PropertyID, most, standard int64, doc string) config.Key {
		options := []config.Option{config.Spec(byte(id)), config.Doc(doc)}
		if standard != protocol.Absent {
			options = append(options, config.Default(strconv.FormatInt(standard, 10)))
		}
		return config.BagInt(name, func(p *packet.Properties) *int64 {
			n := int64(protocol.Absent)
			if *p != nil {
				n = standard
			}
			if v, given := p.Uint(id); given {
				n = int64(v)
			}
			return &n
		}, 0, most, protocol.Absent, options...)
	}
	boolean := func(name string, id packet.PropertyID, doc string, options ...config.Option) config.Key {
		return config.BagBool(name, func(p *packet.Properties) *config.Tri {
			t := config.TriUnset
			if v, given := p.Uint(id); given || *p != nil {
				t = config.TriOf(v != 0 || !given)
			}
			return &t
		}, append(options, config.Default("true"), config.Spec(byte(id)), config.Doc(doc))...)
	}
	data := func(p *packet.Properties) *[]byte {
		b, _ := p.Bytes(packet.PropAuthenticationData)
		return &b
	}
	pairs := func(p *packet.Properties) *[]config.Pair {
		list := packet.ReadUserProperties[config.Pair](*p)
		return &list
	}
	return config.NewBag[packet.Properties](
		text(
			"AssignedClientIdentifier",
			packet.PropAssignedClientIdentifier,
			"The client identifier that the server has chosen; ClientId takes it.",
		),
		integer(
			"MaximumQoS",
			packet.PropMaximumQoS, 2, 2,
			"Highest QoS that the server takes; publishing above it is error 505.",
		),
		integer(
			"MaximumPacketSize",
			packet.PropMaximumPacketSize, math.MaxUint32, protocol.Absent,
			"Largest packet that the server takes, in bytes, not set = no limit; publishing above it is error 10040.",
		),
		text(
			"ReasonString",
			packet.PropReasonString,
			"Text for people.",
		),
		integer(
			"ReceiveMaximum",
			packet.PropReceiveMaximum, 65535, 65535,
			"How many QoS 1 and 2 messages may be unacknowledged; more wait.",
		),
		text(
			"ResponseInformation",
			packet.PropResponseInformation,
			"What response topics may be made of.",
		),
		boolean(
			"RetainAvailable",
			packet.PropRetainAvailable,
			"Whether the server keeps retained messages; without, publishing with Retain is error 500.",
		),
		integer(
			"ServerKeepAlive",
			packet.PropServerKeepAlive, 65535, protocol.Absent,
			"The keep-alive interval that replaces KeepAliveInterval on this connection, in seconds.",
		),
		integer(
			"ServerTopicAliasMax",
			packet.PropTopicAliasMaximum, 65535, protocol.Absent,
			"Highest topic alias that the server accepts, not set = none.",
		),
		integer(
			"SessionExpInterval",
			packet.PropSessionExpiryInterval, math.MaxUint32, protocol.Absent,
			"How long the server keeps the session, in seconds; not set = what CONNECT asked for.",
		),
		boolean(
			"SharedSubscriptionAvailable",
			packet.PropSharedSubscriptionAvailable,
			"Whether the server has shared subscriptions.",
		),
		boolean(
			"SubscriptionIdentifiersAvailable",
			packet.PropSubscriptionIdentifierAvailable,
			"Whether the server takes subscription identifiers.",
		),
		// The table's spelling and the specification's.
		boolean(
			"WildcardSubscriptionAvaiable",
			packet.PropWildcardSubscriptionAvailable,
			"Whether the server takes wildcards in topic filters.",
			config.AlsoAs("WildcardSubscriptionAvailable"),
		),
		text(
			"AuthenticationMethod",
			packet.PropAuthenticationMethod,
			"Method of an enhanced authentication.",
		),
		config.BagHex(
			"AuthenticationData",
			data, packet.MaxText,
			config.Secret(),
			config.Spec(byte(packet.PropAuthenticationData)),
			config.Doc("Last data of an enhanced authentication."),
		),
		text(
			"ServerReference",
			packet.PropServerReference,
			"Another server to use.",
		),
		config.BagPairs(
			"UserProperty",
			pairs,
			config.Spec(byte(packet.PropUserProperty)),
			config.Doc("User property; repeated for each."),
		),
	)
})
