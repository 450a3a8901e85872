package firewall

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/iotcomponents/iot/errors"
)

// DialContext connects to address, "host:port", through the proxy. network is "tcp", "tcp4" or "tcp6". d makes the TCP
// connection and its Resolver resolves the server's name where that is the client's part; its Timeout and Deadline
// limit the whole, the proxy's answer included. A nil d is an empty Dialer. In front of the host "*" leaves its name to
// the proxy, where FirewallType lets one choose; otherwise it is ignored.
//
// Names that the client resolves for the proxy become their first address, with "tcp" an IPv4 one if there is any.
//
// The connection is the one that d made, positioned at the first byte of the server, with its deadlines untouched. ctx
// no longer concerns it. After an error nothing is left open.
//
// Errors:
//   - [errors.ErrProxy] (118): the proxy cannot be reached (the error of the socket is wrapped), refuses, or does not
//     keep to its protocol
//   - [errors.ErrTimeout] (201): the deadline of ctx has passed
//   - [errors.ErrInterrupted] (301): ctx was canceled
//   - [errors.ErrInvalidArgument] (10022): a field or the address is bad
//   - [errors.ErrHostNotFound] (11001) to [errors.ErrNoAddress] (11004): the name of the server cannot be resolved
//
// Without a proxy all numbers of package errors are possible. A ctx that never ends waits for a silent proxy forever.
func (f *Firewall) DialContext(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	if d == nil {
		d = &net.Dialer{}
	}
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	if !d.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, d.Deadline)
		defer cancel()
	}
	return f.dial(ctx, d.DialContext, d.Resolver, network, address)
}

// DialWith is DialContext for programs that make TCP connections in a way of their own. It calls dial with the address
// of the proxy, or with that of the server if the way is direct; a second time if the proxy turns out to want Digest
// authentication. dial gets network as it is, except that for a proxy given by its address it is "tcp". Names are
// resolved by net.DefaultResolver where they are not dial's.
func (f *Firewall) DialWith(
	ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error),
	network, address string,
) (net.Conn, error) {
	return f.dial(ctx, dial, net.DefaultResolver, network, address)
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func (f *Firewall) dial(
	ctx context.Context, dial dialFunc, resolver *net.Resolver, network, address string,
) (net.Conn, error) {
	r, err := f.route(address)
	if err != nil {
		return nil, err
	}
	if r == nil {
		conn, err := dial(ctx, network, withoutStar(address))
		if err != nil {
			return nil, errors.FromOS(withEnd(ctx, err))
		}
		return conn, nil
	}
	if err := r.resolve(ctx, resolver, network); err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(r.proxyHost); err == nil {
		network = "tcp" // the address has the family already, and network is meant for names
	}
	for {
		conn, err := r.connect(ctx, dial, network)
		if err == errAgain {
			continue
		}
		return conn, err
	}
}

// errAgain says that the route has learned how to authenticate and wants a new connection to do it.
var errAgain = stderrors.New("firewall: the proxy wants a Digest")

// connect makes one attempt. Its error has a number, or is errAgain.
func (r *route) connect(ctx context.Context, dial dialFunc, network string) (net.Conn, error) {
	conn, err := dial(ctx, network, r.proxy())
	if err != nil {
		err = withEnd(ctx, err)
		code := errors.FromOS(err).Code
		if code != errors.ErrTimeout && code != errors.ErrInterrupted {
			code = errors.ErrProxy
		}
		return nil, errors.Wrap(code, "The "+r.String()+" cannot be reached.", err)
	}
	// The end of ctx closes the connection instead of setting a deadline, so that no deadline can stay behind.
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = conn.Close()
		close(closed)
	})
	err = r.talk(conn)
	if !stop() {
		<-closed
		end := ctx.Err()
		return nil, errors.Wrap(errors.FromOS(end).Code, "The "+r.String()+" had not yet made the connection.", end)
	}
	if err != nil {
		_ = conn.Close()
		return nil, r.fault(err)
	}
	return conn, nil
}

// withEnd adds the end of ctx to the error of what ctx has ended, which need not say so by itself.
func withEnd(ctx context.Context, err error) error {
	if end := ctx.Err(); end != nil && !stderrors.Is(err, end) {
		return fmt.Errorf("%w: %w", end, err)
	}
	return err
}
