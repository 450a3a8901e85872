package config

import (
	"cmp"
	"strconv"

	"github.com/iotcomponents/iot/errors"
)

// maxQuoted is the number of characters of a value that an error text shows.
const maxQuoted = 64

// quote makes a value fit for an error text, whatever it contains.
func quote(s string) string {
	n := 0
	for i := range s {
		if n == maxQuoted {
			return strconv.Quote(s[:i]) + "..."
		}
		n++
	}
	return strconv.Quote(s)
}

func invalid(detail string) error {
	return errors.New(errors.ErrInvalidArgument, detail)
}

func readOnly(name string) error {
	return errors.New(errors.ErrWrongState, "The setting "+name+" is read-only")
}

// cannotBe begins the text about a bad value; subject is "TopicAlias" or
// "TopicQOSArray: element 2".
func cannotBe(subject, value string, secret bool) string {
	if secret {
		return subject + " cannot have the given value (not shown)"
	}
	return subject + " cannot be " + quote(value)
}

// Reason makes an error for Check and for the functions of Func that quotes nothing of the value, so that its text is
// shown for secrets too. It is worded to follow `X cannot have the given value: `.
func Reason(text string) error { return reason(text) }

// bad is the error for a value of the row; allowed says what would have been
// right.
func (r *Row) bad(subject, value, allowed string) error {
	return errors.New(cmp.Or(r.opt.code, errors.ErrInvalidArgument),
		cannotBe(subject, value, r.Secret)+"; allowed: "+allowed)
}

// refused turns an error of the row's own functions into what Config returns.
func (r *Row) refused(subject, value string, err error) error {
	return refusal(err, r.opt.code, cannotBe(subject, value, r.Secret), r.Secret)
}

// refusal: a numbered error stays as it is, another one becomes the reason behind
// text. Nothing but the number of an error about a secret is kept, because its
// text may quote the secret.
func refusal(err error, code int, text string, secret bool) error {
	n := errors.Code(err)
	switch {
	case n > 0 && secret:
		return errors.New(n, text)
	case n > 0:
		return err
	}
	code = cmp.Or(code, errors.ErrInvalidArgument)
	if _, harmless := err.(reason); secret && !harmless {
		return errors.New(code, text)
	}
	return errors.New(code, text+": "+err.Error())
}

// run asks the Check of the row, if it has one.
func (r *Row) run(subject, value string) error {
	if r.opt.check == nil {
		return nil
	}
	if err := r.opt.check(value); err != nil {
		return r.refused(subject, value, err)
	}
	return nil
}
