package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// isFilter reports whether the wildcards of a topic filter stand where they may.
func isFilter(filter string) bool {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		last := i == len(levels)-1
		if len(level) > 1 && strings.ContainsAny(level, "+#") || level == "#" && !last {
			return false
		}
	}
	return filter != ""
}

// matches reports whether a topic matches a filter.
func matches(filter, topic string) bool {
	levels, names := strings.Split(filter, "/"), strings.Split(topic, "/")
	for i, level := range levels {
		switch {
		case i == 0 && strings.HasPrefix(topic, "$") && (level == "#" || level == "+"):
			return false
		case level == "#":
			return true
		case i >= len(names) || level != "+" && level != names[i]:
			return false
		}
	}
	return len(levels) == len(names)
}

// format returns what renders a message, by -F, -v and -N.
func (c *subCommand) format() (func(e *mqtt.MessageInEventArgs) []byte, error) {
	if c.Format != "" {
		parts, err := parseFormat(c.Format)
		return func(e *mqtt.MessageInEventArgs) []byte {
			var out []byte
			for _, part := range parts {
				out = part(out, e)
			}
			return append(out, '\n')
		}, err
	}
	return func(e *mqtt.MessageInEventArgs) []byte {
		var out []byte
		if c.Verbose {
			out = append(out, e.Topic...)
			if out = append(out, ' '); len(e.MessageB) == 0 {
				out = append(out, "(null)"...)
			}
		}
		if len(e.MessageB) == 0 && !c.Verbose {
			return nil
		}
		if out = append(out, e.MessageB...); !c.NoEOL {
			out = append(out, '\n')
		}
		return out
	}, nil
}

// part appends one part of a message.
type part func(out []byte, e *mqtt.MessageInEventArgs) []byte

func literal(s string) part {
	return func(out []byte, _ *mqtt.MessageInEventArgs) []byte { return append(out, s...) }
}

var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'e': "\033", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\\': "\\",
}

// parseFormat reads a format of mosquitto_sub.
func parseFormat(format string) (parts []part, err error) {
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '\\' && i+1 < len(format) && escapes[format[i+1]] != "":
			i++
			parts = append(parts, literal(escapes[format[i]]))
		case c == '%' && i+1 < len(format):
			i++
			p, known := conversions[format[i]]
			if !known {
				return nil, fmt.Errorf("invalid format specification %%%c", format[i])
			}
			parts = append(parts, p)
		case c == '\\' || c == '%':
			return nil, fmt.Errorf("the format ends with an incomplete specification")
		default:
			parts = append(parts, literal(format[i:i+1]))
		}
	}
	return parts, nil
}

// given is the properties of a message, which may have none.
func given(e *mqtt.MessageInEventArgs) *mqtt.PublishProperties {
	if e.Properties == nil {
		return &mqtt.PublishProperties{}
	}
	return e.Properties
}

func text(f func(e *mqtt.MessageInEventArgs) string) part {
	return func(out []byte, e *mqtt.MessageInEventArgs) []byte { return append(out, f(e)...) }
}

// number renders a property that is absent as nothing.
func number(f func(e *mqtt.MessageInEventArgs) int) part {
	return text(func(e *mqtt.MessageInEventArgs) string {
		if n := f(e); n != 0 {
			return strconv.Itoa(n)
		}
		return ""
	})
}

var conversions = map[byte]part{
	'%': literal("%"),
	'A': number(func(e *mqtt.MessageInEventArgs) int { return given(e).TopicAlias }),
	'C': text(func(e *mqtt.MessageInEventArgs) string { return given(e).ContentType }),
	'D': text(func(e *mqtt.MessageInEventArgs) string { return string(given(e).CorrelationData) }),
	'E': number(func(e *mqtt.MessageInEventArgs) int { return given(e).MessageExpInterval }),
	'F': number(func(e *mqtt.MessageInEventArgs) int { return given(e).PayloadFormatIndicator }),
	'I': text(func(*mqtt.MessageInEventArgs) string { return time.Now().Format("2006-01-02T15:04:05-0700") }),
	'R': text(func(e *mqtt.MessageInEventArgs) string { return given(e).ResponseTopic }),
	'S': text(func(e *mqtt.MessageInEventArgs) string {
		var ids []string
		for _, id := range given(e).SubscriptionIdentifiers {
			ids = append(ids, strconv.Itoa(id))
		}
		return strings.Join(ids, " ")
	}),
	'P': text(func(e *mqtt.MessageInEventArgs) string {
		var pairs []string
		for _, p := range given(e).UserProperties {
			pairs = append(pairs, p.Name+":"+p.Value)
		}
		return strings.Join(pairs, " ")
	}),
	'U': text(func(*mqtt.MessageInEventArgs) string {
		now := time.Now()
		return fmt.Sprintf("%d.%09d", now.Unix(), now.Nanosecond())
	}),
	'j': text(func(e *mqtt.MessageInEventArgs) string { return jsonOf(e, false) }),
	'J': text(func(e *mqtt.MessageInEventArgs) string { return jsonOf(e, true) }),
	'l': text(func(e *mqtt.MessageInEventArgs) string { return strconv.Itoa(len(e.MessageB)) }),
	'm': text(func(e *mqtt.MessageInEventArgs) string { return strconv.Itoa(max(0, e.PacketId)) }),
	'p': text(func(e *mqtt.MessageInEventArgs) string { return string(e.MessageB) }),
	'q': text(func(e *mqtt.MessageInEventArgs) string { return strconv.Itoa(e.QOS) }),
	'r': text(func(e *mqtt.MessageInEventArgs) string {
		if e.Retained {
			return "1"
		}
		return "0"
	}),
	't': text(func(e *mqtt.MessageInEventArgs) string { return e.Topic }),
	'x': text(func(e *mqtt.MessageInEventArgs) string { return hex.EncodeToString(e.MessageB) }),
	'X': text(func(e *mqtt.MessageInEventArgs) string { return strings.ToUpper(hex.EncodeToString(e.MessageB)) }),
}

// jsonOf is a message as one JSON object; with parsed the payload is JSON itself.
func jsonOf(e *mqtt.MessageInEventArgs, parsed bool) string {
	payload, _ := json.Marshal(string(e.MessageB)) // of a string, which cannot fail
	if parsed && json.Valid(e.MessageB) {
		payload = e.MessageB
	}
	topic, _ := json.Marshal(e.Topic)
	mid := ""
	if e.QOS > 0 {
		mid = fmt.Sprintf(`"mid":%d,`, e.PacketId)
	}
	retain := 0
	if e.Retained {
		retain = 1
	}
	return fmt.Sprintf(`{"tst":"%s","topic":%s,"qos":%d,"retain":%d,"payloadlen":%d,%s"payload":%s}`,
		time.Now().Format("2006-01-02T15:04:05.000000Z0700"), topic, e.QOS, retain, len(e.MessageB), mid, payload)
}
