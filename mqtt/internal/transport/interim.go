package transport

import (
	"bufio"
	"bytes"

	"github.com/iotcomponents/iot/errors"
)

// interimBuffer is what is read at a time while interim answers are looked for. gorilla reads more at a time, so that
// nothing is left in the buffer when it has read once.
const interimBuffer = 4 << 10

// errEndless is an answer that goes on and on.
var errEndless = errors.New(errors.ErrHTTPAnswer, "The answer to the upgrade to WebSocket has no end.")

// skipInterim reads over interim answers such as 103 Early Hints, which may come before any answer (RFC 9110, 15.2) and
// which net/http takes for the answer here. 101 is the answer that is waited for.
func skipInterim(in *bufio.Reader) error {
	skipped := 0
	for {
		is, err := isInterim(in)
		if !is {
			return err
		}
		for inside, more := true, false; inside; { // the header, which an empty line ends
			line, part, err := in.ReadLine()
			if err != nil {
				return err
			}
			if skipped += len(line) + 1; skipped > maxAnswer {
				return errEndless
			}
			inside, more = len(line) > 0 || more, part
		}
	}
}

// isInterim looks at the status of the next answer, no further than it takes to see that it is none: what is not HTTP
// may have no second byte. The error is that of the connection, which bufio tells only once.
func isInterim(in *bufio.Reader) (bool, error) {
	const pattern = "HTTP/1.x 1xx" // x stands for a digit
	for n := 1; n <= len(pattern); n++ {
		begin, err := in.Peek(n)
		if err != nil {
			return false, err
		}
		want, got := pattern[n-1], begin[n-1]
		if digit := got >= '0' && got <= '9'; want == 'x' && !digit || want != 'x' && got != want {
			return false, nil
		}
	}
	begin, _ := in.Peek(len(pattern))
	return !bytes.HasSuffix(begin, []byte("101")), nil
}
