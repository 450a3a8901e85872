package transport

import (
	"crypto/tls"
	stderrors "errors"
	"io"
	"slices"
	"testing"
)

// Several segments arrive in order, however large they are, with progress in between.
func TestSegmentsOverTLS(t *testing.T) {
	_, o, wait := tlsServer(t, &tls.Config{})
	defer wait()
	conn := connected(t, o)
	defer conn.Close()
	checkSegments(t, conn)
}

// checkSegments writes segments of all sizes to echo.
func checkSegments(t *testing.T, conn Conn) {
	t.Helper()
	var segments [][]byte
	var sent []byte
	for i, size := range []int{1, 0, 100, fullRecord - 1, 5, fullRecord, fullRecord + 1, 3, 600 << 10, 2, 7 * fullRecord, 9} {
		s := make([]byte, size)
		for j := range s {
			s[j] = byte(i + j)
		}
		segments = append(segments, s)
		sent = append(sent, s...)
	}
	copied := slices.Clone(segments)
	steps := 0
	failed := make(chan error, 1)
	go func() { failed <- conn.WriteSegments(segments, func() { steps++ }) }()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !slices.Equal(got, sent) {
		t.Errorf("the segments came back changed: %v", err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if want := len(sent)/stride + 1; steps < want {
		t.Errorf("progress was told %d times, want %d", steps, want)
	}
	for i := range segments {
		if len(segments[i]) != len(copied[i]) {
			t.Error("the segments were changed")
		}
	}
	if err := conn.WriteSegments([][]byte{[]byte("again")}, nil); err != nil {
		t.Error(err)
	}
	if err := conn.WriteSegments(nil, nil); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, got[:5]); err != nil || string(got[:5]) != "again" {
		t.Errorf("read %q, %v", got[:5], err)
	}
}

func TestSegmentsOverTCP(t *testing.T) {
	conn := connected(t, toLoopback(loopback(t, echo)))
	defer conn.Close()
	checkSegments(t, conn)
	if err := (&plain{Conn: &counted{Conn: conn}}).CloseWrite(); !stderrors.Is(err, errNoHalves) {
		t.Errorf("CloseWrite of a connection without halves: %v", err)
	}
}
