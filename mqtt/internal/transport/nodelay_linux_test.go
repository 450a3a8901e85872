package transport

import (
	"net"
	"syscall"
	"testing"
)

func noDelayOf(t *testing.T, conn net.Conn) (on, known bool) {
	t.Helper()
	raw, err := conn.(*plain).Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var v int
	if err := raw.Control(func(fd uintptr) {
		v, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY)
	}); err != nil {
		t.Fatal(err)
	}
	return v != 0, err == nil
}
