package transport

import (
	stderrors "errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// limitedTo dials a server that reads everything, with a limit in bytes per second.
func limitedTo(t *testing.T, rate int) Conn {
	o := inBubble("tcp://"+serverName, ignore)
	o.Socket.MaxTransferRate = rate
	conn, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// As many bytes leave in a second as the setting says, however they are written.
func TestMaxTransferRate(t *testing.T) {
	for _, rate := range []int{1, 7, 1000, 1 << 20} {
		for _, piece := range []int{1, 100, 10_000} {
			bubble.Test(t, func(t *testing.T) {
				conn := limitedTo(t, rate)
				begin, written := time.Now(), 0
				for written < 5*rate {
					n, err := conn.Write(make([]byte, max(piece, rate/100)))
					if err != nil {
						t.Fatal(err)
					}
					written += n
				}
				took, fair := time.Since(begin), time.Duration(float64(written)/float64(rate)*float64(time.Second))
				if took > fair || took < fair-max(bucketTime, time.Second/time.Duration(rate)) {
					t.Errorf("%d bytes per second, pieces of %d: %d took %v, want about %v", rate, piece, written, took, fair)
				}
				_ = conn.Close()
			})
		}
	}
}

// After a silence a short packet leaves at once.
func TestRateAfterSilence(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		conn := limitedTo(t, 100)
		_, _ = conn.Write(make([]byte, 500))
		time.Sleep(time.Second)
		begin := time.Now()
		if _, err := conn.Write([]byte{0xC0, 0}); err != nil || time.Since(begin) != 0 {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		_ = conn.Close()
	})
}

// What is held back ends with the deadline, also one that is set later, and with the connection.
func TestEndOfHeldBackWrite(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(Conn)
		want error
	}{
		"deadline": {func(c Conn) { _ = c.SetWriteDeadline(time.Now().Add(time.Second)) }, os.ErrDeadlineExceeded},
		"past":     {func(c Conn) { _ = c.SetDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"close":    {func(c Conn) { _ = c.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				conn := limitedTo(t, 10)
				ended := make(chan error, 1)
				written := 0
				go func() {
					n, err := conn.Write(make([]byte, 1000))
					written = n
					ended <- err
				}()
				time.Sleep(3 * time.Second)
				row.end(conn)
				begin := time.Now()
				err := <-ended
				if !stderrors.Is(err, row.want) || time.Since(begin) > time.Second || written < 29 || written > 42 {
					t.Errorf("after %v and %d bytes: %v", time.Since(begin), written, err)
				}
				_ = conn.Close()
			})
		})
	}
}

// Below TLS the limit counts the records, and ends do not change.
func TestRateBelowTLS(t *testing.T) {
	o, wait := options("tcp://"+serverName, echo)
	defer wait()
	o.Socket.MaxTransferRate = 10 << 20
	conn := connected(t, o)
	defer conn.Close()
	if NewDirect(conn) != nil {
		t.Error("the limit can be written past")
	}
	checkSegments(t, conn)
	if err := conn.CloseWrite(); err != nil {
		t.Error(err)
	}
}
