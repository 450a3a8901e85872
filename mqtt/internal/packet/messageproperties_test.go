package packet

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
)

// An own type of a user property, as the callers have them.
type pair struct{ Name, Value string }

func TestMessageProperties(t *testing.T) {
	given := func(ids ...PropertyID) (s PropertySet) {
		for _, id := range ids {
			s.Add(id)
		}
		return s
	}
	for _, row := range []struct {
		name    string
		m       MessageProperties[pair]
		encoded []byte
	}{
		{"nothing", MessageProperties[pair]{}, nil},
		{"all", MessageProperties[pair]{
			1, math.MaxUint32, "text/plain", "a/b",
			[]byte{0},
			[]uint32{1, MaxVariableByteInteger},
			[]pair{{"k", "1"}, {"", ""}, {"k", "1"}},
			given(PropPayloadFormatIndicator, PropMessageExpiryInterval, PropContentType, PropResponseTopic,
				PropCorrelationData, PropSubscriptionIdentifier, PropUserProperty),
		}, wire(
			"01 01",                   // Payload Format Indicator
			"02 FF FF FF FF",          // Message Expiry Interval
			"03 00 0A", "'text/plain", // Content Type
			"08 00 03", "'a/b", // Response Topic
			"09 00 01 00", // Correlation Data
			"0B 01",       // Subscription Identifiers
			"0B FF FF FF 7F",
			"26 00 01", "'k", "00 01", "'1", // User Properties
			"26 00 00 00 00",
			"26 00 01", "'k", "00 01", "'1",
		)},
		{"zeroes that are there", MessageProperties[pair]{
			CorrelationData: []byte{},
			Given: given(PropPayloadFormatIndicator, PropMessageExpiryInterval, PropContentType, PropResponseTopic,
				PropCorrelationData),
		}, wire("01 00", "02 00 00 00 00", "03 00 00", "08 00 00", "09 00 00")},
	} {
		t.Run(row.name, func(t *testing.T) {
			if fault := row.m.Check(); fault != nil {
				t.Errorf("refused: %v", fault)
			}
			if got := row.m.Append(nil); !bytes.Equal(got, row.encoded) {
				t.Errorf("% X, want % X", got, row.encoded)
			}
			if got := ReadMessageProperties[pair](row.encoded); !reflect.DeepEqual(got, row.m) {
				t.Errorf("%+v, want %+v", got, row.m)
			}
		})
	}
	t.Run("zeroes are not sent", func(t *testing.T) {
		m := MessageProperties[pair]{CorrelationData: []byte{}}
		if got := m.Append(nil); got != nil {
			t.Errorf("% X", got)
		}
	})
	t.Run("what belongs to no message is passed over", func(t *testing.T) {
		m := ReadMessageProperties[pair](Properties(nil).AppendUint(PropTopicAlias, 3).AppendString(PropContentType, "c"))
		if m.ContentType != "c" || m.Append(nil).Text(PropContentType) != "c" || len(m.Append(nil)) != 4 {
			t.Errorf("%+v", m)
		}
	})
}

func TestMessagePropertiesRefused(t *testing.T) {
	long := strings.Repeat("x", MaxText+1)
	for _, row := range []struct {
		name  string
		m     MessageProperties[pair]
		fault PropertyError
	}{
		{
			"no flag",
			MessageProperties[pair]{PayloadFormatIndicator: 2},
			PropertyError{ID: PropPayloadFormatIndicator, Problem: "is 2; 0 to 1 are possible"},
		},
		{
			"negative",
			MessageProperties[pair]{MessageExpiryInterval: -1},
			PropertyError{ID: PropMessageExpiryInterval, Problem: "is -1; 0 to 4294967295 are possible"},
		},
		{
			"does not fit four bytes",
			MessageProperties[pair]{MessageExpiryInterval: 1 << 32},
			PropertyError{ID: PropMessageExpiryInterval, Problem: "is 4294967296; 0 to 4294967295 are possible"},
		},
		{
			"U+0000",
			MessageProperties[pair]{ContentType: "\x00"},
			PropertyError{ID: PropContentType, Problem: "contains U+0000"},
		},
		{
			"MQTT5-3.3.2-14 wildcard",
			MessageProperties[pair]{ResponseTopic: "a/+"},
			PropertyError{ID: PropResponseTopic, Problem: string(topicPlus), Text: "a/+"},
		},
		{
			"binary data is too long",
			MessageProperties[pair]{CorrelationData: []byte(long)},
			PropertyError{ID: PropCorrelationData, Problem: "has 65536 bytes; 65535 are possible"},
		},
		{
			"identifier 0",
			MessageProperties[pair]{SubscriptionIdentifiers: []uint32{1, 0}},
			PropertyError{ID: PropSubscriptionIdentifier, Problem: "is 0; 1 to 268435455 are possible"},
		},
		{
			"identifier does not fit",
			MessageProperties[pair]{SubscriptionIdentifiers: []uint32{1 << 28}},
			PropertyError{ID: PropSubscriptionIdentifier, Problem: "is 268435456; 1 to 268435455 are possible"},
		},
		{
			"name of a user property",
			MessageProperties[pair]{UserProperties: []pair{{"", ""}, {"\xFF", "v"}}},
			PropertyError{ID: PropUserProperty, Problem: "is not valid UTF-8", OfName: true},
		},
		{
			"value of a user property",
			MessageProperties[pair]{UserProperties: []pair{{"n", long}}},
			PropertyError{ID: PropUserProperty, Problem: "is longer than 65535 bytes", Text: "n"},
		},
	} {
		if fault := row.m.Check(); fault == nil || *fault != row.fault {
			t.Errorf("%s: %+v", row.name, fault)
		}
	}
}

func TestUserProperties(t *testing.T) {
	many := Properties(nil).AppendUserProperty("a", "").AppendUint(PropMessageExpiryInterval, 1).
		AppendUserProperty("", "bc").AppendUserProperty("a", "d")
	want := []pair{{"a", ""}, {"", "bc"}, {"a", "d"}}
	got := ReadUserProperties[pair](many)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if n := testing.AllocsPerRun(10, func() { ReadUserProperties[pair](many) }); n != 2 {
		t.Errorf("%v allocations", n)
	}
	if got := AppendUserProperties(nil, want); !bytes.Equal(got, many.Without(PropMessageExpiryInterval)) {
		t.Errorf("% X", got)
	}
	if got := ConvertUserProperties[UserProperty](want); len(got) != 3 || got[2] != (UserProperty{"a", "d"}) {
		t.Errorf("%v", got)
	}
	if ReadUserProperties[pair](nil) != nil || ConvertUserProperties[pair]([]UserProperty{}) != nil {
		t.Error("an empty list is not nil")
	}
}
