package firewall

import (
	stderrors "errors"
	"io"
	"os"

	"github.com/iotcomponents/iot/errors"
)

// talk asks the proxy at the other end of conn for the server. It reads to the end of the proxy's answer and not a byte
// further. Its error is a refusal, errAgain, or one of conn.
func (r *route) talk(conn io.ReadWriter) error {
	switch r.kind {
	case FwSOCKS5:
		return r.socks5(conn)
	case FwSOCKS4, FwSOCKS4A:
		return r.socks4(conn)
	default:
		return r.tunnel(conn)
	}
}

// fault gives the error of a conversation its number.
func (r *route) fault(err error) error {
	var said refusal
	switch {
	case err == errAgain:
		return err
	case stderrors.As(err, &said):
		return errors.New(errors.ErrProxy, "The "+r.String()+" "+string(said)+".")
	case stderrors.Is(err, io.EOF), stderrors.Is(err, io.ErrUnexpectedEOF):
		return errors.Wrap(errors.ErrProxy, "The "+r.String()+" closed the connection before its answer was "+
			"complete.", err)
	case stderrors.Is(err, os.ErrDeadlineExceeded): // one that dial had set
		return errors.FromOS(err)
	default:
		return errors.Wrap(errors.ErrProxy, "The connection to the "+r.String()+" broke.", err)
	}
}

// refusal is an answer of the proxy that ends the attempt, as the predicate of a sentence about the proxy.
type refusal string

func (r refusal) Error() string { return string(r) }

// exchange writes a request and reads n bytes of the answer.
func exchange(conn io.ReadWriter, request []byte, n int) ([]byte, error) {
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	return receive(conn, n)
}

func receive(conn io.Reader, n int) ([]byte, error) {
	answer := make([]byte, n)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}
