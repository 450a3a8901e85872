package firewall

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The numbers of RFC 1928.
const (
	socks5Version  = 5
	socks5Connect  = 1
	socks5NoAuth   = 0
	socks5Password = 2
	socks5NoMethod = 0xFF

	socks5IPv4 = 1
	socks5Name = 3
	socks5IPv6 = 4
)

var socks5Codes = map[byte]string{
	1: "general failure of the proxy",
	2: "not allowed by its rules",
	3: "network unreachable",
	4: "host unreachable",
	5: "connection refused",
	6: "TTL expired",
	7: "command not supported",
	8: "type of address not supported",
}

func (r *route) socks5(conn io.ReadWriter) error {
	hello := []byte{socks5Version, 1, socks5NoAuth}
	named := r.user != "" || r.password != ""
	if named {
		hello = []byte{socks5Version, 2, socks5NoAuth, socks5Password}
	}
	answer, err := exchange(conn, hello, 2)
	if err != nil {
		return err
	}
	if err := checkSOCKS5(answer[0]); err != nil {
		return err
	}
	switch method := answer[1]; {
	case method == socks5NoAuth:
	case method == socks5Password && named:
		if err := r.socks5Authenticate(conn); err != nil {
			return err
		}
	case method == socks5NoMethod && named:
		return refusal("accepts neither User and Password nor a client without them")
	case method == socks5NoMethod:
		return refusal("wants credentials; set Firewall.User and Firewall.Password")
	default:
		return refusal(fmt.Sprintf("chose authentication method %d, which was not offered", method))
	}
	return r.socks5Connect(conn)
}

func checkSOCKS5(version byte) error {
	if version != socks5Version {
		return refusal(fmt.Sprintf("does not speak SOCKS5: its answer has version %d", version))
	}
	return nil
}

// socks5Authenticate is RFC 1929.
func (r *route) socks5Authenticate(conn io.ReadWriter) error {
	request := []byte{1, byte(len(r.user))}
	request = append(request, r.user...)
	request = append(request, byte(len(r.password)))
	request = append(request, r.password...)
	// The version of the answer is not looked at: some proxies put 5 there instead of 1.
	answer, err := exchange(conn, request, 2)
	if err != nil {
		return err
	}
	if status := answer[1]; status != 0 {
		return refusal(fmt.Sprintf("refused User and Password with status %d", status))
	}
	return nil
}

func (r *route) socks5Connect(conn io.ReadWriter) error {
	request := []byte{socks5Version, socks5Connect, 0}
	switch {
	case r.addr.Is4():
		request = append(append(request, socks5IPv4), r.addr.AsSlice()...)
	case r.addr.Is6():
		request = append(append(request, socks5IPv6), r.addr.AsSlice()...)
	default:
		request = append(append(request, socks5Name, byte(len(r.host))), r.host...)
	}
	request = binary.BigEndian.AppendUint16(request, r.port)
	// A proxy that refuses may close the connection after the code.
	answer, err := exchange(conn, request, 2)
	if err != nil {
		return err
	}
	if err := checkSOCKS5(answer[0]); err != nil {
		return err
	}
	if code := answer[1]; code != 0 {
		return refused(r.server(), code, socks5Codes)
	}
	return skipBound(conn)
}

// skipBound reads the rest of the answer, the address that the proxy connects from.
func skipBound(conn io.Reader) error {
	answer, err := receive(conn, 2)
	if err != nil {
		return err
	}
	var length int
	switch family := answer[1]; family {
	case socks5IPv4:
		length = 4
	case socks5IPv6:
		length = 16
	case socks5Name:
		if answer, err = receive(conn, 1); err != nil {
			return err
		}
		length = int(answer[0])
	default:
		return refusal(fmt.Sprintf("does not speak SOCKS5: its answer has an address of type %d", family))
	}
	_, err = receive(conn, length+2)
	return err
}
