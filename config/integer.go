package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Integer is the types of field that an integer setting can have.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32
}

// Int is an integer setting with a range, both ends included. Values that do not
// fit 32 bits need a field of type int64 to work on 32-bit systems.
//
// Unset, OneOf and Bits change what is accepted; the range holds besides OneOf
// and Bits. For a setting without upper limit give math.MaxInt or math.MaxInt64.
func Int[O any, T Integer](s Setting, at func(*O) *T, least, most T, opts ...Option) Row {
	return integerRow(s, least, most, opts).withCell(&intCell[T]{ofOwner(at)})
}

// integerRow is a row without its cell.
func integerRow[T Integer](s Setting, least, most T, opts []Option) Row {
	r := makeRow(s, kindInt, "int", opts)
	rule := &r.opt.integers
	rule.least, rule.most = int64(least), int64(most)
	rule.unbounded = rule.most == math.MaxInt64 || rule.most == math.MaxInt
	if rule.hasNone && int64(T(rule.none)) != rule.none {
		panic("config: the field of " + s.Name + " cannot hold " + formatInt(rule.none))
	}
	return r
}

// Int64 is Int for a field of type int64.
func Int64[O any](s Setting, at func(*O) *int64, least, most int64, opts ...Option) Row {
	if s.Type == "" {
		s.Type = "int64"
	}
	return Int(s, at, least, most, opts...)
}

// IntFunc is Int for a value that is read and assigned by functions. assign gets what the row accepts and must change
// nothing if it returns an error; what becomes of the error is told at Check.
func IntFunc[O any, T Integer](s Setting, get func(*O) T, assign func(*O, T) error, least, most T, opts ...Option) Row {
	return integerRow(s, least, most, opts).withCell(&intFuncCell[T]{ofOwner(get), ofOwnerAnd(assign)})
}

type intFuncCell[T Integer] struct {
	get    func(owner any) T
	assign func(owner any, v T) error
}

func (c *intFuncCell[T]) text(owner any) string { return formatInt(int64(c.get(owner))) }

func (c *intFuncCell[T]) set(owner any, r *Row, value string) error {
	v, err := r.integer(value)
	if err != nil {
		return err
	}
	if err := c.assign(owner, T(v)); err != nil {
		return r.refused(r.Name, value, err)
	}
	return nil
}

type intCell[T Integer] struct{ at func(owner any) *T }

func (c *intCell[T]) text(owner any) string { return formatInt(int64(*c.at(owner))) }

func (c *intCell[T]) set(owner any, r *Row, value string) error {
	v, err := r.integer(value)
	if err != nil {
		return err
	}
	*c.at(owner) = T(v)
	return nil
}

// integer reads a value of the row and asks its Check.
func (r *Row) integer(value string) (int64, error) {
	rule := &r.opt.integers
	v, ok := rule.parse(value)
	if !ok {
		return 0, r.bad(r.Name, value, rule.allowed())
	}
	if r.opt.check != nil {
		if err := r.run(r.Name, formatInt(v)); err != nil {
			return 0, err
		}
	}
	return v, nil
}

// integerRule says which integers are accepted.
type integerRule struct {
	least, most int64
	unbounded   bool // most is only the end of the type
	none        int64
	hasNone     bool
	oneOf       []int64
	mask        int64
	hasMask     bool
}

func (u *integerRule) parse(value string) (int64, bool) {
	if value == "" && u.hasNone {
		return u.none, true
	}
	v, ok := parseInt(value)
	return v, ok && u.accepts(v)
}

func (u *integerRule) accepts(v int64) bool {
	switch {
	case u.hasNone && v == u.none:
		return true
	case v < u.least || v > u.most:
		return false
	case u.oneOf != nil && !slices.Contains(u.oneOf, v):
		return false
	}
	return !u.hasMask || v&^u.mask == 0
}

// allowed puts the rule into words.
func (u *integerRule) allowed() string {
	var text string
	switch {
	case u.oneOf != nil:
		var list []string
		for _, v := range u.oneOf {
			list = append(list, formatInt(v))
		}
		text = "one of " + strings.Join(list, ", ")
	case u.hasMask:
		text = "an integer from " + formatInt(u.least) + " with no bits but those of 0x" +
			strconv.FormatInt(u.mask, 16)
	case u.unbounded:
		text = "an integer, at least " + formatInt(u.least)
	default:
		text = "an integer from " + formatInt(u.least) + " to " + formatInt(u.most)
	}
	if u.hasNone {
		text += ", or " + formatInt(u.none) + " for none"
	}
	return text
}

func formatInt(v int64) string { return strconv.FormatInt(v, 10) }
