//go:build !unix

package transport

import "net"

// TryWriter exists where a socket can be written without waiting.
type TryWriter struct{}

// NewTryWriter returns nil on this system.
func NewTryWriter(net.Conn) *TryWriter { return nil }

// TryWrite is not called on this system.
func (*TryWriter) TryWrite([]byte) int { return 0 }
