package transport

import "net"

// Conn is a connection to the server as MQTT sees it: a stream of bytes, whatever carries them. One goroutine may read
// and one may write at a time; everything else may be called at any time. The errors of Read and Write have numbers
// where the layer that failed is known: 283 and 284 TLS, 4001 and 4003 WebSocket; those of the socket are as they are.
type Conn interface {
	net.Conn
	// CloseWrite says farewell: the close frame 1000 on a WebSocket, close_notify on TLS, the end of our direction on
	// TCP. Nothing can be written after it. Reading goes on, until the server has said its own. It may take as long as
	// writing does, so set a deadline for that.
	CloseWrite() error
	// WriteSegments writes the segments one after the other, as one whole where the layers have wholes: one message of
	// WebSocket, full records of TLS. It leaves segments as it is. progress, unless nil, is called after each piece
	// that has left, none of which is larger than 256 KiB.
	WriteSegments(segments [][]byte, progress func()) error
}

// stride is how much is written at a time, so that progress can be told.
const stride = 256 << 10

// strides calls write with one stride of the segments after the other. scratch holds the current one.
func strides(scratch *net.Buffers, segments [][]byte, progress func(), write func(net.Buffers) error) error {
	group, size := (*scratch)[:0], 0
	defer func() {
		clear(group[:cap(group)])
		*scratch = group[:0]
	}()
	flush := func() error {
		if size == 0 {
			return nil
		}
		err := write(group)
		group, size = group[:0], 0
		if err == nil && progress != nil {
			progress()
		}
		return err
	}
	for _, s := range segments {
		for len(s) > 0 {
			n := min(len(s), stride-size)
			group, size = append(group, s[:n]), size+n
			s = s[n:]
			if size == stride {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// closeWrite ends our direction of a connection if it can.
func closeWrite(conn net.Conn) error {
	if half, is := conn.(interface{ CloseWrite() error }); is {
		return half.CloseWrite()
	}
	return errNoHalves
}
