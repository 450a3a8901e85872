//go:build aix || darwin || dragonfly || freebsd || netbsd || openbsd

package errors_test

import (
	"syscall"
	"testing"
)

func TestFromOSErrnoLocal(t *testing.T) {
	wantErrno(t, syscall.EPROCLIM, 10067)
}
