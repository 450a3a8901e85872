package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// reader reads the records of a file and hands them to a replay. After a damaged record it goes on with the next sound
// one: directly behind it if its head is sound, since the head has the length, otherwise at the next sound head. The
// content of a message cannot be mistaken for a record, since its checksum depends on the salt of the file.
type reader struct {
	source
	salt   uint32
	replay *replay
}

// read reads the records from offset on. It returns where the file has to be cut off, which is its end unless the last
// call that wrote to it never returned.
func (r *reader) read(offset int64) (end int64, err error) {
	for offset < r.size {
		b, err := r.view(offset, headSize)
		if err != nil {
			return 0, err
		}
		h, ok := parseHead(b, r.salt)
		if !ok {
			next, err := r.next(offset + 1)
			if err != nil {
				return 0, err
			}
			if next == r.size {
				torn, err := r.torn(offset)
				if err != nil {
					return 0, err
				}
				if torn {
					r.replay.torn(offset)
					return offset, nil
				}
			}
			r.replay.damagedRegion(offset, next)
			offset = next
			continue
		}
		if offset+h.size() > r.size {
			r.replay.torn(offset)
			return offset, nil
		}
		if err := r.record(offset, h); err != nil {
			return 0, err
		}
		offset += h.size()
	}
	return offset, nil
}

// record reads the body behind a sound head.
func (r *reader) record(offset int64, h head) error {
	if h.length == 0 {
		r.replay.record(offset, h, nil)
		return nil
	}
	b, err := r.keep(offset+headSize, h.length+bodyCRCSize)
	if err != nil {
		return err
	}
	body := b[:h.length:h.length]
	if crc32.Update(bodySeed(r.salt, h.key), castagnoli, body) != binary.LittleEndian.Uint32(b[h.length:]) {
		if h.kind == kindSize {
			r.replay.record(offset, h, nil) // as a loss of power may leave it
			return nil
		}
		r.replay.damagedRecord(offset, h)
		return nil
	}
	r.replay.record(offset, h, body)
	return nil
}

// next finds the next sound head at offset or behind it, or the end of the file.
func (r *reader) next(offset int64) (int64, error) {
	for offset < r.size {
		b, err := r.rest(offset, headSize)
		if err != nil {
			return 0, err
		}
		for at := 0; ; at++ {
			skip := bytes.IndexByte(b[at:], sync0)
			if skip < 0 {
				offset += int64(len(b))
				break
			}
			at += skip
			if at > len(b)-headSize { // it may go on in the next window
				offset += int64(at)
				if int64(len(b)-at) == r.size-offset {
					return r.size, nil
				}
				break
			}
			if _, ok := parseHead(b[at:], r.salt); ok {
				return offset + int64(at), nil
			}
		}
	}
	return r.size, nil
}

// torn reports whether what is behind offset can be the beginning of a record, or what file systems leave of one after
// a loss of power: less than a head, or zeros.
func (r *reader) torn(offset int64) (bool, error) {
	if r.size-offset < headSize {
		return true, nil
	}
	for offset < r.size {
		b, err := r.rest(offset, 1)
		if err != nil {
			return false, err
		}
		if len(bytes.Trim(b, "\x00")) > 0 {
			return false, nil
		}
		offset += int64(len(b))
	}
	return true, nil
}

func (r *replay) torn(offset int64) {
	if offset < r.synced {
		return // it had been complete; missing tells it
	}
	r.damage = append(r.damage, fmt.Sprintf("The last record, at offset %d, is incomplete: the call that wrote it "+
		"had not returned.", offset))
}

func (r *replay) damagedRegion(from, to int64) {
	r.broken = true
	r.damage = append(r.damage, fmt.Sprintf("The %d bytes from offset %d on are damaged: what they held is lost.",
		to-from, from))
}

func (r *replay) damagedRecord(offset int64, h head) {
	r.broken, r.lastKey = true, max(r.lastKey, h.key)
	lost := "the message that it held is lost"
	if h.kind != kindAdd {
		lost = "what it held is lost"
	}
	r.damage = append(r.damage, fmt.Sprintf("The record at offset %d is damaged: %s.", offset, lost))
}
