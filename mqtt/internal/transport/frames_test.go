package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// frame is one frame of a server.
func frame(first byte, payload string) string {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return string(b) + payload
}

const (
	final, binaryFrame, textFrame, more            = 0x80, 0x82, 0x81, 0x02
	continuation, closeFrame, pingFrame, pongFrame = 0x00, 0x88, 0x89, 0x8A
)

func closing(code int, text string) string {
	return frame(closeFrame, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+text)
}

// What frames of RFC 6455 make of the stream of bytes.
func TestFrames(t *testing.T) {
	long := strings.Repeat("0123456789", 20000)
	for name, row := range map[string]struct {
		sent, read string
		code       int // of the end, 0 = io.EOF
		text       string
	}{
		"RFC6455-5.2 short":                                 {frame(binaryFrame, "abc") + closing(1000, ""), "abc", 0, ""},
		"RFC6455-5.2 two bytes of length":                   {frame(binaryFrame, long[:300]) + closing(1000, ""), long[:300], 0, ""},
		"RFC6455-5.2 eight bytes of length":                 {frame(binaryFrame, long) + closing(1001, "going"), long, 0, ""},
		"RFC6455-5.2 empty":                                 {frame(binaryFrame, "") + frame(binaryFrame, "a") + closing(1000, ""), "a", 0, ""},
		"MQTT5-6.0.0-2 MQTT311-6.0.0-2 packets over frames": {frame(binaryFrame, "ab") + frame(binaryFrame, "cde") + closing(1000, ""), "abcde", 0, ""},
		"RFC6455-5.4 fragments":                             {frame(more, "ab") + frame(continuation, "") + frame(continuation, "c") + frame(final, "d") + closing(1000, ""), "abcd", 0, ""},
		"RFC6455-5.4 control frames in between":             {frame(more, "ab") + frame(pingFrame, "x") + frame(pongFrame, "") + frame(final, "c") + closing(1000, ""), "abc", 0, ""},
		"RFC6455-5.5.1 close without code":                  {frame(binaryFrame, "a") + frame(closeFrame, ""), "a", 0, ""},
		"RFC6455-7.4.1 close 1002":                          {closing(1002, "bad frame"), "", 4003, `code 1002 and the reason "bad frame"`},
		"RFC6455-7.4.1 close 1009":                          {closing(1009, ""), "", 4003, "1009"},
		"RFC6455-7.4.1 close 4000":                          {closing(4000, "ours"), "", 4003, "4000"},
		"RFC6455-7.4.1 close 1005 is not sent":              {closing(1005, ""), "", 4003, "bad close code 1005"},
		"RFC6455-7.4.1 close 999":                           {closing(999, ""), "", 4003, "bad close code"},
		"RFC6455-5.5.1 close with half a code":              {frame(closeFrame, "\x03"), "", 0, ""},
		"RFC6455-5.5.1 reason is not UTF-8":                 {closing(1000, "\xff"), "", 4003, "utf8"},
		"MQTT5-6.0.0-1 MQTT311-6.0.0-1 text":                {frame(binaryFrame, "a") + frame(textFrame, "b"), "a", 4003, "text frame"},
		"RFC6455-5.1 masked":                                {"\x82\x81\x01\x02\x03\x04a", "", 4003, "MASK"},
		"RFC6455-5.2 reserved bits":                         {frame(binaryFrame|0x40, "a"), "", 4003, "RSV1"},
		"RFC6455-5.2 unknown kind":                          {frame(0x83, "a"), "", 4003, "opcode"},
		"RFC6455-5.2 length with the highest bit":           {"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00a", "", 4003, "limit"},
		"RFC6455-5.4 continuation of nothing":               {frame(final, "a"), "", 4003, "continuation"},
		"RFC6455-5.4 new message within another":            {frame(more, "a") + frame(binaryFrame, "b"), "a", 4003, "FIN"},
		"RFC6455-5.5 control frame too long":                {frame(pingFrame, long[:126]), "", 4003, "125"},
		"RFC6455-5.5 control frame in fragments":            {frame(0x09, "a"), "", 4003, "FIN"},
		"the connection ends between frames":                {frame(binaryFrame, "a"), "a", 0, ""},
		"the connection ends in a frame":                    {frame(binaryFrame, "abc")[:3], "a", 0, ""},
		"the connection ends in a header":                   {"\x82", "", 0, ""},
		"RFC6455-5.5.1 nothing counts after a close":        {closing(1000, "") + frame(binaryFrame, "late"), "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, wait := options("ws://"+serverName, upgraded(t, row.sent, nil))
			defer wait()
			conn := connected(t, o)
			defer conn.Close()
			got, err := io.ReadAll(conn)
			if string(got) != row.read {
				t.Errorf("read %.60q, want %.60q", got, row.read)
			}
			if code := errors.Code(err); code != row.code {
				t.Errorf("the end is %v, want %d", err, row.code)
			}
			if err != nil && !strings.Contains(err.Error(), row.text) {
				t.Errorf("%v does not say %q", err, row.text)
			}
			for range 2000 { // gorilla panics when its errors are ignored
				if _, again := conn.Read(make([]byte, 1)); again == nil || err != nil && again != err {
					t.Fatalf("then: %v", again)
				}
			}
		})
	}
}

// Messages that have arrived are read together; one that has not is not waited for.
func TestReadTakesWhatIsThere(t *testing.T) {
	whole := frame(binaryFrame, "one ") + frame(pingFrame, "") + frame(more, "t") + frame(final, "wo ") + frame(binaryFrame, "") + frame(binaryFrame, strings.Repeat("3", 200))
	o, wait := options("ws://"+serverName, upgraded(t, whole+frame(binaryFrame, "unfinished")[:5], make(chan []byte, 1)))
	conn := connected(t, o)
	b := make([]byte, 1000)
	var got []string
	for _, size := range []int{2, 1000, 1000} {
		n, err := conn.Read(b[:size])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b[:n]))
	}
	if want := []string{"on", "e two " + strings.Repeat("3", 200), "unf"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if n, err := conn.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d, %v", n, err)
	}
	_ = conn.Close()
	wait()
}

// Each of our frames is masked and binary, one for each flush, however many segments; pings are answered.
func TestWrittenFrames(t *testing.T) {
	got := make(chan []byte, 1)
	o, wait := options("ws://"+serverName, upgraded(t, frame(pingFrame, "are you there")+frame(binaryFrame, "a"), got))
	conn := connected(t, o)
	if _, err := conn.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	segments := [][]byte{[]byte("one "), bytes.Repeat([]byte("x"), 50000), []byte(" three")}
	if err := conn.WriteSegments(segments, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("single")); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	socket := conn.(*webSocket).below.Conn
	if o, is := socket.(*outlet); is {
		socket = o.Conn
	}
	_ = closeWrite(socket)
	frames := <-got
	_ = conn.Close()
	wait()
	var seen []string
	for len(frames) > 0 {
		kind, payload, rest := readFrame(t, frames)
		seen, frames = append(seen, fmt.Sprintf("%02x %.20s %d", kind, payload, len(payload))), rest
	}
	want := []string{"8a are you there 13", "82 one xxxxxxxxxxxxxxxx 50010", "82 single 6", "88 \x03\xe8 2"}
	if !slices.Equal(seen, want) {
		t.Errorf("frames %q, want %q", seen, want)
	}
}

// readFrame takes one masked frame apart.
func readFrame(t *testing.T, b []byte) (kind byte, payload, rest []byte) {
	t.Helper()
	kind, n := b[0], int(b[1]&0x7f)
	if b[1]&0x80 == 0 {
		t.Fatal("a frame is not masked")
	}
	b = b[2:]
	switch n {
	case 126:
		n, b = int(binary.BigEndian.Uint16(b)), b[2:]
	case 127:
		n, b = int(binary.BigEndian.Uint64(b)), b[8:]
	}
	key := b[:4]
	payload = slices.Clone(b[4 : 4+n])
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return kind, payload, b[4+n:]
}

// Any bytes after the upgrade end in bytes, an end or a numbered error.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(more, "ab") + frame(pingFrame, "x") + frame(final, "c") + closing(1000, "")))
	f.Add([]byte(frame(textFrame, "x")))
	f.Add([]byte("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffabc"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		o, wait := options("ws://"+serverName, upgraded(t, string(sent), nil))
		defer wait()
		conn := connected(t, o)
		defer conn.Close()
		got, err := io.ReadAll(conn)
		if len(got) > len(sent) {
			t.Errorf("%d bytes became %d", len(sent), len(got))
		}
		if err != nil && errors.FromOS(err).Code == 10053 {
			t.Errorf("no number for %v", err)
		}
	})
}
