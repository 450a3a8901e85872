package packet

// MaxVariableByteInteger is the largest Variable Byte Integer, which holds 7 bits per byte, the low group first, in 1
// to 4 bytes.
const MaxVariableByteInteger = 268_435_455

// varintSize is the number of bytes n takes.
func varintSize(n int) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14:
		return 2
	case n < 1<<21:
		return 3
	}
	return 4
}

// appendVarint appends n, which is at most MaxVariableByteInteger, in its shortest form [MQTT5-1.5.5-1].
func appendVarint(dst []byte, n int) []byte {
	for n >= 1<<7 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}

// Results of readVarint in place of a size.
const (
	varintCut = 0  // b ends before the integer does
	varintBad = -1 // four bytes do not end it, or fewer would have been enough
)

// readVarint reads the integer at the start of b and tells how many bytes it takes.
func readVarint(b []byte) (value, size int) {
	value, size = readGroups(b)
	// [MQTT5-1.5.5-1] a last group of 0 adds nothing: the shortest form has none.
	if size > 1 && b[size-1] == 0 {
		return 0, varintBad
	}
	return value, size
}

// readGroups is readVarint for an integer that may be in more bytes than needed.
func readGroups(b []byte) (value, size int) {
	for i := range 4 {
		if i == len(b) {
			return 0, varintCut
		}
		c := b[i]
		value |= int(c&0x7F) << (7 * i)
		if c < 0x80 {
			return value, i + 1
		}
	}
	return 0, varintBad // a fourth byte that goes on (U311-06)
}
