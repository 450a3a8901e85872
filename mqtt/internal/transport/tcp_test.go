package transport

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

func isReset(err error) bool { return errors.FromOS(err) != nil && errors.FromOS(err).Code == 10054 }

var hosts = map[string][]string{
	"four.example.":        {"127.0.0.1"},
	"six.example.":         {"::1"},
	"both.example.":        {"127.0.0.1", "::1"},
	"unspecified.example.": {"0.0.0.0"},
	"several.example.":     {"127.0.0.2", "127.0.0.1"},
	"empty.example.":       {},
}

// A name is looked up, told, and its addresses are tried one after the other.
func TestNames(t *testing.T) {
	addr := loopback(t, echo)
	for _, row := range []struct {
		host string
		ipv6 int
		code int // 0 = connected
	}{
		{"four.example", 0, 0},
		{"four.example", 2, 0},
		{"four.example", 1, 11001},
		{"both.example", 0, 0},
		{"both.example", 2, 0}, // [::1] refuses
		{"several.example", 0, 0},
		{"*four.example", 0, 0},
		{"six.example", 0, 11001},
		{"unspecified.example", 0, 102},
		{"nobody.example", 0, 11001},
		{"nobody.example", 2, 11001},
		{"empty.example", 0, 11001},
		{"broken.example", 0, 11002},
		{"0.0.0.0", 0, 102},
		{"::", 2, 102},
	} {
		t.Run(fmt.Sprintf("%s %d", row.host, row.ipv6), func(t *testing.T) {
			o := toLoopback(addr)
			o.Target.Host, o.Resolver, o.Socket.IPv6 = row.host, resolver(hosts), row.ipv6
			var found []netip.Addr
			var tried []string
			var stage *errors.Error
			o.Trace.Resolved = func(host string, addresses []netip.Addr) {
				if host != strings.TrimPrefix(row.host, "*") {
					t.Errorf("resolved %s", host)
				}
				found = append(found, addresses...)
			}
			o.Trace.Tried = func(address string, err error) { tried = append(tried, fmt.Sprint(address, " ", err == nil)) }
			o.Trace.Stage = func(s Stage, err *errors.Error) { stage = err }
			if row.code != 0 {
				if err := refused(t, o, row.code); err != stage {
					t.Errorf("the stage ended with %v", stage)
				}
				return
			}
			conn := connected(t, o)
			exchange(t, conn)
			_ = conn.Close()
			if !slices.Contains(found, netip.MustParseAddr("127.0.0.1")) || !slices.Contains(tried, addr.String()+" true") || stage != nil {
				t.Errorf("resolved %v, tried %v, stage %v", found, tried, stage)
			}
		})
	}
}

func (c *counted) Close() error {
	c.closed = true
	return c.Conn.Close()
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		echo(conn)
		_ = conn.Close()
	}()
	target, err := Parse("unix://" + filepath.ToSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	conn := connected(t, &Options{Target: target, Port: target.DefaultPort(), TLS: DefaultTLS()})
	exchange(t, conn)
	checkSegments(t, conn)
	if d := NewDirect(conn); d != nil {
		if !d.TryWrite([][]byte{[]byte("dir"), []byte("ect")}) {
			t.Error("TryWrite did not write")
		}
		if _, err := io.ReadFull(conn, make([]byte, 6)); err != nil {
			t.Error(err)
		}
	}
	if err := conn.CloseWrite(); err != nil {
		t.Error(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after CloseWrite: %v", err)
	}
	_ = conn.Close()
	_ = listener.Close()
	<-done
	refused(t, &Options{Target: target, TLS: DefaultTLS()}, 302)
}
