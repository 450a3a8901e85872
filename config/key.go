package config

import (
	"cmp"
	"iter"

	"github.com/tidwall/gjson"

	"github.com/iotcomponents/iot/errors"
)

// Key is one key of a property bag: its documentation and the field behind it.
// Keys come from the Bag constructors; the exported fields are for reading.
type Key struct {
	// Name is the key as Text writes it.
	Name string
	// Aliases are further accepted spellings.
	Aliases []string
	// AlsoAs are further names that are accepted and written too.
	AlsoAs []string
	// Type is int, int64, bool, string, hex or name:value.
	Type string
	// Min and Max are the range of an integer, for hex the number of bytes,
	// otherwise 0.
	Min, Max int64
	// Default is the documented default: what holds when the key is not set.
	Default string
	// Doc describes the key.
	Doc string
	// SpecID is the identifier of the property in the MQTT specification.
	SpecID byte
	// Secret keeps the value out of error texts.
	Secret bool
	// Repeatable keys may occur several times in one object.
	Repeatable bool

	code  int
	field field
}

// field is the value of a key.
type field interface {
	// plan reads the values given for the key, one unless it is repeatable. It
	// changes nothing; apply does, in the fields of a bag, see Bag.
	plan(values []gjson.Result) (apply func(fields any), bad *badField)
	// texts are the values to write, none if the key is not set.
	texts(fields any) iter.Seq[string]
	unset(fields any)
}

// badField is a value that a key does not accept.
type badField struct {
	value   gjson.Result
	allowed string // what is, or
	reason  error  // why not
}

func makeKey(name, typ string, f field, list []Option) Key {
	o := collect(name, kindKey, list)
	return Key{
		Name: name, Aliases: o.aliases, AlsoAs: o.alsoAs, Type: typ,
		Default: o.defText, Doc: o.doc, SpecID: o.specID,
		Secret: o.secret, code: o.code, field: f,
	}
}

// fault makes the error of a bad value.
func (k *Key) fault(subject string, bad *badField) error {
	value := bad.value.Raw
	if bad.value.Type == gjson.String {
		value = bad.value.Str
	}
	text := cannotBe(subject, value, k.Secret)
	if bad.reason != nil {
		return refusal(bad.reason, k.code, text, k.Secret)
	}
	return errors.New(cmp.Or(k.code, errors.ErrInvalidArgument), text+"; allowed: "+bad.allowed)
}
