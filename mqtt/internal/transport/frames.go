package transport

import "encoding/binary"

// frames follows the frames that the server sends, to know how many messages have arrived completely: those can be read
// without waiting, which gorilla does not tell. Whether the frames are correct is gorilla's to find out.
type frames struct {
	complete int  // messages
	control  int  // control frames
	open     bool // a frame of a message has ended, and it is not the last one
	header   [10]byte
	have     int    // bytes of the header
	skip     uint64 // what is left of the payload
}

// pass looks at bytes that go by.
func (f *frames) pass(b []byte) {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, uint64(len(b)))
			f.skip, b = f.skip-n, b[n:]
			if f.skip == 0 {
				f.ended()
			}
			continue
		}
		f.header[f.have], b = b[0], b[1:]
		f.have++
		if f.have < 2 || f.have < f.headerSize() {
			continue
		}
		f.have = 0
		if f.skip = f.length(); f.skip == 0 {
			f.ended()
		}
	}
}

// headerSize is that of a frame without a mask; those of a server have none (RFC 6455, 5.1).
func (f *frames) headerSize() int {
	switch f.header[1] & 0x7F {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

func (f *frames) length() uint64 {
	switch short := f.header[1] & 0x7F; short {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(short)
	}
}

// fits reports whether the rest of the frame, as far as it is known, has no more than room bytes.
func (f *frames) fits(room int) bool { return room > 0 && f.skip <= uint64(room) }

// ended counts the last frame of a message, and control frames.
func (f *frames) ended() {
	const last, control = 0x80, 0x08
	if f.header[0]&control != 0 {
		f.control++
		return
	}
	if f.open = f.header[0]&last == 0; !f.open {
		f.complete++
	}
}
