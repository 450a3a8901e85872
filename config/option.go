package config

import (
	"fmt"
	"slices"
)

// Option changes one aspect of a row or of a key of a bag. An option that makes
// no sense for the constructor it is given to panics there: a programming error.
type Option struct {
	name  string
	kinds kind
	apply func(*options)
}

// options is what the options of one row or key say.
type options struct {
	aliases  []string
	secret   bool
	code     int // number of the error for a bad value, 0 = ErrInvalidArgument
	raw      bool
	check    func(string) error
	before   func(owner any) error
	after    func(owner any)
	integers integerRule
	first    bool
	action   bool
	assigned func(owner any) (value string, given bool)

	// keys of bags
	alsoAs  []string
	specID  byte
	doc     string
	defText string
}

// kind is a set of row kinds, for telling which option fits where.
type kind uint16

const (
	kindBool kind = 1 << iota
	kindInt
	kindText
	kindList
	kindIndexed
	kindFunc
	kindJSON
	kindReadOnly
	kindKey

	kindWritable = kindBool | kindInt | kindText | kindList | kindIndexed | kindFunc | kindJSON
)

func collect(owner string, k kind, list []Option) options {
	var o options
	for _, option := range list {
		if option.kinds&k == 0 {
			panic(fmt.Sprintf("config: option %s does not fit %s", option.name, owner))
		}
		option.apply(&o)
	}
	return o
}

// Alias adds spellings that are accepted besides the name.
func Alias(names ...string) Option {
	return Option{"Alias", kindWritable | kindReadOnly | kindKey, func(o *options) {
		o.aliases = append(o.aliases, names...)
	}}
}

// Secret keeps the value out of every error text, also the texts of errors that
// Check and the functions of Func return: of those only the number is kept.
func Secret() Option {
	return Option{"Secret", kindWritable | kindReadOnly | kindKey, func(o *options) { o.secret = true }}
}

// Code is the number of the error for a bad value, instead of 10022. A wrong
// index and a key given twice stay 10022.
func Code(n int) Option {
	return Option{"Code", kindWritable&^kindJSON | kindKey, func(o *options) { o.code = n }}
}

// Check adds a condition on the value, asked after the row's own. It gets the
// value as it would be read back, and the value of a JSON row as it was given.
//
// An error of this module (one with a number) is returned as it is. The text of
// any other error is taken as the reason and appears behind the setting's name
// and the value, under the row's number.
func Check(f func(value string) error) Option {
	return Option{"Check", kindWritable, func(o *options) { o.check = f }}
}

// Before is asked before an assignment is looked at, for example whether the
// component is in a state that allows it. Its error is returned as it is. It is
// not asked on reading.
func Before[O any](f func(*O) error) Option {
	return Option{"Before", kindWritable, func(o *options) { o.before = ofOwner(f) }}
}

// After is called when an assignment succeeded, also if the value was the same
// as before.
func After[O any](f func(*O)) Option {
	return Option{"After", kindWritable, func(o *options) { o.after = func(owner any) { f(owner.(*O)) } }}
}

// First has Load assign the row before others, because assigning it changes others, or decides what they accept.
func First() Option {
	return Option{"First", kindWritable, func(o *options) { o.first = true }}
}

// Action says that assigning the setting does something at once, so that Load refuses it and Text leaves it out.
func Action() Option {
	return Option{"Action", kindWritable, func(o *options) { o.action = true }}
}

// Assigned is what Text writes for a setting that shows something else than what was assigned, for example what is in
// use while connected. When it was not given at all, Text writes a comment, or nothing for "".
func Assigned[O any](f func(*O) (value string, given bool)) Option {
	return Option{"Assigned", kindWritable, func(o *options) {
		o.assigned = func(owner any) (string, bool) { return f(owner.(*O)) }
	}}
}

// Unset gives an integer setting a value that means "none", usually -1. It is
// accepted besides the range, and assigning "" sets it.
func Unset(none int64) Option {
	return Option{"Unset", kindInt, func(o *options) {
		o.integers.none, o.integers.hasNone = none, true
	}}
}

// OneOf restricts an integer setting to the values listed.
func OneOf(values ...int64) Option {
	return Option{"OneOf", kindInt, func(o *options) { o.integers.oneOf = slices.Clone(values) }}
}

// Bits restricts an integer setting to sums of the bits of mask.
func Bits(mask int64) Option {
	return Option{"Bits", kindInt, func(o *options) { o.integers.mask, o.integers.hasMask = mask, true }}
}

// Raw switches off the condition that a text is valid UTF-8 without U+0000.
func Raw() Option {
	return Option{"Raw", kindText | kindIndexed | kindFunc, func(o *options) { o.raw = true }}
}

// Spec is the identifier of a bag's key in the MQTT specification, for example
// 0x21.
func Spec(id byte) Option {
	return Option{"Spec", kindKey, func(o *options) { o.specID = id }}
}

// Doc is the description of a bag's key.
func Doc(text string) Option {
	return Option{"Doc", kindKey, func(o *options) { o.doc = text }}
}

// Default is the documented default of a bag's key: what holds when the key is
// not set.
func Default(text string) Option {
	return Option{"Default", kindKey, func(o *options) { o.defText = text }}
}

// AlsoAs gives a bag's key further names that are not only accepted but also
// written by Bag.Text, each with the same value.
func AlsoAs(names ...string) Option {
	return Option{"AlsoAs", kindKey, func(o *options) { o.alsoAs = append(o.alsoAs, names...) }}
}
