package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A Size record says how many bytes of its file have been synced, so that a file which somebody or something has cut
// off behind a complete record is not taken for a whole one. It stands behind the headers of every file that rewrite
// makes. Its body is overwritten after each sync, with the next one to become durable: after a loss of power it may
// tell of an earlier size, never of one that the disk did not have. A body that was torn tells nothing.

const sizeBody = 8 // bytes of the body of a Size

// appendSize appends a Size.
func appendSize(dst []byte, salt uint32, size int64) []byte {
	dst = appendHead(dst, salt, head{kind: kindSize, length: sizeBody})
	return appendSizeBody(dst, salt, size)
}

func appendSizeBody(dst []byte, salt uint32, size int64) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(size))
	return binary.LittleEndian.AppendUint32(dst, crc32.Update(bodySeed(salt, 0), castagnoli, dst[start:]))
}

// noteSize overwrites the body of the Size, if the file has one. A failure costs nothing but what it would have told.
func (s *store) noteSize(size int64) {
	if s.sizeAt > 0 {
		s.sizeBuf = appendSizeBody(s.sizeBuf[:0], s.header.salt, size)
		_, _ = s.file.WriteAt(s.sizeBuf, s.sizeAt+headSize)
	}
}

// size takes a Size record at offset, without a body when that is damaged.
func (r *replay) size(offset int64, h head, body []byte) {
	r.index.garbage += h.size()
	r.sizeAt = offset
	if len(body) == sizeBody {
		r.synced = int64(binary.LittleEndian.Uint64(body))
	}
}

// missing reports that the file is shorter than it was when it was synced last.
func (r *replay) missing(end int64) {
	if end < r.synced {
		r.broken = true
		r.damage = append(r.damage, fmt.Sprintf("The file ends at offset %d and went to %d: what the last %d bytes "+
			"held is lost.", end, r.synced, r.synced-end))
	}
}
