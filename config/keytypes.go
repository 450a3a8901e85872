package config

import (
	"encoding/hex"
	"iter"
	"strings"

	"github.com/tidwall/gjson"
)

// BagInt is an integer key with a range. The field holds unset when the key is
// not set, usually -1; a key that has a default on the wire, such as
// ClientTopicAliasMax, can take that default (0) instead. "" and -1 unset the
// key. It panics if the field's type cannot hold the range.
func BagInt[B any, T Integer](name string, at func(*B) *T, least, most, unset int64, opts ...Option) Key {
	for _, v := range []int64{least, most, unset} {
		if int64(T(v)) != v {
			panic("config: the field of " + name + " cannot hold " + formatInt(v))
		}
	}
	f := &intField[T]{ofOwner(at), T(unset), integerRule{least: least, most: most, none: unset, hasNone: true}}
	typ := "int"
	if most > 1<<31-1 {
		typ = "int64"
	}
	k := makeKey(name, typ, f, opts)
	k.Min, k.Max = least, most
	return k
}

type intField[T Integer] struct {
	at   func(fields any) *T
	none T
	rule integerRule
}

func (f *intField[T]) plan(values []gjson.Result) (func(fields any), *badField) {
	v := values[0]
	text := v.Raw
	switch v.Type {
	case gjson.Number:
	case gjson.String:
		text = trim(v.Str)
	default:
		return nil, f.bad(v)
	}
	n, ok := parseInt(text)
	if text == "" || ok && n == -1 {
		return f.unset, nil
	}
	if !ok || !f.rule.accepts(n) {
		return nil, f.bad(v)
	}
	return func(fields any) { *f.at(fields) = T(n) }, nil
}

func (f *intField[T]) bad(v gjson.Result) *badField {
	return &badField{value: v, allowed: "an integer from " + formatInt(f.rule.least) + " to " +
		formatInt(f.rule.most) + `, or "" or -1 to unset it`}
}

func (f *intField[T]) texts(fields any) iter.Seq[string] {
	return func(yield func(string) bool) {
		if v := *f.at(fields); v != f.none {
			yield(formatInt(int64(v)))
		}
	}
}

func (f *intField[T]) unset(fields any) { *f.at(fields) = f.none }

// BagBool is a boolean key. It accepts a JSON boolean and what boolean settings
// accept; Text writes "true" or "false" as the examples of the documentation do.
// "" unsets the key.
func BagBool[B any](name string, at func(*B) *Tri, opts ...Option) Key {
	return makeKey(name, "bool", &boolField{ofOwner(at)}, opts)
}

type boolField struct{ at func(fields any) *Tri }

func (f *boolField) plan(values []gjson.Result) (func(fields any), *badField) {
	v := values[0]
	text := v.Raw // true, false, null, a number, [...] or {...}
	if v.Type == gjson.String {
		if text = trim(v.Str); text == "" {
			return f.unset, nil
		}
	}
	b, ok := parseBool(text)
	if !ok {
		return nil, &badField{value: v, allowed: allowedBool + `, or "" to unset it`}
	}
	return func(fields any) { *f.at(fields) = TriOf(b) }, nil
}

func (f *boolField) texts(fields any) iter.Seq[string] {
	return func(yield func(string) bool) {
		if t := *f.at(fields); t != TriUnset {
			yield(t.String())
		}
	}
}

func (f *boolField) unset(fields any) { *f.at(fields) = TriUnset }

// BagString is a text key; the field is "" when the key is not set, and "" unsets
// it. A value must pass CheckMQTTString and then check, which may be nil and
// works as described at [Check].
func BagString[B any](name string, at func(*B) *string, check func(value string) error, opts ...Option) Key {
	return makeKey(name, "string", &textField{ofOwner(at), CheckMQTTString, check}, opts)
}

type textField struct {
	at    func(fields any) *string
	form  func(string) error
	check func(string) error // nil = none
}

func (f *textField) plan(values []gjson.Result) (func(fields any), *badField) {
	v := values[0]
	if v.Type != gjson.String {
		return nil, &badField{value: v, reason: errNotText}
	}
	if v.Str == "" {
		return f.unset, nil
	}
	err := f.form(v.Str)
	if err == nil && f.check != nil {
		err = f.check(v.Str)
	}
	if err != nil {
		return nil, &badField{value: v, reason: err}
	}
	text := strings.Clone(v.Str) // not the whole JSON text with it
	return func(fields any) { *f.at(fields) = text }, nil
}

func (f *textField) texts(fields any) iter.Seq[string] {
	return func(yield func(string) bool) {
		if text := *f.at(fields); text != "" {
			yield(text)
		}
	}
}

func (f *textField) unset(fields any) { *f.at(fields) = "" }

// BagText is BagString for texts longer than MQTT's, such as certificates.
func BagText[B any](name string, at func(*B) *string, opts ...Option) Key {
	return makeKey(name, "string", &textField{ofOwner(at), checkText, nil}, opts)
}

// BagHex is a key with at most limit bytes of binary data, written as hexadecimal
// text. The field is empty when the key is not set, and "" unsets it. Assigning
// puts a new slice in place.
func BagHex[B any](name string, at func(*B) *[]byte, limit int, opts ...Option) Key {
	k := makeKey(name, "hex", &hexField{ofOwner(at), limit}, opts)
	k.Max = int64(limit)
	return k
}

type hexField struct {
	at    func(fields any) *[]byte
	limit int
}

func (f *hexField) plan(values []gjson.Result) (func(fields any), *badField) {
	v := values[0]
	if v.Type != gjson.String {
		return nil, &badField{value: v, reason: errNotText}
	}
	if v.Str == "" {
		return f.unset, nil
	}
	data, err := hex.DecodeString(v.Str)
	if err != nil || len(data) > f.limit {
		return nil, &badField{value: v, allowed: "an even number of hexadecimal digits for at most " +
			formatInt(int64(f.limit)) + " bytes"}
	}
	return func(fields any) { *f.at(fields) = data }, nil
}

func (f *hexField) texts(fields any) iter.Seq[string] {
	return func(yield func(string) bool) {
		if data := *f.at(fields); len(data) > 0 {
			yield(hex.EncodeToString(data))
		}
	}
}

func (f *hexField) unset(fields any) { *f.at(fields) = nil }
