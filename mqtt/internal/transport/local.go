package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

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
	name, port := strings.TrimSpace(s.LocalHost), s.LocalPort
	if host, named, valid := SplitHost(name); valid {
		if named != 0 && port != 0 && named != port {
			return nil, errors.New(errors.ErrInvalidArgument,
				fmt.Sprintf("LocalHost names port %d and LocalPort is %d; leave out one of them.", named, port))
		}
		name, port = host, max(port, named)
	}
	a, err := netip.ParseAddr(name)
	if err != nil {
		if a, err = o.lookUpLocal(ctx, name, ipv6); err != nil {
			return nil, err
		}
	}
	if a.Unmap().Is6() != ipv6 {
		return nil, errors.New(errors.ErrAddressNotAvailable, fmt.Sprintf("LocalHost is %s, which is not of the "+
			"family of the server's address.", a))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, uint16(port))), nil
}

func (o *Options) lookUpLocal(ctx context.Context, name string, ipv6 bool) (netip.Addr, error) {
	resolver, network := o.Resolver, "ip4"
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	if ipv6 {
		network = "ip6"
	}
	found, err := resolver.LookupNetIP(ctx, network, name)
	if err != nil {
		if ctx.Err() != nil {
			return netip.Addr{}, err
		}
		return netip.Addr{}, errors.Wrap(errors.ErrAddressNotAvailable,
			fmt.Sprintf("LocalHost %q has no address.", name), err)
	}
	return found[0].Unmap(), nil
}
