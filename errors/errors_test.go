package errors_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

func TestNew(t *testing.T) {
	for _, row := range []struct {
		name   string
		code   int
		detail string
		want   string
	}{
		{"text and detail", 212, `Publish "a/b" needs a connection.`, `[212] Action impossible while not connected. Publish "a/b" needs a connection.`},
		{"text alone", 212, "", "[212] Action impossible while not connected."},
		{"unknown number", 7, "seven", "[7] seven"},
		{"unknown number, no detail", 7, "", "[7]"},
		{"zero", 0, "", "[0]"},
		{"negative", -5, "below", "[-5] below"},
		{"percent signs are no verbs", 502, "%s%d%!", "[502] The topic name is not valid. %s%d%!"},
		{"several lines", 500, "a\nb", "[500] The MQTT protocol was violated. a\nb"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := errors.New(row.code, row.detail)
			if err.Error() != row.want {
				t.Errorf("Error() = %q, want %q", err.Error(), row.want)
			}
			if err.Code != row.code {
				t.Errorf("Code = %d, want %d", err.Code, row.code)
			}
			if err.Unwrap() != nil {
				t.Errorf("Unwrap() = %v, want nil", err.Unwrap())
			}
		})
	}
}

func TestNewEveryNumber(t *testing.T) {
	for row := range errors.All() {
		err := errors.New(row.Code, "detail")
		if want := fmt.Sprintf("[%d] %s detail", row.Code, row.Text); err.Error() != want {
			t.Errorf("Error() = %q, want %q", err.Error(), want)
		}
		if got := errors.Code(err); got != row.Code {
			t.Errorf("Code() = %d, want %d", got, row.Code)
		}
	}
}

func TestWrap(t *testing.T) {
	cause := stderrors.New("no route")
	for _, row := range []struct {
		name   string
		code   int
		detail string
		cause  error
		want   string
	}{
		{"detail without period", 118, "CONNECT to 10.0.0.1", cause, "[118] The proxy could not make the connection. CONNECT to 10.0.0.1: no route"},
		{"detail is a sentence", 118, "CONNECT failed.", cause, "[118] The proxy could not make the connection. CONNECT failed. no route"},
		{"no detail", 118, "", cause, "[118] The proxy could not make the connection. no route"},
		{"detail tells the cause", 118, "CONNECT: no route, gave up", cause, "[118] The proxy could not make the connection. CONNECT: no route, gave up"},
		{"numbered cause", 118, "", errors.New(10061, ""), "[118] The proxy could not make the connection. [10061] Connection refused."},
		{"no cause", 118, "detail", nil, "[118] The proxy could not make the connection. detail"},
		{"nil *Error as cause", 118, "detail", (*errors.Error)(nil), "[118] The proxy could not make the connection. detail"},
		{"unknown number", 7, "seven", cause, "[7] seven: no route"},
		{"unknown number, no detail", 7, "", cause, "[7] no route"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := errors.Wrap(row.code, row.detail, row.cause)
			if err.Error() != row.want {
				t.Errorf("Error() = %q, want %q", err.Error(), row.want)
			}
			if row.cause == cause && !stderrors.Is(err, cause) {
				t.Error("the cause is not found by errors.Is")
			}
			if got := errors.Code(err); got != row.code {
				t.Errorf("Code() = %d, want %d", got, row.code)
			}
		})
	}
	for _, nothing := range []error{nil, (*errors.Error)(nil)} {
		if err := errors.Wrap(118, "", nothing); err.Err != nil {
			t.Errorf("Wrap of a nil cause has Err = %#v", err.Err)
		}
	}
}

// asError answers errors.As with a number without wrapping an *Error.
type asError struct{ with *errors.Error }

func (asError) Error() string { return "as" }

func (e asError) As(target any) bool {
	p, ok := target.(**errors.Error)
	if ok {
		*p = e.with
	}
	return ok
}

// unwrapNil has an Unwrap method with nothing behind it.
type unwrapNil struct{}

func (unwrapNil) Error() string { return "nothing inside" }
func (unwrapNil) Unwrap() error { return nil }

// unwrapNils has an Unwrap method that yields a list with nil in it.
type unwrapNils struct{ last error }

func (unwrapNils) Error() string     { return "nils inside" }
func (e unwrapNils) Unwrap() []error { return []error{nil, (*errors.Error)(nil), e.last} }

func TestCode(t *testing.T) {
	var (
		e212   = errors.New(212, "")
		e500   = errors.New(500, "")
		nilErr = (*errors.Error)(nil)
		plain  = stderrors.New("plain")
	)
	for _, row := range []struct {
		name string
		err  error
		want int
	}{
		{"nil", nil, 0},
		{"nil *Error as error", nilErr, 0},
		{"itself", e212, 212},
		{"unknown number", errors.New(7, ""), 7},
		{"one layer", fmt.Errorf("a: %w", e212), 212},
		{"three layers", fmt.Errorf("a: %w", fmt.Errorf("b: %w", fmt.Errorf("c: %w", e212))), 212},
		{"joined", stderrors.Join(plain, e212), 212},
		{"joined in joined", stderrors.Join(plain, stderrors.Join(io.EOF, fmt.Errorf("a: %w", e212))), 212},
		{"two verbs", fmt.Errorf("%w, %w", plain, e212), 212},
		{"joined, first wins", stderrors.Join(e500, e212), 500},
		{"outermost wins", errors.Wrap(118, "", e212), 118},
		{"by As", asError{e212}, 212},
		{"by As, nil", asError{nil}, -1},
		{"plain", plain, -1},
		{"library error", context.Canceled, -1},
		{"wrapped plain", fmt.Errorf("a: %w", plain), -1},
		{"wrapped nil *Error", fmt.Errorf("a: %w", nilErr), -1},
		{"joined nil *Error before a number", stderrors.Join(nilErr, e212), 212},
		{"Unwrap gives nil", unwrapNil{}, -1},
		{"Unwrap gives nils", unwrapNils{}, -1},
		{"Unwrap gives nils and a number", unwrapNils{e212}, 212},
		{"zero Error", &errors.Error{}, -1},
		{"zero Error around a number", &errors.Error{Err: e212}, 212},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := errors.Code(row.err); got != row.want {
				t.Errorf("Code() = %d, want %d", got, row.want)
			}
		})
	}
}

func TestIsComparesNumbers(t *testing.T) {
	nilErr := (*errors.Error)(nil)
	for _, row := range []struct {
		name        string
		err, target error
		want        bool
	}{
		{"same number, other text", errors.New(212, "Ping."), errors.New(212, ""), true},
		{"other number", errors.New(212, ""), errors.New(104, ""), false},
		{"wrapped", fmt.Errorf("a: %w", errors.New(212, "")), errors.New(212, ""), true},
		{"joined", stderrors.Join(io.EOF, errors.New(212, "")), errors.New(212, ""), true},
		{"number of the cause", errors.Wrap(118, "", errors.New(10061, "")), errors.New(10061, ""), true},
		{"number around the cause", errors.Wrap(118, "", errors.New(10061, "")), errors.New(118, ""), true},
		{"library cause", errors.Wrap(1120, "", io.EOF), io.EOF, true},
		{"target wraps the number", errors.New(212, ""), fmt.Errorf("a: %w", errors.New(212, "")), false},
		{"target is a library error", errors.New(212, ""), io.EOF, false},
		{"target is a nil *Error", errors.New(212, ""), nilErr, false},
		{"err is a nil *Error", nilErr, errors.New(212, ""), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := stderrors.Is(row.err, row.target); got != row.want {
				t.Errorf("errors.Is = %t, want %t", got, row.want)
			}
		})
	}
}

func TestNilError(t *testing.T) {
	var err *errors.Error
	if got := err.Error(); got != "<nil>" {
		t.Errorf("Error() = %q, want <nil>", got)
	}
	if got := err.Unwrap(); got != nil {
		t.Errorf("Unwrap() = %v, want nil", got)
	}
	if err.Is(errors.New(212, "")) {
		t.Error("a nil *Error has number 212")
	}
	if got := fmt.Sprintf("%v %s", err, err); got != "<nil> <nil>" {
		t.Errorf("formatted: %q", got)
	}
}

func TestErrorBuiltByHand(t *testing.T) {
	for _, row := range []struct {
		err  *errors.Error
		want string
	}{
		{&errors.Error{Code: 212}, "[212] Action impossible while not connected."},
		{&errors.Error{Code: 212, Description: "own words"}, "[212] own words"},
		{&errors.Error{}, "[0]"},
	} {
		if got := row.err.Error(); got != row.want {
			t.Errorf("Error() = %q, want %q", got, row.want)
		}
	}
}

// FuzzNew checks that no number and no detail break the form of the text.
func FuzzNew(f *testing.F) {
	f.Add(212, "detail")
	f.Add(0, "")
	f.Add(-1, "%w\x00\xff")
	f.Fuzz(func(t *testing.T, code int, detail string) {
		err := errors.New(code, detail)
		text := err.Error()
		if !strings.HasPrefix(text, fmt.Sprintf("[%d]", code)) || !strings.HasSuffix(text, detail) {
			t.Errorf("New(%d, %q).Error() = %q", code, detail, text)
		}
		if !strings.HasPrefix(err.Description, errors.Description(code)) {
			t.Errorf("description %q lacks the text of %d", err.Description, code)
		}
		want := code
		if code == 0 {
			want = -1
		}
		if got := errors.Code(fmt.Errorf("a: %w", err)); got != want {
			t.Errorf("Code() = %d, want %d", got, want)
		}
		if back := errors.FromOS(errors.Wrap(code, detail, io.EOF)); !stderrors.Is(back, io.EOF) {
			t.Errorf("FromOS lost the cause: %v", back)
		}
	})
}

func TestRefusedAndExplained(t *testing.T) {
	err := errors.Refused(135, "The server refused it.")
	if got := err.Error(); got != "[500] The server refused it." || err.ReasonCode != 135 {
		t.Errorf("Refused: %q, ReasonCode %d", got, err.ReasonCode)
	}
	cause := stderrors.New("cause")
	first := errors.Wrap(errors.ErrTimeout, "It took long.", cause)
	told := first.Explained("Nobody tries again.", "It was the last.")
	if got, want := told.Error(), "[201] Nobody tries again. "+first.Description+" It was the last."; got != want {
		t.Errorf("Explained: %q, want %q", got, want)
	}
	if !stderrors.Is(told, cause) || strings.Contains(first.Description, "Nobody") {
		t.Errorf("the cause of %v, and %v", told, first)
	}
}
