package codepage

// shiftJIS is page 932. The characters of rows ED and EE stand a second time from FA40 on. Both places are read;
// Windows writes the second, the encoding the first.
type shiftJIS struct {
	split
}

func (s shiftJIS) encode(text string) ([]byte, int) {
	b, n := s.split.encode(text)
	for i := 0; i < len(b); i++ {
		lead := b[i]
		if lead <= 0x80 || lead >= 0xA1 && lead <= 0xDF {
			continue
		}
		i++
		if lead == 0xED || lead == 0xEE {
			b[i-1], b[i] = second(lead, b[i])
		}
	}
	return b, n
}

// second returns the place from FA40 on of a character in the rows ED and EE.
func second(lead, trail byte) (byte, byte) {
	const row = 188 // trail bytes 40 to FC without 7F
	at := int(lead-0xED)*row + int(trail-0x40)
	if trail > 0x7F {
		at--
	}
	switch {
	case at < 360: // ideographs, from FA5C on
		at += 28
	case at < 372: // small Roman numerals, EEEF to EEF8, from FA40 on
		at -= 362
	default: // three symbols, EEFA to EEFC, from FA55 on
		at -= 352
	}
	lead, trail = byte(0xFA+at/row), byte(0x40+at%row)
	if trail >= 0x7F {
		trail++
	}
	return lead, trail
}
