package errors

import (
	"context"
	stderrors "errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
)

// FromOS gives an error of the Go libraries its number. The first condition
// that holds anywhere in the tree of err decides, in this order:
//
//  1. an *Error: its own number
//  2. context.Canceled: 301
//  3. context.DeadlineExceeded, os.ErrDeadlineExceeded: 201
//  4. *net.DNSError: 11001 not found, 11002 temporary or timed out, else 11003
//  5. *net.AddrError: 11004
//  6. errors of crypto/x509 and crypto/tls: 275, 280, 282, else 276
//  7. an operating system error with a number in the TCP/IP group: that number
//  8. io.EOF, io.ErrUnexpectedEOF: 1120
//  9. *fs.PathError: 302
//  10. net.ErrClosed: 10058
//  11. anything else: 10053
//
// Since 7 comes before 9, a file that may not be read is 10013 and a missing
// file is 302; code that opens a file and wants 302 for both uses Wrap.
//
// Some numbers depend on what the caller was doing, which the error does not
// tell. Callers give them with Wrap instead: 118 in a proxy step, 4001 to 4003
// for WebSocket frames, 276 for io.EOF during the TLS handshake, 281 when the
// server asked for a certificate and none was set, 283 and 284 for faults of
// the TLS layer after the handshake.
//
// The result wraps err and its Description ends with the text of err. An err
// that is an *Error itself is returned as it is. FromOS(nil) is a nil *Error:
// test err before storing the result in a variable of type error.
func FromOS(err error) *Error {
	if isNil(err) {
		return nil
	}
	if e, ok := err.(*Error); ok && e.Code != 0 {
		return e
	}
	if e := find(err); e != nil {
		// The text of err holds the text of e, whose number goes to the front.
		text := strings.Replace(err.Error(), e.Error(), e.Description, 1)
		return &Error{Code: e.Code, Description: text, Err: err}
	}
	return Wrap(osCode(err), "", err)
}

// osCode walks the conditions 2 to 11 of FromOS.
func osCode(err error) int {
	if stderrors.Is(err, context.Canceled) {
		return ErrInterrupted
	}
	if stderrors.Is(err, context.DeadlineExceeded) || stderrors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	if dns, ok := stderrors.AsType[*net.DNSError](err); ok {
		return dnsCode(dns)
	}
	if _, ok := stderrors.AsType[*net.AddrError](err); ok {
		return ErrNoAddress
	}
	if code, ok := tlsCode(err); ok {
		return code
	}
	if code, ok := errnoCode(err); ok {
		return code
	}
	if stderrors.Is(err, io.EOF) || stderrors.Is(err, io.ErrUnexpectedEOF) {
		return ErrConnectionClosedByPeer
	}
	if _, ok := stderrors.AsType[*fs.PathError](err); ok {
		return ErrFileNotOpened
	}
	if stderrors.Is(err, net.ErrClosed) {
		return ErrSocketShutdown
	}
	return ErrConnectionAborted
}

// dnsCode tells a name that does not exist from a name service that could not
// answer. A look-up ended by a limit of the component never comes here: its
// error wraps context.DeadlineExceeded.
func dnsCode(err *net.DNSError) int {
	switch {
	case err.IsNotFound:
		return ErrHostNotFound
	case err.IsTemporary || err.IsTimeout:
		return ErrHostNotFoundTryAgain
	default:
		return ErrNameServerFailure
	}
}
