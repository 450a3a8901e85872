package journal

import (
	"math"
	"runtime"
	"testing"
)

// A record whose head is sound and announces 2 GB is damage like any other: no memory is taken for what the file does not
// have.
func TestAnnouncedLength(t *testing.T) {
	h := header{formatVersion, testSalt, "id"}
	for _, length := range []uint32{1 << 20, math.MaxInt32 - headSize - bodyCRCSize, math.MaxInt32, math.MaxUint32} {
		b := appendHeader(appendHeader(nil, h), h)
		b = appendHead(b, testSalt, head{kind: kindAdd, length: int(length), key: 1})
		b = append(b, "too little"...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, found, err := readBytes(t, b)
		runtime.ReadMemStats(&after)
		if err != nil || len(found.Session.Outgoing) != 0 {
			t.Errorf("%d: %v, %+v", length, err, found)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 4*window {
			t.Errorf("%d bytes were allocated for a length of %d", used, length)
		}
	}
}
