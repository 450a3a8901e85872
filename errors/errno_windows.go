package errors

import (
	stderrors "errors"
	"syscall"
)

// Windows sockets number their errors from 10004 to 11004. The TCP/IP group
// uses the same numbers.
const (
	firstSocketErrno = syscall.Errno(ErrSystemCallInterrupted)
	lastSocketErrno  = syscall.Errno(ErrNoAddress)
)

// errnoNamesLocal holds errors of the Windows file and pipe functions that
// reach a program through sockets and files too.
var errnoNamesLocal = []errnoName{
	{syscall.ERROR_ACCESS_DENIED, ErrAccessDenied},
	{syscall.ERROR_NETNAME_DELETED, ErrConnectionReset},
	{syscall.ERROR_BROKEN_PIPE, ErrConnectionAborted},
}

// errnoCode returns the number for the operating system error in err, and
// whether there is one that belongs to the TCP/IP group. A number of Windows
// sockets is taken as it is. The table of names serves the values that the
// syscall package invents for POSIX names, such as syscall.ECONNREFUSED.
func errnoCode(err error) (int, bool) {
	errno, ok := stderrors.AsType[syscall.Errno](err)
	if !ok {
		return 0, false
	}
	if errno >= firstSocketErrno && errno <= lastSocketErrno {
		return int(errno), true
	}
	if code, ok := lookUpErrno(errnoNames, errno); ok {
		return code, true
	}
	return lookUpErrno(errnoNamesLocal, errno)
}
