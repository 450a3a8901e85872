//go:build !unix

package transport

import "net"

// trySocket exists where a socket can be written without waiting.
type trySocket struct{}

func newTrySocket(net.Conn) *trySocket { return nil }

// write is not called on this system.
func (*trySocket) write([]byte) int { return 0 }
