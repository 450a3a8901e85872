package mqtt

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// What arguments and properties have to be, whatever the state of the component.

// checkText refuses what is no UTF-8 string of MQTT.
func checkText(property, value string) error {
	if err := packet.CheckText(value); err != nil {
		return errors.New(errors.ErrInvalidArgument, property+" "+err.Error()+".")
	}
	return nil
}

// checkBinary refuses what does not fit the two bytes that tell the length of binary data [MQTT5-1.5.6].
func checkBinary(property string, length int) error {
	if length > packet.MaxText {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("%s is longer than %d bytes.", property, packet.MaxText))
	}
	return nil
}

// checkRange refuses a number outside of least to most.
func checkRange(property string, value, least, most int) error {
	if value < least || value > most {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("%s was given %d; %d to %d are possible.", property, value, least, most))
	}
	return nil
}

// messagePropertyNames are the names that programs know the properties of a message by.
var messagePropertyNames = map[packet.PropertyID]string{
	packet.PropPayloadFormatIndicator: "PayloadFormatIndicator",
	packet.PropMessageExpiryInterval:  "MessageExpInterval",
	packet.PropContentType:            "ContentType",
	packet.PropResponseTopic:          "ResponseTopic",
	packet.PropCorrelationData:        "CorrelationData",
}

// propertyFault is the error for a property that cannot be sent.
func propertyFault(fault *packet.PropertyError) error {
	name, code := messagePropertyNames[fault.ID], errors.ErrInvalidArgument
	switch {
	case fault.ID == packet.PropResponseTopic:
		name, code = name+" "+protocol.Quote(fault.Text), errors.ErrInvalidTopicName
	case fault.OfName:
		name = "The name of a user property"
	case fault.ID == packet.PropUserProperty:
		name = "The value of user property " + protocol.Quote(fault.Text)
	}
	return errors.New(code, name+" "+fault.Problem+".")
}
