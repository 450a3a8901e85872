package transport

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/iotcomponents/iot/errors"
)

// Options say how to connect.
type Options struct {
	Target  Target
	Port    int
	NoDelay bool // TcpNoDelay
	// DialContext replaces the system's dialer, for tests; nil = net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial connects. The context bounds all steps together; its end gives 201 or 301.
func Dial(ctx context.Context, o *Options) (net.Conn, *errors.Error) {
	if o.Target.TLS() || o.Target.WebSocket() {
		return nil, errors.New(errors.ErrProtocolNotSupported, fmt.Sprintf("%s:// is not supported yet; tcp:// and mqtt:// are.", o.Target.Scheme))
	}
	network := "tcp4"
	if a, err := netip.ParseAddr(o.Target.Host); err == nil {
		network = "tcp"
		if a.IsUnspecified() {
			return nil, errors.New(errors.ErrNoRemoteHost, "RemoteHost is "+o.Target.Host+".")
		}
	}
	dial := o.DialContext
	if dial == nil {
		dialer := net.Dialer{KeepAlive: -1} // TCPKeepAlive is off by default
		dial = dialer.DialContext
	}
	conn, err := dial(ctx, network, net.JoinHostPort(o.Target.Host, strconv.Itoa(o.Port)))
	if err != nil {
		return nil, dialError(ctx, err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetNoDelay(o.NoDelay); err != nil {
			_ = conn.Close()
			return nil, errors.FromOS(err)
		}
	}
	return conn, nil
}

// dialError tells our own limit from the system's: a dial that the context ended reports a plain time-out or
// cancellation, which FromOS could not tell apart.
func dialError(ctx context.Context, err error) *errors.Error {
	cause := ctx.Err()
	if cause == nil || stderrors.Is(err, syscall.ECONNREFUSED) {
		return errors.FromOS(err)
	}
	if stderrors.Is(cause, context.DeadlineExceeded) {
		return errors.Wrap(errors.ErrTimeout, err.Error(), cause)
	}
	return errors.Wrap(errors.ErrInterrupted, err.Error(), cause)
}
