package transport

import (
	"context"
	stderrors "errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/iotcomponents/iot/errors"
)

// Dial connects: TCP, then the firewall, TLS and WebSocket where they are asked for. The context bounds all steps
// together; its end gives 201 or 301. After an error nothing is left open and no goroutine is left running.
//
// Errors: 102 an unspecified address, 100xx and 11001 to 11004 socket and name look-up, 10022 a bad line of
// WebSocketHeaders, 118 firewall, 151 and 4003 WebSocket, 270 to 282 and 302 TLS and its certificates.
func Dial(ctx context.Context, o *Options) (Conn, *errors.Error) {
	secrecy, err := newSecurity(o)
	if err != nil {
		return nil, err
	}
	upgrade, err := newUpgrade(o)
	if err != nil {
		return nil, err
	}
	conn, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	if o.Socket.MaxTransferRate > 0 {
		conn = newLimited(conn, o.Socket.MaxTransferRate)
	}
	if secrecy == nil && upgrade == nil {
		return &plain{Conn: conn}, nil
	}
	outlet := newOutlet(conn)
	if outlet != nil {
		conn = outlet
	}
	if secrecy != nil {
		inner, err := secrecy.handshake(ctx, conn)
		if o.Trace.ended(StageTLS, err) != nil {
			return nil, err
		}
		if secrecy.settings.Renegotiation {
			outlet = nil
		}
		if inner.outlet = outlet; upgrade == nil {
			return inner, nil
		}
		conn = inner
	}
	socket, err := upgrade.do(ctx, conn)
	if o.Trace.ended(StageWebSocket, err) != nil {
		return nil, err
	}
	socket.outlet = outlet
	return socket, nil
}

// connect makes the TCP connection, through the firewall if there is one.
func (o *Options) connect(ctx context.Context) (net.Conn, *errors.Error) {
	if o.Target.Unix() {
		conn, err := o.dialUnix(ctx)
		return conn, o.Trace.ended(StageTCP, err)
	}
	network, err := o.network()
	if err != nil {
		return nil, o.Trace.ended(StageTCP, err)
	}
	port := strconv.Itoa(o.Port)
	direct := net.JoinHostPort(o.Target.Name(), port)
	stands, proxied := false, false
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := o.dialTCP(ctx, network, address)
		if err != nil {
			stands = false
			return nil, dialError(ctx, err)
		}
		if !stands { // the second connection of Digest is not worth telling
			_ = o.Trace.ended(StageTCP, nil)
		}
		stands, proxied = true, address != direct
		return conn, nil
	}
	conn, failure := o.Firewall.DialWith(ctx, dial, network, net.JoinHostPort(o.Target.Host, port))
	switch {
	case failure != nil && stands:
		return nil, o.Trace.ended(StageFirewall, errors.FromOS(failure))
	case failure != nil:
		return nil, o.Trace.ended(StageTCP, errors.FromOS(failure))
	case proxied:
		_ = o.Trace.ended(StageFirewall, nil)
	}
	return conn, nil
}

// network is the one to dial: of the families that UseIPv6 allows for a name, of its own for an address.
func (o *Options) network() (string, *errors.Error) {
	if a, err := netip.ParseAddr(o.Target.Name()); err == nil {
		if a.IsUnspecified() {
			return "", errors.New(errors.ErrNoRemoteHost, "RemoteHost is "+o.Target.Name()+".")
		}
		return "tcp", nil
	}
	return [...]string{"tcp4", "tcp6", "tcp"}[o.Socket.IPv6], nil
}

// dialError tells our own limit from the system's: a dial that the context ended reports a plain time-out or
// cancellation, which FromOS could not tell apart.
func dialError(ctx context.Context, err error) *errors.Error {
	numbered := errors.FromOS(err)
	if cause := ctx.Err(); cause != nil && numbered.Code != errors.ErrConnectionRefused {
		return ended(cause, err.Error())
	}
	return numbered
}

// ended is the error of what the end of a context has ended.
func ended(cause error, detail string) *errors.Error {
	if stderrors.Is(cause, context.DeadlineExceeded) {
		return errors.Wrap(errors.ErrTimeout, detail, cause)
	}
	return errors.Wrap(errors.ErrInterrupted, detail, cause)
}
