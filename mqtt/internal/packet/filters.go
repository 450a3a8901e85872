package packet

import (
	"encoding/binary"
	"iter"
)

// FilterList is an encoded list of Topic Filters, in SUBSCRIBE each with its options byte. It was validated by
// a decoder or is made with one of the Append methods; the other methods require that.
type FilterList []byte

// AppendSubscription appends a filter with its options, for SUBSCRIBE.
func (l FilterList) AppendSubscription(filter string, o SubscribeOptions) FilterList {
	return append(appendBinary(l, filter), byte(o))
}

// AppendFilter appends a filter, for UNSUBSCRIBE.
func (l FilterList) AppendFilter(filter string) FilterList {
	return appendBinary(l, filter)
}

// Subscriptions yields each filter of a SUBSCRIBE with its options. The filters are views into l.
func (l FilterList) Subscriptions() iter.Seq2[[]byte, SubscribeOptions] {
	return func(yield func([]byte, SubscribeOptions) bool) {
		for len(l) > 0 {
			n := 2 + int(binary.BigEndian.Uint16(l))
			if !yield(l[2:n:n], SubscribeOptions(l[n])) {
				return
			}
			l = l[n+1:]
		}
	}
}

// Filters yields each filter of an UNSUBSCRIBE, views into l.
func (l FilterList) Filters() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(l) > 0 {
			n := 2 + int(binary.BigEndian.Uint16(l))
			if !yield(l[2:n:n]) {
				return
			}
			l = l[n:]
		}
	}
}

// SubscribeOptions is the byte behind each filter of a SUBSCRIBE. In V311 it has the QoS only.
type SubscribeOptions byte

const (
	flagNoLocal           = 1 << 2
	flagRetainAsPublished = 1 << 3
	shiftRetainHandling   = 4
)

// MakeSubscribeOptions makes the options byte; qos and rh (Retain Handling) are 0..2.
func MakeSubscribeOptions(qos byte, noLocal, rap bool, rh byte) SubscribeOptions {
	o := SubscribeOptions(qos | rh<<shiftRetainHandling)
	if noLocal {
		o |= flagNoLocal
	}
	if rap {
		o |= flagRetainAsPublished
	}
	return o
}

// QoS is the maximum QoS asked for.
func (o SubscribeOptions) QoS() byte { return byte(o & 3) }

// NoLocal asks that own messages do not come back.
func (o SubscribeOptions) NoLocal() bool { return o&flagNoLocal != 0 }

// RetainAsPublished asks that forwarded messages keep their RETAIN flag.
func (o SubscribeOptions) RetainAsPublished() bool { return o&flagRetainAsPublished != 0 }

// RetainHandling tells when retained messages are sent: 0 on subscribing, 1 if the subscription is new, 2 never.
func (o SubscribeOptions) RetainHandling() byte { return byte(o >> shiftRetainHandling & 3) }

// filter reads a Topic Filter. One that is valid text with a wrong structure is refused with 0x8F.
func (d *decoder) filter(v Version) []byte {
	f := d.text("topic filter")
	if p := checkFilter(v, f); p != "" {
		d.fail(TopicFilterInvalid, "topic filter "+string(p))
	}
	return f
}

// list returns the rest of the packet, which must not be empty: the filters or codes. It stays to be read.
func (d *decoder) list(elements string) []byte {
	// [MQTT5-3.8.3-2] [MQTT5-3.10.3-2] [MQTT5-3.8.4-6] [MQTT311-3.8.3-3] [MQTT311-3.10.3-2] [MQTT311-3.8.4-5]
	if len(d.rest) == 0 {
		d.fail(ProtocolError, "no "+elements)
	}
	return d.rest[:len(d.rest):len(d.rest)]
}
