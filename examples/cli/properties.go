package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/iotcomponents/iot/mqtt"
)

// properties are those of -D, in the order in which they were given.
type properties struct{ list []property }

type property struct{ command, name, value, second string }

// Decode reads COMMAND NAME VALUE, where user-property has two values.
func (p *properties) Decode(ctx *kong.DecodeContext) error {
	next := func() string {
		if ctx.Scan.Len() == 0 {
			return ""
		}
		return ctx.Scan.Pop().String()
	}
	got := property{command: strings.ToUpper(next()), name: next(), value: next()}
	if got.name == "user-property" {
		got.second = next()
	}
	if _, known := names[got.name]; !known || got.value == "" {
		return fmt.Errorf("-D needs a packet, the name of a property and its value; %q is no property", got.name)
	}
	p.list = append(p.list, got)
	return nil
}

// names are the keys of the component's property bags for mosquitto's names.
var names = map[string]string{
	"user-property":                "UserProperty",
	"session-expiry-interval":      "SessionExpInterval",
	"receive-maximum":              "ReceiveMaximum",
	"maximum-packet-size":          "MaximumPacketSize",
	"topic-alias-maximum":          "TopicAliasMaximum",
	"request-problem-information":  "RequestProblemInformation",
	"request-response-information": "RequestResponseInformation",
	"will-delay-interval":          "WillDelayInterval",
	"message-expiry-interval":      "MessageExpInterval",
	"payload-format-indicator":     "PayloadFormatIndicator",
	"content-type":                 "ContentType",
	"response-topic":               "ResponseTopic",
	"correlation-data":             "CorrelationData",
	"topic-alias":                  "TopicAlias",
	"subscription-identifier":      "SubscriptionIdentifier",
	"reason-string":                "ReasonString",
}

// bag is the text of a set of properties: a JSON object whose keys may repeat.
type bag struct{ keys, values []string }

func (b *bag) set(key, value string) {
	b.keys, b.values = append(b.keys, key), append(b.values, value)
}

func (b *bag) setDefault(key, value string) {
	for _, k := range b.keys {
		if k == key {
			return
		}
	}
	b.set(key, value)
}

func (b *bag) json() string {
	var pairs []string
	for i, key := range b.keys {
		value, _ := json.Marshal(b.values[i]) // of a string, which cannot fail
		pairs = append(pairs, strconv.Quote(key)+":"+string(value))
	}
	if len(pairs) == 0 {
		return ""
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// bag is the properties of one packet.
func (p *properties) bag(command string) *bag {
	b := new(bag)
	for _, got := range p.list {
		switch {
		case got.command != command:
		case got.name == "user-property":
			b.set("UserProperty", got.value+":"+got.second)
		default:
			b.set(names[got.name], got.value)
		}
	}
	return b
}

// user are the user properties of one packet.
func (p *properties) user(command string) (list []mqtt.UserProperty) {
	for _, got := range p.list {
		if got.command == command && got.name == "user-property" {
			list = append(list, mqtt.UserProperty{Name: got.value, Value: got.second})
		}
	}
	return list
}

// publish is the properties of PUBLISH.
func (p *properties) publish() (mqtt.PublishProperties, error) {
	out := mqtt.PublishProperties{UserProperties: p.user("PUBLISH")}
	var err error
	for _, got := range p.list {
		if got.command != "PUBLISH" {
			continue
		}
		number := func(to *int) {
			n, failure := strconv.Atoi(got.value)
			*to, err = n, first(err, failure)
		}
		switch got.name {
		case "message-expiry-interval":
			number(&out.MessageExpInterval)
		case "payload-format-indicator":
			number(&out.PayloadFormatIndicator)
		case "topic-alias":
			number(&out.TopicAlias)
		case "content-type":
			out.ContentType = got.value
		case "response-topic":
			out.ResponseTopic = got.value
		case "correlation-data":
			out.CorrelationData = []byte(got.value)
		case "user-property":
		default:
			err = first(err, fmt.Errorf("PUBLISH has no property %s", got.name))
		}
	}
	return out, err
}
