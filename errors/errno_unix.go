//go:build unix

package errors

import (
	stderrors "errors"
	"syscall"
)

// errnoCode returns the number for the operating system error in err, and
// whether there is one that belongs to the TCP/IP group.
func errnoCode(err error) (int, bool) {
	errno, ok := stderrors.AsType[syscall.Errno](err)
	if !ok {
		return 0, false
	}
	if code, ok := lookUpErrno(errnoNames, errno); ok {
		return code, true
	}
	return lookUpErrno(errnoNamesLocal, errno)
}
