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

// checkText accepts valid UTF-8 without U+0000. Every text setting asks it first,
// except with [Raw].
func checkText(value string) error {
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
	return checkText(value)
}

// CheckMQTTBinary accepts what fits binary data of an MQTT packet: at most 65535 bytes. It is meant for [Check].
func CheckMQTTBinary(value string) error {
	if len(value) > maxMQTTString {
		return errTooLong
	}
	return nil
}

// String is a text setting.
func String[O any](s Setting, at func(*O) *string, opts ...Option) Row {
	return makeRow(s, kindText, "string", opts).withCell(&textCell{ofOwner(at)})
}

type textCell struct{ at func(owner any) *string }

func (c *textCell) text(owner any) string { return *c.at(owner) }

func (c *textCell) set(owner any, r *Row, value string) error {
	if err := r.checkText(r.Name, value); err != nil {
		return err
	}
	*c.at(owner) = value
	return nil
}

func (r *Row) checkText(subject, value string) error {
	if !r.opt.raw {
		if err := checkText(value); err != nil {
			return r.refused(subject, value, err)
		}
	}
	return r.run(subject, value)
}
