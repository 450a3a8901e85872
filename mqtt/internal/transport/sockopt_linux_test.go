package transport

import (
	"net"
	"syscall"
	"testing"
)

// The settings reach the socket.
func TestSocketOptions(t *testing.T) {
	addr := loopback(t, ignore)
	for name, row := range map[string]struct {
		change      func(*Socket)
		level, name int
		want        func(int) bool
	}{
		"TcpNoDelay":             {func(*Socket) {}, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, is(1)},
		"TcpNoDelay off":         {func(s *Socket) { s.NoDelay = false }, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, is(0)},
		"no TCPKeepAlive":        {func(*Socket) {}, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, is(0)},
		"TCPKeepAlive":           {func(s *Socket) { s.KeepAlive = true }, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, is(1)},
		"KeepAliveTime":          {func(s *Socket) { s.KeepAlive, s.KeepAliveTime = true, 30_000 }, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, is(30)},
		"KeepAliveTime below 1s": {func(s *Socket) { s.KeepAlive, s.KeepAliveTime = true, 1 }, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, is(1)},
		"no KeepAliveTime":       {func(s *Socket) { s.KeepAlive = true }, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, is(7200)},
		"KeepAliveInterval":      {func(s *Socket) { s.KeepAlive, s.KeepAliveInterval = true, 7_500 }, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, is(8)},
		"no KeepAliveInterval":   {func(s *Socket) { s.KeepAlive = true }, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, is(75)},
		"InBufferSize":           {func(s *Socket) { s.InBufferSize = 50_000 }, syscall.SOL_SOCKET, syscall.SO_RCVBUF, is(100_000)},
		"OutBufferSize":          {func(s *Socket) { s.OutBufferSize = 50_000 }, syscall.SOL_SOCKET, syscall.SO_SNDBUF, is(100_000)},
		"no OutBufferSize":       {func(*Socket) {}, syscall.SOL_SOCKET, syscall.SO_SNDBUF, func(n int) bool { return n > 100_000 }},
	} {
		t.Run(name, func(t *testing.T) {
			o := toLoopback(addr)
			row.change(&o.Socket)
			conn := connected(t, o)
			defer conn.Close()
			if got := socketOption(t, conn, func(fd int) (int, error) { return syscall.GetsockoptInt(fd, row.level, row.name) }); !row.want(got) {
				t.Errorf("the socket has %d", got)
			}
		})
	}
}

func is(want int) func(int) bool { return func(got int) bool { return got == want } }

func socketOption(t *testing.T, conn Conn, get func(fd int) (int, error)) (value int) {
	t.Helper()
	raw, err := conn.(*plain).Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failure error
	if err := raw.Control(func(fd uintptr) { value, failure = get(int(fd)) }); err != nil || failure != nil {
		t.Fatal(err, failure)
	}
	return value
}

// Linger off resets, Linger on with a time waits so long, and otherwise the system decides.
func TestLinger(t *testing.T) {
	ends := make(chan error, 1)
	addr := loopback(t, func(conn net.Conn) {
		_, err := conn.Read(make([]byte, 1))
		ends <- err
	})
	for _, row := range []struct {
		linger bool
		time   int
		onoff  int
		reset  bool
	}{{true, 0, 0, false}, {true, 3, 1, false}, {false, 3, 1, true}} {
		o := toLoopback(addr)
		o.Socket.Linger, o.Socket.LingerTime = row.linger, row.time
		conn := connected(t, o)
		// The structure has two numbers; the option's first is what GetsockoptInt reads.
		if got := socketOption(t, conn, func(fd int) (int, error) { return syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_LINGER) }); got != row.onoff {
			t.Errorf("%+v: SO_LINGER is %d", row, got)
		}
		_ = conn.Close()
		if err := <-ends; isReset(err) != row.reset {
			t.Errorf("%+v: the server read %v", row, err)
		}
	}
}
