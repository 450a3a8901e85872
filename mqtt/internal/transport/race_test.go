package transport

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// UseIPv6 2: IPv6 has a head start, then both families are tried, and the first connection wins.
func TestRace(t *testing.T) {
	refuse := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	unknown := &net.DNSError{Err: "no such host", Name: "name", IsNotFound: true}
	type end struct {
		after time.Duration
		err   error
	}
	for name, row := range map[string]struct {
		six, four end
		after     time.Duration
		code      int
		winner    string
	}{
		"IPv6 at once":             {end{0, nil}, end{0, nil}, 0, 0, "tcp6"},
		"IPv6 within its start":    {end{200 * time.Millisecond, nil}, end{0, nil}, 200 * time.Millisecond, 0, "tcp6"},
		"IPv6 is slow":             {end{time.Second, nil}, end{100 * time.Millisecond, nil}, headStart + 100*time.Millisecond, 0, "tcp4"},
		"IPv6 is slow, IPv4 too":   {end{time.Second, nil}, end{time.Minute, nil}, time.Second, 0, "tcp6"},
		"IPv6 refuses":             {end{time.Millisecond, refuse}, end{time.Millisecond, nil}, 2 * time.Millisecond, 0, "tcp4"},
		"both refuse":              {end{0, refuse}, end{0, refuse}, 0, 10061, ""},
		"no IPv6, IPv4 refuses":    {end{0, unknown}, end{0, refuse}, 0, 10061, ""},
		"IPv6 refuses, no IPv4":    {end{0, refuse}, end{0, unknown}, 0, 10061, ""},
		"no address at all":        {end{0, unknown}, end{0, unknown}, 0, 11001, ""},
		"nobody answers":           {end{time.Hour, nil}, end{time.Hour, nil}, time.Minute, 201, ""},
		"IPv6 fails after IPv4 is": {end{time.Second, refuse}, end{2 * time.Second, nil}, headStart + 2*time.Second, 0, "tcp4"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				open := map[string]*counted{}
				o := &Options{Target: Target{Host: "name"}, Port: 1, Socket: Socket{IPv6: 2}}
				o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					e := map[string]end{"tcp6": row.six, "tcp4": row.four}[network]
					select {
					case <-time.After(e.after):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					if e.err != nil {
						return nil, e.err
					}
					client, server := net.Pipe()
					_ = server.Close()
					c := &counted{Conn: client}
					mu.Lock()
					defer mu.Unlock()
					open[network] = c
					return c, nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				begin := time.Now()
				conn, err := Dial(ctx, o)
				if time.Since(begin) != row.after {
					t.Errorf("it took %v, want %v", time.Since(begin), row.after)
				}
				if row.code != 0 {
					if err == nil || err.Code != row.code {
						t.Errorf("got %v, want %d", err, row.code)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				for network, c := range open {
					if c.closed != (network != row.winner) {
						t.Errorf("%s: closed %t", network, c.closed)
					}
				}
				_ = conn.Close()
			})
		})
	}
}

type counted struct {
	net.Conn
	closed bool
}

// Both may win at the same moment: one is kept, the other closed.
func TestRaceWithTwoWinners(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var made []*counted
		dial := func(context.Context) (net.Conn, error) {
			time.Sleep(time.Second) // deaf to the context
			client, server := net.Pipe()
			_ = server.Close()
			c := &counted{Conn: client}
			mu.Lock()
			defer mu.Unlock()
			made = append(made, c)
			return c, nil
		}
		conn, err := race(t.Context(), dial, dial)
		if err != nil || len(made) != 2 || made[0].closed == made[1].closed || conn.(*counted).closed {
			t.Errorf("made %v, %v", made, err)
		}
	})
}
