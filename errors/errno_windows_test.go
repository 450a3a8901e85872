package errors_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// TestFromOSWindows: numbers of Windows sockets pass unchanged.
func TestFromOSWindows(t *testing.T) {
	for row := range errors.All() {
		if row.Code >= 10004 && row.Code <= 11004 {
			wantErrno(t, syscall.Errno(row.Code), row.Code)
		}
	}
	wantErrno(t, syscall.WSAECONNRESET, 10054)
	wantErrno(t, syscall.ERROR_ACCESS_DENIED, 10013)
	wantErrno(t, syscall.ERROR_NETNAME_DELETED, 10054)
	wantErrno(t, syscall.ERROR_BROKEN_PIPE, 10053)
	wantErrno(t, 10003, 10053)
	wantErrno(t, 11005, 10053)
}

// TestFromOSWindowsUndocumented: WSAEDISCON has no row in the table and keeps
// its number all the same, with the text of the system.
func TestFromOSWindowsUndocumented(t *testing.T) {
	err := errors.FromOS(syscall.Errno(10101))
	if err.Code != 10101 || !strings.HasPrefix(err.Error(), "[10101] ") {
		t.Errorf("FromOS = %v, want number 10101", err)
	}
}
