package transport

import (
	"context"
	stderrors "errors"
	"fmt"
	"io/fs"
	"net"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// dialTCP makes one TCP connection, to the server or to the proxy. The network "tcp" with a name means both families.
func (o *Options) dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, errors.Wrap(errors.ErrInvalidArgument, "The address to connect to is not valid.", err)
	}
	ctx = o.watch(ctx)
	if a, err := netip.ParseAddr(host); err == nil {
		return o.dialFamily(ctx, network, address, a.Unmap().Is6())
	}
	var conn net.Conn
	if network == "tcp" {
		conn, err = race(ctx,
			func(ctx context.Context) (net.Conn, error) { return o.dialFamily(ctx, "tcp6", address, true) },
			func(ctx context.Context) (net.Conn, error) { return o.dialFamily(ctx, "tcp4", address, false) })
	} else {
		conn, err = o.dialFamily(ctx, network, address, network == "tcp6")
	}
	if err != nil {
		return nil, numbered(err)
	}
	return conn, nil
}

// dialFamily dials one family of addresses; of a name each address, so that a silent one does not use up the time of
// the others.
func (o *Options) dialFamily(ctx context.Context, network, address string, ipv6 bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if _, e := netip.ParseAddr(host); err != nil || e == nil || !o.looksUp() {
		return o.dialAddress(ctx, network, address, ipv6)
	}
	found, err := o.lookUp(ctx, network, host)
	if err != nil {
		return nil, err
	}
	var ways []func(context.Context) (net.Conn, error)
	for _, a := range found[:min(len(found), maxAddresses)] {
		ways = append(ways, func(ctx context.Context) (net.Conn, error) {
			return o.dialAddress(ctx, network, net.JoinHostPort(a.Unmap().String(), port), ipv6)
		})
	}
	return race(ctx, ways...)
}

// maxAddresses bounds how many addresses of a name are tried.
const maxAddresses = 32

// looksUp reports whether names are looked up here. The dialer of a test gets them as they are, and so does the
// system's with a fixed port, which only one attempt at a time can have.
func (o *Options) looksUp() bool {
	return (o.DialContext == nil || o.Resolver != nil) && o.Socket.LocalPort == 0
}

// lookUp returns the addresses of a name in one family. A name that has only others is told with the setting that
// leaves them out.
func (o *Options) lookUp(ctx context.Context, network, host string) ([]netip.Addr, error) {
	resolver := o.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	families := map[string]string{"tcp4": "ip4", "tcp6": "ip6"}
	found, err := resolver.LookupNetIP(ctx, families[network], host)
	if err == nil || o.Socket.IPv6 == bothFamilies || ctx.Err() != nil {
		return found, err
	}
	other, name := "tcp6", "IPv6"
	if network == "tcp6" {
		other, name = "tcp4", "IPv4"
	}
	if code := errors.FromOS(err).Code; code == errors.ErrHostNotFound || code == errors.ErrNoAddress {
		if others, e := resolver.LookupNetIP(ctx, families[other], host); e == nil {
			return nil, errors.Wrap(code, fmt.Sprintf("%s has %s addresses alone, such as %s, which UseIPv6 %d "+
				"leaves out; 2 takes both families.",
				host, name, others[0].Unmap(), o.Socket.IPv6), err)
		}
	}
	return nil, err
}

// bothFamilies is the value of UseIPv6 for IPv6 first.
const bothFamilies = 2

// dialAddress dials an address, or for the dialers that want it a name.
func (o *Options) dialAddress(ctx context.Context, network, address string, ipv6 bool) (net.Conn, error) {
	dial := o.DialContext
	if dial == nil {
		local, err := o.localAddr(ctx, ipv6)
		if err != nil {
			return nil, err
		}
		dialer := o.Socket.dialer()
		dialer.Resolver, dialer.LocalAddr, dialer.ControlContext = o.Resolver, local, refuseUnspecified
		dial = dialer.DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := o.Socket.apply(tcp); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// refuseUnspecified is asked before each address: a name may lead to 0.0.0.0, with which the system reaches itself.
func refuseUnspecified(_ context.Context, _, address string, _ syscall.RawConn) error {
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().IsUnspecified() {
		return errors.New(errors.ErrNoRemoteHost, "The name leads to "+a.Addr().String()+".")
	}
	return nil
}

// dialer has the settings that must be known before the connection stands.
func (s *Socket) dialer() *net.Dialer {
	d := &net.Dialer{KeepAlive: -1} // Go's own default is on
	if s.KeepAlive {
		d.KeepAlive = 0
		d.KeepAliveConfig = net.KeepAliveConfig{
			Enable: true, Idle: orSystem(s.KeepAliveTime), Interval: orSystem(s.KeepAliveInterval), Count: -1,
		}
	}
	return d
}

// orSystem is a time of net.KeepAliveConfig, in which a negative one leaves the system's.
func orSystem(milliseconds int) time.Duration {
	if milliseconds <= 0 {
		return -1
	}
	return time.Duration(milliseconds) * time.Millisecond
}

// apply sets the rest.
func (s *Socket) apply(conn *net.TCPConn) error {
	err := conn.SetNoDelay(s.NoDelay)
	if err == nil && !s.Linger {
		err = conn.SetLinger(0)
	}
	if err == nil && s.Linger && s.LingerTime > 0 {
		err = conn.SetLinger(s.LingerTime)
	}
	if err == nil && s.InBufferSize > 0 {
		err = conn.SetReadBuffer(s.InBufferSize)
	}
	if err == nil && s.OutBufferSize > 0 {
		err = conn.SetWriteBuffer(s.OutBufferSize)
	}
	return err
}

// watch lets the net package tell what it does.
func (o *Options) watch(ctx context.Context) context.Context {
	var mu sync.Mutex // two families may be tried at once
	var host string
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(i httptrace.DNSStartInfo) {
			mu.Lock()
			defer mu.Unlock()
			host = i.Host
		},
		DNSDone: func(i httptrace.DNSDoneInfo) {
			mu.Lock()
			defer mu.Unlock()
			var addresses []netip.Addr
			for _, a := range i.Addrs {
				if addr, ok := netip.AddrFromSlice(a.IP); ok {
					addresses = append(addresses, addr.Unmap().WithZone(a.Zone))
				}
			}
			if len(addresses) > 0 {
				o.Trace.resolved(host, addresses)
			}
		},
		ConnectDone: func(_, address string, err error) {
			mu.Lock()
			defer mu.Unlock()
			o.Trace.tried(address, err)
		},
	})
}

// dialUnix connects to a socket in the file system.
func (o *Options) dialUnix(ctx context.Context) (net.Conn, *errors.Error) {
	dial := o.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "unix", o.Target.Host)
	if stderrors.Is(err, fs.ErrNotExist) {
		return nil, errors.Wrap(errors.ErrFileNotOpened, "There is no such socket.", err)
	}
	if err != nil {
		return nil, dialError(ctx, err)
	}
	return conn, nil
}
