package config

import (
	"strings"
	"unicode/utf8"
)

// reason says why a value is refused, worded to follow `X cannot be "...": `.
// Because it never quotes the value it may be shown for secrets too.
type reason string

func (r reason) Error() string { return string(r) }

const (
	errNotUTF8 reason = "allowed is valid UTF-8"
	errNUL     reason = "U+0000 is not allowed"
	errTooLong reason = "at most 65535 bytes are allowed"
	errNotText reason = "a JSON string is needed"
	errPairs   reason = "at most 65535 of them are allowed"
)

// maxMQTTString is the largest length that fits the two bytes in front of a
// string in a packet [MQTT-1.5.4].
const maxMQTTString = 65535

// CheckText accepts valid UTF-8 without U+0000. Every text setting asks it first,
// except with [Raw].
func CheckText(value string) error {
	if !utf8.ValidString(value) {
		return errNotUTF8
	}
	if strings.IndexByte(value, 0) >= 0 {
		return errNUL
	}
	return nil
}

// CheckMQTTString accepts what fits a string of an MQTT packet: valid UTF-8
// without U+0000 of at most 65535 bytes. It is meant for [Check].
func CheckMQTTString(value string) error {
	if len(value) > maxMQTTString {
		return errTooLong
	}
	return CheckText(value)
}

// String is a text setting.
func String(s Setting, p *string, opts ...Option) Row {
	return StringAt(s, func() *string { return p }, opts...)
}

// StringAt is String for a field that is not always at the same place: at tells where it is now.
func StringAt(s Setting, at func() *string, opts ...Option) Row {
	return makeRow(s, kindText, "string", opts).withCell(&textCell{at, *at()})
}

type textCell struct {
	at      func() *string
	initial string
}

func (c *textCell) text() string { return *c.at() }

func (c *textCell) set(r *Row, value string) error {
	if err := r.checkText(r.Name, value); err != nil {
		return err
	}
	*c.at() = value
	return nil
}

func (c *textCell) reset() { *c.at() = c.initial }

func (r *Row) checkText(subject, value string) error {
	if !r.opt.raw {
		if err := CheckText(value); err != nil {
			return r.refused(subject, value, err)
		}
	}
	return r.run(subject, value)
}
