package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/iotcomponents/iot/errors"
)

// localAddr is the address to connect from, nil for the system's choice.
func (o *Options) localAddr(ctx context.Context, ipv6 bool) (net.Addr, error) {
	s := &o.Socket
	if s.LocalHost == "" {
		if s.LocalPort == 0 {
			return nil, nil
		}
		return &net.TCPAddr{Port: s.LocalPort}, nil
	}
	a, err := netip.ParseAddr(s.LocalHost)
	if err != nil {
		if a, err = o.lookUpLocal(ctx, ipv6); err != nil {
			return nil, err
		}
	}
	if a.Unmap().Is6() != ipv6 {
		return nil, errors.New(errors.ErrAddressNotAvailable, fmt.Sprintf("LocalHost is %s, which is not of the "+
			"family of the server's address.", a))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(s.LocalPort))), nil
}

func (o *Options) lookUpLocal(ctx context.Context, ipv6 bool) (netip.Addr, error) {
	resolver, network := o.Resolver, "ip4"
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	if ipv6 {
		network = "ip6"
	}
	found, err := resolver.LookupNetIP(ctx, network, o.Socket.LocalHost)
	if err != nil {
		if ctx.Err() != nil {
			return netip.Addr{}, err
		}
		return netip.Addr{}, errors.Wrap(errors.ErrAddressNotAvailable,
			fmt.Sprintf("LocalHost %q has no address.", o.Socket.LocalHost), err)
	}
	return found[0].Unmap(), nil
}
