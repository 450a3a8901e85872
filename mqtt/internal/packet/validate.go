package packet

// checkProperties validates the properties of packet type t, in the list named by at.
func checkProperties(t Type, at place, b []byte) (PropertySet, error) {
	var seen PropertySet
	for len(b) > 0 {
		id := PropertyID(b[0])
		rule := id.rule()
		if rule.allowed&at == 0 { // U5-06
			return 0, misplaced(t, at, id)
		}
		if seen.Has(id) && rule.repeat&at == 0 { // U5-07
			return 0, violation(t, id.String()+" is repeated")
		}
		seen.Add(id)
		size := valueSize(rule.kind, b[1:])
		if size == 0 || size > len(b)-1 {
			return 0, malformed(t, id.String()+" is cut off or not a valid number")
		}
		if err := checkValue(t, id, rule, b[1:1+size]); err != nil {
			return 0, err
		}
		b = b[1+size:]
	}
	return seen, nil
}

// misplaced is the error for a property that is not allowed. An identifier which is never valid for the packet
// type makes the packet malformed; one which the other side may send in it is a matter of who sent it.
func misplaced(t Type, at place, id PropertyID) error {
	for _, both := range [...]place{inPublish, inDisconnect} {
		// [MQTT5-3.14.2-2] [MQTT5-3.3.4-6]
		if at&both != 0 && id.rule().allowed&both != 0 {
			return violation(t, id.String()+" is not allowed from this sender")
		}
	}
	return malformed(t, id.String()+" is not allowed in this packet")
}

// checkValue validates the value of one property (U5-08).
func checkValue(t Type, id PropertyID, rule *propertyRule, value []byte) error {
	switch rule.kind {
	case kindFlag:
		if value[0] > 1 {
			return violation(t, id.String()+" is neither 0 nor 1")
		}
	case kindTwo, kindFour, kindVarint:
		if !rule.nonZero || number(rule.kind, value) != 0 {
			return nil
		}
		// [MQTT5-3.3.2-8]
		if id == PropTopicAlias {
			return &Error{Type: t, Reason: TopicAliasInvalid, Problem: "Topic Alias is 0"}
		}
		return violation(t, id.String()+" is 0")
	case kindText:
		if id == PropResponseTopic {
			return checkTopicField(t, id.String(), value[2:])
		}
		return checkTextField(t, id.String(), value[2:])
	case kindPair:
		// [MQTT5-1.5.7-1]
		n := binarySize(value)
		if err := checkTextField(t, "name of a User Property", value[2:n]); err != nil {
			return err
		}
		return checkTextField(t, "value of a User Property", value[n+2:])
	}
	return nil
}

// checkTextField checks a text field of a packet.
func checkTextField(t Type, field string, b []byte) error {
	if p := checkText(b); p != "" {
		return malformed(t, field+" "+string(p))
	}
	return nil
}

// checkTopicField checks the characters of a Topic Name: bad text is malformed, a wildcard is a Protocol Error.
// [MQTT5-3.3.2-1] [MQTT5-3.3.2-2] [MQTT5-3.3.2-13] [MQTT5-3.3.2-14] [MQTT311-3.3.2-1] [MQTT311-3.3.2-2]
func checkTopicField(t Type, field string, b []byte) error {
	switch p := checkTopic(b); p {
	case "":
		return nil
	case topicPlus, topicHash:
		return violation(t, field+" "+string(p))
	default:
		return malformed(t, field+" "+string(p))
	}
}
