package transport

import (
	"net"
	"os"
	"sync"
	"time"
)

// limited holds back what is written, so that no more than a number of bytes leaves in a second: a bucket that fills
// with time, from which each piece takes what it needs. After a silence it is full, so that a keep-alive packet never
// waits.
type limited struct {
	net.Conn
	rate int // bytes per second
	room int // the bucket, in bytes; no piece is larger

	mu       sync.Mutex
	level    float64
	at       time.Time // when level was right
	deadline time.Time // of writing
	closed   bool
	changed  chan struct{} // closed when deadline or closed change
}

// bucketTime is how much of a second's bytes may leave at once.
const bucketTime = 100 * time.Millisecond

func newLimited(conn net.Conn, rate int) *limited {
	room := max(1, int(int64(rate)*int64(bucketTime)/int64(time.Second)))
	return &limited{
		Conn: conn, rate: rate, room: room, level: float64(room), at: time.Now(),
		changed: make(chan struct{}),
	}
}

func (c *limited) Write(b []byte) (int, error) {
	written := 0
	for {
		piece := b[written:min(len(b), written+c.room)]
		if err := c.await(len(piece)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(piece)
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// await waits until n bytes are in the bucket and takes them.
func (c *limited) await(n int) error {
	for {
		wait, changed, err := c.take(n)
		if err != nil || wait == 0 {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		}
		timer.Stop()
	}
}

// take takes n bytes from the bucket, or returns how long it takes until they are there or the deadline is over.
func (c *limited) take(n int) (time.Duration, <-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case c.closed:
		return 0, nil, net.ErrClosed
	case !c.deadline.IsZero() && !now.Before(c.deadline):
		return 0, nil, os.ErrDeadlineExceeded
	}
	c.level = min(float64(c.room), c.level+now.Sub(c.at).Seconds()*float64(c.rate))
	c.at = now
	if missing := float64(n) - c.level; missing > 0 {
		wait := max(time.Microsecond, time.Duration(missing/float64(c.rate)*float64(time.Second)))
		if !c.deadline.IsZero() {
			wait = min(wait, c.deadline.Sub(now))
		}
		return wait, c.changed, nil
	}
	c.level -= float64(n)
	return 0, nil, nil
}

func (c *limited) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *limited) SetWriteDeadline(t time.Time) error {
	c.change(func() { c.deadline = t })
	return c.Conn.SetWriteDeadline(t)
}

func (c *limited) SetDeadline(t time.Time) error {
	c.change(func() { c.deadline = t })
	return c.Conn.SetDeadline(t)
}

func (c *limited) Close() error {
	c.change(func() { c.closed = true })
	return c.Conn.Close()
}

func (c *limited) CloseWrite() error { return closeWrite(c.Conn) }
