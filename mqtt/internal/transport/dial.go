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
	"github.com/iotcomponents/iot/firewall"
)

// Dial connects. The context bounds all steps together; its end gives 201 or 301.
func Dial(ctx context.Context, o *Options) (net.Conn, *errors.Error) {
	if o.Target.TLS() || o.Target.WebSocket() {
		return nil, errors.New(errors.ErrProtocolNotSupported, fmt.Sprintf("%s:// is not supported yet; tcp:// and mqtt:// are.", o.Target.Scheme))
	}
	if o.TLS.Enabled {
		return nil, errors.New(errors.ErrProtocolNotSupported, "SSLEnabled is true, but TLS is not supported yet.")
	}
	if o.Firewall.AutoDetect || o.Firewall.FirewallType != firewall.FwNone {
		return nil, errors.New(errors.ErrProtocolNotSupported, "Firewall names a proxy, but proxies are not supported yet.")
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
		if err := tcp.SetNoDelay(o.Socket.NoDelay); err != nil {
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
