package packet

import (
	"fmt"
	"math"
)

// PropertyID identifies a property of MQTT 5.0.
type PropertyID byte

const (
	PropPayloadFormatIndicator          PropertyID = 0x01
	PropMessageExpiryInterval           PropertyID = 0x02
	PropContentType                     PropertyID = 0x03
	PropResponseTopic                   PropertyID = 0x08
	PropCorrelationData                 PropertyID = 0x09
	PropSubscriptionIdentifier          PropertyID = 0x0B
	PropSessionExpiryInterval           PropertyID = 0x11
	PropAssignedClientIdentifier        PropertyID = 0x12
	PropServerKeepAlive                 PropertyID = 0x13
	PropAuthenticationMethod            PropertyID = 0x15
	PropAuthenticationData              PropertyID = 0x16
	PropRequestProblemInformation       PropertyID = 0x17
	PropWillDelayInterval               PropertyID = 0x18
	PropRequestResponseInformation      PropertyID = 0x19
	PropResponseInformation             PropertyID = 0x1A
	PropServerReference                 PropertyID = 0x1C
	PropReasonString                    PropertyID = 0x1F
	PropReceiveMaximum                  PropertyID = 0x21
	PropTopicAliasMaximum               PropertyID = 0x22
	PropTopicAlias                      PropertyID = 0x23
	PropMaximumQoS                      PropertyID = 0x24
	PropRetainAvailable                 PropertyID = 0x25
	PropUserProperty                    PropertyID = 0x26
	PropMaximumPacketSize               PropertyID = 0x27
	PropWildcardSubscriptionAvailable   PropertyID = 0x28
	PropSubscriptionIdentifierAvailable PropertyID = 0x29
	PropSharedSubscriptionAvailable     PropertyID = 0x2A
)

// String gives the name in the standard, and "property 0x7F" for an identifier without one.
func (id PropertyID) String() string {
	if name := id.rule().name; name != "" {
		return name
	}
	return fmt.Sprintf("property 0x%02X", byte(id))
}

// PropertySet is a set of property identifiers.
type PropertySet uint64

// Add adds the identifier of a property, which is below 64.
func (s *PropertySet) Add(id PropertyID) { *s |= 1 << id }

// Has reports whether the set has the identifier.
func (s PropertySet) Has(id PropertyID) bool { return s>>id&1 != 0 }

// kind is the type of a property's value.
type kind byte

const (
	kindFlag   kind = iota + 1 // one byte; all of them are 0 or 1
	kindTwo                    // Two Byte Integer
	kindFour                   // Four Byte Integer
	kindVarint                 // Variable Byte Integer
	kindText                   // UTF-8 string
	kindBinary                 // binary data
	kindPair                   // UTF-8 string pair
)

// most is the largest number of a numeric kind.
func (k kind) most() int64 {
	switch k {
	case kindFlag:
		return 1
	case kindTwo:
		return math.MaxUint16
	case kindVarint:
		return MaxVariableByteInteger
	}
	return math.MaxUint32
}

// place is a set of the property lists in packets.
type place uint16

const (
	inConnect place = 1 << iota
	inWill
	inConnack
	inPublishOfClient
	inPublishOfServer
	inAck // PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK
	inSubscribe
	inUnsubscribe
	inDisconnectOfClient
	inDisconnectOfServer
	inAuth

	inPublish    = inPublishOfClient | inPublishOfServer
	inDisconnect = inDisconnectOfClient | inDisconnectOfServer
	anywhere     = inAuth<<1 - 1
)

// propertyRule is what a property has to obey. A zero kind means that the identifier is not defined.
type propertyRule struct {
	name    string
	kind    kind
	allowed place
	repeat  place // where it may occur more than once
	nonZero bool
}

var propertyRules = [...]propertyRule{
	PropPayloadFormatIndicator: {"Payload Format Indicator", kindFlag, inPublish | inWill, 0, false},
	PropMessageExpiryInterval:  {"Message Expiry Interval", kindFour, inPublish | inWill, 0, false},
	PropContentType:            {"Content Type", kindText, inPublish | inWill, 0, false},
	PropResponseTopic:          {"Response Topic", kindText, inPublish | inWill, 0, false},
	PropCorrelationData:        {"Correlation Data", kindBinary, inPublish | inWill, 0, false},
	PropSubscriptionIdentifier: {
		"Subscription Identifier", kindVarint, inSubscribe | inPublishOfServer,
		inPublishOfServer, true,
	},
	PropSessionExpiryInterval: {
		"Session Expiry Interval", kindFour,
		inConnect | inConnack | inDisconnectOfClient, 0, false,
	},
	PropAssignedClientIdentifier:   {"Assigned Client Identifier", kindText, inConnack, 0, false},
	PropServerKeepAlive:            {"Server Keep Alive", kindTwo, inConnack, 0, false},
	PropAuthenticationMethod:       {"Authentication Method", kindText, inConnect | inConnack | inAuth, 0, false},
	PropAuthenticationData:         {"Authentication Data", kindBinary, inConnect | inConnack | inAuth, 0, false},
	PropRequestProblemInformation:  {"Request Problem Information", kindFlag, inConnect, 0, false},
	PropWillDelayInterval:          {"Will Delay Interval", kindFour, inWill, 0, false},
	PropRequestResponseInformation: {"Request Response Information", kindFlag, inConnect, 0, false},
	PropResponseInformation:        {"Response Information", kindText, inConnack, 0, false},
	PropServerReference:            {"Server Reference", kindText, inConnack | inDisconnectOfServer, 0, false},
	PropReasonString: {
		"Reason String", kindText, inConnack | inAck | inDisconnect | inAuth, 0,
		false,
	},
	PropReceiveMaximum:                  {"Receive Maximum", kindTwo, inConnect | inConnack, 0, true},
	PropTopicAliasMaximum:               {"Topic Alias Maximum", kindTwo, inConnect | inConnack, 0, false},
	PropTopicAlias:                      {"Topic Alias", kindTwo, inPublish, 0, true},
	PropMaximumQoS:                      {"Maximum QoS", kindFlag, inConnack, 0, false},
	PropRetainAvailable:                 {"Retain Available", kindFlag, inConnack, 0, false},
	PropUserProperty:                    {"User Property", kindPair, anywhere, anywhere, false},
	PropMaximumPacketSize:               {"Maximum Packet Size", kindFour, inConnect | inConnack, 0, true},
	PropWildcardSubscriptionAvailable:   {"Wildcard Subscription Available", kindFlag, inConnack, 0, false},
	PropSubscriptionIdentifierAvailable: {"Subscription Identifier Available", kindFlag, inConnack, 0, false},
	PropSharedSubscriptionAvailable:     {"Shared Subscription Available", kindFlag, inConnack, 0, false},
}

// undefinedProperty is the rule of the identifiers beyond the table.
var undefinedProperty propertyRule

func (id PropertyID) rule() *propertyRule {
	if int(id) < len(propertyRules) {
		return &propertyRules[id]
	}
	return &undefinedProperty
}
