package wire

// readBuffer holds what was read and not yet consumed. It is small while little arrives, larger while much does, and
// becomes memory of its own for a packet that does not fit: that grows with what has arrived, not with what a length
// field says.
type readBuffer struct {
	buf        []byte
	begin, end int // what is read and not consumed
	large      int // size of the packet that buf was made for; 0 = the ordinary buffer
	ordinary   []byte
	quiet      int // reads in a row that used little of the buffer
}

const (
	smallBuffer  = 1 << 8
	fullBuffer   = 32 << 10
	largeGrowth  = 16 // a large packet's memory is about so many times what has arrived of it, at most twice as many
	quietToSpare = 64
)

func newReadBuffer() readBuffer { return readBuffer{buf: make([]byte, smallBuffer)} }

// space is where the next read goes.
func (r *readBuffer) space() []byte { return r.buf[r.end:] }

// unconsumed is the beginning of a packet that has not arrived in whole.
func (r *readBuffer) unconsumed() []byte { return r.buf[r.begin:r.end] }

// added is what a read of n bytes has brought.
func (r *readBuffer) added(n int) []byte { return r.buf[r.end : r.end+n] }

// add takes note of a read of n bytes and returns what may be consumed: everything unconsumed, or nothing while a large
// packet is not complete. With owned the memory is the consumer's to keep.
func (r *readBuffer) add(n int) (unconsumed []byte, owned bool) {
	if r.large == 0 {
		r.resize(n)
	}
	r.end += n
	if r.large == 0 {
		return r.buf[r.begin:r.end], false
	}
	if r.end < r.large {
		if r.end == len(r.buf) {
			r.grow()
		}
		return nil, false
	}
	return r.buf[:r.end], true
}

// consume takes note of what was consumed. next is the size of the packet that begins behind it, 0 if not known.
func (r *readBuffer) consume(consumed, next int) {
	if r.large > 0 {
		r.buf, r.ordinary, r.large = r.ordinary, nil, 0
		r.begin, r.end = 0, 0
		return
	}
	r.begin += consumed
	if r.begin == r.end {
		r.begin, r.end = 0, 0
	}
	if next > fullBuffer {
		rest := r.buf[r.begin:r.end]
		r.ordinary, r.large = r.buf, next
		r.buf = make([]byte, r.step(len(rest)))
		r.end = copy(r.buf, rest)
		r.begin = 0
		return
	}
	if free := len(r.buf) - r.end; free == 0 || next > len(r.buf)-r.begin {
		if next > len(r.buf) {
			r.move(fullBuffer)
			return
		}
		r.end = copy(r.buf, r.buf[r.begin:r.end])
		r.begin = 0
	}
}

// grow makes the memory of a large packet larger. Its last step hits the packet's size exactly, so all copying together
// is a fraction of the packet.
func (r *readBuffer) grow() {
	grown := make([]byte, r.step(len(r.buf)))
	copy(grown, r.buf)
	r.buf = grown
}

// step is how much memory a large packet gets when so much of it has arrived. A step that comes near the end goes
// there.
func (r *readBuffer) step(arrived int) int {
	size := max(fullBuffer, largeGrowth*arrived)
	if size > r.large/2 {
		return r.large
	}
	return size
}

// resize follows the traffic: a read that filled the space asks for more, many that used little give it back.
func (r *readBuffer) resize(n int) {
	switch free := len(r.buf) - r.end; {
	case n == free && len(r.buf) < fullBuffer:
		r.moveWith(n, len(r.buf)*4)
	case len(r.buf) > smallBuffer && n < smallBuffer/4 && r.begin == r.end:
		r.quiet++
		if r.quiet > quietToSpare {
			r.quiet = 0
			r.moveWith(n, smallBuffer)
		}
	default:
		r.quiet = 0
	}
}

// moveWith moves to a buffer of another size with the n bytes just read, which end does not cover yet.
func (r *readBuffer) moveWith(n, size int) {
	r.end += n
	r.move(size)
	r.end -= n
}

func (r *readBuffer) move(size int) {
	moved := make([]byte, min(size, fullBuffer))
	r.end = copy(moved, r.buf[r.begin:r.end])
	r.begin = 0
	r.buf = moved
}
