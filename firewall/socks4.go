package firewall

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	socks4Version = 4
	socks4Connect = 1
	socks4Granted = 90
)

var socks4Codes = map[byte]string{
	91: "rejected or failed",
	92: "it cannot reach the identd of the client",
	93: "the identd of the client names another user",
}

// socks4 asks for the server by its address; by its name, as SOCKS4A can, if it was not resolved.
func (r *route) socks4(conn io.ReadWriter) error {
	request := []byte{socks4Version, socks4Connect}
	request = binary.BigEndian.AppendUint16(request, r.port)
	byName := !r.addr.IsValid()
	if byName {
		request = append(request, 0, 0, 0, 1) // an address that cannot be announces the name
	} else {
		request = append(request, r.addr.AsSlice()...)
	}
	request = append(request, r.user...)
	request = append(request, 0)
	if byName {
		request = append(request, r.host...)
		request = append(request, 0)
	}
	answer, err := exchange(conn, request, 2)
	if err != nil {
		return err
	}
	version, code := answer[0], answer[1]
	switch {
	case version != 0: // the version of the answer, not of the protocol
		return refusal(fmt.Sprintf("does not speak SOCKS4: its answer has version %d instead of 0", version))
	case code != socks4Granted:
		return refused(r.server(), code, socks4Codes)
	}
	_, err = receive(conn, 6) // port and address, of no use with CONNECT
	return err
}

// refused puts the code of a SOCKS answer into words.
func refused(server string, code byte, words map[byte]string) refusal {
	text, known := words[code]
	if !known {
		text = "a code that SOCKS does not define"
	}
	return refusal(fmt.Sprintf("refused to connect to %s with code %d: %s", server, code, text))
}
