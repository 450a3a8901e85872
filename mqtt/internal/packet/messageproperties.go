package packet

import "fmt"

// MessageProperties are the properties that a message takes with it, in a PUBLISH or as the will: all but Topic Alias,
// which belongs to a connection. P is the caller's type of a user property.
//
// A zero is not sent, and an empty text, unless Given says so.
type MessageProperties[P Pair] struct {
	PayloadFormatIndicator  int64
	MessageExpiryInterval   int64
	ContentType             string
	ResponseTopic           string
	CorrelationData         []byte
	SubscriptionIdentifiers []uint32
	UserProperties          []P
	// Given has those of the first five that are there whatever their value.
	Given PropertySet
}

// ReadMessageProperties returns what p has. CorrelationData is a view into p.
func ReadMessageProperties[P Pair](p Properties) (m MessageProperties[P]) {
	pairs := 0
	for rest := p; len(rest) > 0; {
		var id PropertyID
		var value []byte
		id, value, rest = rest.next()
		switch id {
		case PropPayloadFormatIndicator:
			m.PayloadFormatIndicator = int64(number(id.rule().kind, value))
		case PropMessageExpiryInterval:
			m.MessageExpiryInterval = int64(number(id.rule().kind, value))
		case PropContentType:
			m.ContentType = string(value[2:])
		case PropResponseTopic:
			m.ResponseTopic = string(value[2:])
		case PropCorrelationData:
			m.CorrelationData = value[2:]
		case PropSubscriptionIdentifier:
			m.SubscriptionIdentifiers = append(m.SubscriptionIdentifiers, number(id.rule().kind, value))
		case PropUserProperty:
			pairs++
		}
		m.Given.Add(id)
	}
	if pairs > 0 {
		m.UserProperties = ReadUserProperties[P](p)
	}
	return m
}

// Check returns what cannot be sent, nil if all can. An empty Response Topic can: a server may have sent one.
func (m *MessageProperties[P]) Check() *PropertyError {
	if fault := checkNumber(PropPayloadFormatIndicator, m.PayloadFormatIndicator); fault != nil {
		return fault
	}
	if fault := checkNumber(PropMessageExpiryInterval, m.MessageExpiryInterval); fault != nil {
		return fault
	}
	if m.ContentType != "" {
		if err := CheckText(m.ContentType); err != nil {
			return &PropertyError{ID: PropContentType, Problem: err.Error()}
		}
	}
	if m.ResponseTopic != "" { // [MQTT5-3.3.2-14]
		if err := CheckTopicName(m.ResponseTopic); err != nil {
			return &PropertyError{ID: PropResponseTopic, Problem: err.Error(), Text: m.ResponseTopic}
		}
	}
	if n := len(m.CorrelationData); n > MaxText {
		problem := fmt.Sprintf("has %d bytes; %d are possible", n, MaxText)
		return &PropertyError{ID: PropCorrelationData, Problem: problem}
	}
	for _, id := range m.SubscriptionIdentifiers {
		if fault := checkNumber(PropSubscriptionIdentifier, int64(id)); fault != nil {
			return fault
		}
	}
	return CheckUserProperties(m.UserProperties)
}

// Append appends the properties, which Check has accepted.
func (m *MessageProperties[P]) Append(p Properties) Properties {
	if m.PayloadFormatIndicator != 0 || m.Given.Has(PropPayloadFormatIndicator) {
		p = p.AppendUint(PropPayloadFormatIndicator, uint32(m.PayloadFormatIndicator))
	}
	if m.MessageExpiryInterval != 0 || m.Given.Has(PropMessageExpiryInterval) {
		p = p.AppendUint(PropMessageExpiryInterval, uint32(m.MessageExpiryInterval))
	}
	if m.ContentType != "" || m.Given.Has(PropContentType) {
		p = p.AppendString(PropContentType, m.ContentType)
	}
	if m.ResponseTopic != "" || m.Given.Has(PropResponseTopic) {
		p = p.AppendString(PropResponseTopic, m.ResponseTopic)
	}
	if len(m.CorrelationData) > 0 || m.Given.Has(PropCorrelationData) {
		p = p.AppendBytes(PropCorrelationData, m.CorrelationData)
	}
	for _, id := range m.SubscriptionIdentifiers {
		p = p.AppendUint(PropSubscriptionIdentifier, id)
	}
	return AppendUserProperties(p, m.UserProperties)
}

// PropertyError is a value that a property cannot have.
type PropertyError struct {
	ID      PropertyID
	Problem string // to be put behind the name of the property
	OfName  bool   // it is the name of a User Property, not its value
	Text    string // which value it is: the Response Topic, or the name of the User Property
}

// Error gives for example "Content Type contains U+0000".
func (e *PropertyError) Error() string { return e.ID.String() + " " + e.Problem }

// checkNumber refuses what the rule of a numeric property does not allow.
func checkNumber(id PropertyID, v int64) *PropertyError {
	rule := id.rule()
	least, most := int64(0), rule.kind.most()
	if rule.nonZero {
		least = 1
	}
	if v >= least && v <= most {
		return nil
	}
	return &PropertyError{ID: id, Problem: fmt.Sprintf("is %d; %d to %d are possible", v, least, most)}
}
