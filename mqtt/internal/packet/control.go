package packet

import (
	"encoding/binary"
	"fmt"
)

// CheckNoControl refuses the characters that both versions allow and that a text should not have: the control
// characters U+0001 to U+001F and U+007F to U+009F, and the non-characters of Unicode (1.5.4, 1.5.3). A receiver may
// end the connection because of one, and servers do. The error is to be put behind the name of the field.
func CheckNoControl(s string) error {
	if isPrintableASCII([]byte(s)) {
		return nil
	}
	for _, r := range s {
		switch {
		case r < 0x20, r >= 0x7F && r <= 0x9F:
			return fmt.Errorf("contains the control character %U", r)
		case r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
			return fmt.Errorf("contains %U, which is no character", r)
		}
	}
	return nil
}

// isPrintableASCII takes eight bytes at a time, as isPlain does. A byte below 20 has the top bit set when 20 is
// subtracted, and 7F when 1 is added.
func isPrintableASCII(b []byte) bool {
	const each20 = 0x20 * each01
	odd := func(w uint64) uint64 { return (w-each20)&^w | (w + each01) | w }
	if len(b) < 8 {
		for _, c := range b {
			if c-0x20 >= 0x7F-0x20 {
				return false
			}
		}
		return true
	}
	var all uint64
	for i := 0; i < len(b)-8; i += 8 {
		all |= odd(binary.LittleEndian.Uint64(b[i:]))
	}
	return (all|odd(binary.LittleEndian.Uint64(b[len(b)-8:])))&each80 == 0
}
