//go:build aix || darwin || dragonfly || freebsd || netbsd || openbsd

package errors

import "syscall"

// errnoNamesLocal holds the names that only some Unix systems have.
var errnoNamesLocal = []errnoName{
	{syscall.EPROCLIM, ErrTooManyProcesses},
}
