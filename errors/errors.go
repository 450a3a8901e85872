package errors

import (
	"fmt"
	"strings"
)

// Error is an error with a number. The SDK returns it as *Error only.
//
// An Error does not change after it was made and may be read from any
// goroutine.
type Error struct {
	// Code is the number, one of the Err constants.
	Code int
	// Description is the text for a person: what the number means, then what
	// happened in this case. It does not repeat the number.
	Description string
	// Err is the cause, for example the *net.OpError behind a number of the
	// TCP/IP group; nil if the component found the fault itself.
	Err error
	// ReasonCode is the reason code of MQTT 5 (the return code of 3.1.1) with
	// which the server refused something or ended the connection; 0 if it did
	// neither.
	ReasonCode int
}

// New makes an error without a cause. Description is the text of the table
// followed by detail; an empty detail leaves the text of the table, a number
// that the table does not know leaves detail alone.
func New(code int, detail string) *Error {
	return &Error{Code: code, Description: join(Description(code), detail)}
}

// Wrap is New for an error that has a cause. The text of the cause follows
// detail, unless detail contains it already, so that the first reason is never
// lost. A nil cause, also a nil *Error, makes Wrap equal to New. ReasonCode is
// that of the cause.
func Wrap(code int, detail string, cause error) *Error {
	e := New(code, detail)
	if isNil(cause) {
		return e
	}
	e.Err = cause
	if inner := find(cause); inner != nil {
		e.ReasonCode = inner.ReasonCode
	}
	text := cause.Error()
	switch {
	case strings.Contains(detail, text):
	case detail == "" || strings.HasSuffix(detail, "."):
		e.Description = join(e.Description, text)
	default:
		e.Description += ": " + text
	}
	return e
}

// Refused makes the error of what a server has refused or ended with a reason
// code: number 500, ReasonCode, and text alone as Description, since nobody has
// violated the protocol.
func Refused(reasonCode int, text string) *Error {
	return &Error{Code: ErrProtocol, Description: text, ReasonCode: reasonCode}
}

// Explained returns e with before and after around its description: the same
// error, told with what it led to.
func (e *Error) Explained(before, after string) *Error {
	told := *e
	told.Description = join(join(before, e.Description), after)
	return &told
}

// Error renders the number in brackets and the description, such as
// "[212] Action impossible while not connected.". An error built by hand
// without Description shows the text of the table. A nil *Error gives "<nil>".
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := e.Description
	if text == "" {
		text = Description(e.Code)
	}
	return join(fmt.Sprintf("[%d]", e.Code), text)
}

// Unwrap returns the cause, nil if there is none.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Is lets the errors.Is function of the standard library compare by number: it
// reports whether target is an *Error with the same Code, whatever the two
// descriptions say. errors.Is(err, New(ErrNotConnected, "")) therefore holds
// for every error with number 212.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && e != nil && t != nil && e.Code == t.Code
}

// Code returns the number of err: 0 for nil, otherwise the number of the first
// *Error found in err and in what it wraps, joined errors included, outermost
// first; -1 if there is none. A nil *Error counts as nil.
//
// Code reads numbers, it does not assign them: for an error straight from the
// Go libraries it returns -1, use FromOS there.
func Code(err error) int {
	if isNil(err) {
		return 0
	}
	if e := find(err); e != nil {
		return e.Code
	}
	return -1
}

// find returns the first *Error with a number in the tree of err, in the order
// in which the standard library searches, or nil. Unlike errors.As it goes on
// behind an *Error that is nil or has no number.
func find(err error) *Error {
	if e, ok := err.(*Error); ok {
		if e == nil || e.Code != 0 {
			return e
		}
		return find(e.Err)
	}
	if as, ok := err.(interface{ As(target any) bool }); ok {
		var e *Error
		if as.As(&e) && e != nil {
			return e
		}
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		return find(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			if e := find(inner); e != nil {
				return e
			}
		}
	}
	return nil
}

// isNil reports whether err is nil or an interface around a nil *Error, which
// is what FromOS(nil) becomes when it is stored as an error.
func isNil(err error) bool {
	if err == nil {
		return true
	}
	e, ok := err.(*Error)
	return ok && e == nil
}

// join puts a space between two texts unless one of them is empty.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}
