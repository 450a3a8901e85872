package transport

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/iotcomponents/iot/errors"
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

// TestSilentAddress: a silent address of a name does not use up the time of the others (RFC 8305, section 5), in each family.
func TestSilentAddress(t *testing.T) {
	names := map[string][]string{
		"four.example.": {"192.0.2.1", "192.0.2.2", "192.0.2.3"}, "six.example.": {"2001:db8::1", "2001:db8::2", "2001:db8::3"},
		"both.example.": {"2001:db8::1", "2001:db8::2", "192.0.2.3"},
	}
	for _, row := range []struct {
		host, winner string
		ipv6         int
		after        time.Duration
	}{
		{"four.example", "192.0.2.1", 0, 0},
		{"four.example", "192.0.2.3", 0, 2 * headStart},
		{"six.example", "2001:db8::2", 1, headStart},
		{"six.example", "2001:db8::3", 2, 2 * headStart},
		{"both.example", "2001:db8::2", 2, headStart},
		{"both.example", "192.0.2.3", 2, headStart},
		{"both.example", "none", 2, time.Minute},
	} {
		bubble.Test(t, func(t *testing.T) {
			o := &Options{Target: Target{Host: row.host}, Port: 1, Socket: Socket{IPv6: row.ipv6}, Resolver: resolver(names)}
			var won string
			o.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
				if host, _, _ := net.SplitHostPort(address); host != row.winner {
					<-ctx.Done()
					return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP(host), Port: 1}, Err: ctx.Err()}
				}
				won = address
				client, server := net.Pipe()
				_ = server.Close()
				return client, nil
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			begin := time.Now()
			conn, err := Dial(ctx, o)
			if took := time.Since(begin); took != row.after {
				t.Errorf("%s: it took %v, want %v", row.host, took, row.after)
			}
			if row.winner == "none" {
				for _, a := range names[row.host+"."] {
					if err == nil || err.Code != 201 || !strings.Contains(err.Description, a) {
						t.Errorf("%v does not name %s", err, a)
					}
				}
				return
			}
			if err != nil || !strings.Contains(won, row.winner) {
				t.Fatalf("%s: %v, won %q", row.host, err, won)
			}
			_ = conn.Close()
		})
	}
}

// TestMostTellingError: of all that was tried the error that tells most about the server gives the number, and the text has
// every address with its cause.
func TestMostTellingError(t *testing.T) {
	names := map[string][]string{
		"several.example.": {"192.0.2.1", "192.0.2.2", "192.0.2.3"}, "both.example.": {"2001:db8::1", "192.0.2.1"}, "four.example.": {"192.0.2.2"}, "six.example.": {"2001:db8::1"},
	}
	causes := map[string]error{
		"192.0.2.1": syscall.EHOSTUNREACH, "192.0.2.2": syscall.ECONNREFUSED, "192.0.2.3": syscall.ETIMEDOUT, "2001:db8::1": syscall.ENETUNREACH,
	}
	for _, row := range []struct {
		host  string
		ipv6  int
		code  int
		texts []string
	}{
		{"several.example", 0, 10061, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", syscall.EHOSTUNREACH.Error(), syscall.ETIMEDOUT.Error()}},
		{"both.example", 2, 10051, []string{"2001:db8::1", "192.0.2.1", syscall.EHOSTUNREACH.Error()}},
		{"both.example", 0, 10065, []string{"192.0.2.1"}},
		{"four.example", 2, 10061, []string{"192.0.2.2", "no such host"}}, // the name has no IPv6 address
		{"six.example", 0, 11001, []string{"six.example has IPv6 addresses alone, such as 2001:db8::1", "UseIPv6 0"}},
		{"four.example", 1, 11001, []string{"four.example has IPv4 addresses alone", "UseIPv6 1"}},
		{"nobody.example", 0, 11001, []string{"nobody.example"}},
	} {
		o := &Options{Target: Target{Host: row.host}, Port: 1, Socket: Socket{IPv6: row.ipv6}, Resolver: resolver(names)}
		o.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(address)
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP(host), Port: 1}, Err: os.NewSyscallError("connect", causes[host])}
		}
		if err := refused(t, o, row.code, row.texts...); err != nil && strings.Count(err.Error(), "[") != 1+strings.Count(err.Error(), "[2001") {
			t.Errorf("a number is told twice: %v", err)
		}
	}
	// A name of the file hosts has no address of the other family in another way than one of DNS.
	noIPv6 := &net.AddrError{Err: "no suitable address", Addr: "name"}
	refusal := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for _, failures := range [][]error{{noIPv6, refusal}, {refusal, noIPv6}} {
		if err := numbered(together(failures)); errors.Code(err) != 10061 || !strings.Contains(err.Error(), "no suitable address") {
			t.Error(err)
		}
	}
}
