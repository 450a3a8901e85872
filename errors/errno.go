//go:build unix || windows

package errors

import "syscall"

// errnoName is one row of a translation from a POSIX name to a number.
type errnoName struct {
	errno syscall.Errno
	code  int
}

// errnoNames holds the names that Unix systems and the syscall package for
// Windows share. It is a list and not a map since two names may be one value:
// EAGAIN and EWOULDBLOCK everywhere, ENOTSUP and EOPNOTSUPP on Linux.
var errnoNames = []errnoName{
	{syscall.EINTR, ErrSystemCallInterrupted},
	{syscall.EBADF, ErrBadFile},
	{syscall.EACCES, ErrAccessDenied},
	{syscall.EPERM, ErrAccessDenied},
	{syscall.EFAULT, ErrBadAddress},
	{syscall.EINVAL, ErrInvalidArgument},
	{syscall.EMFILE, ErrTooManyOpenFiles},
	{syscall.ENFILE, ErrTooManyOpenFiles},
	{syscall.EAGAIN, ErrWouldBlock},
	{syscall.EWOULDBLOCK, ErrWouldBlock},
	{syscall.EINPROGRESS, ErrInProgress},
	{syscall.EALREADY, ErrAlreadyInProgress},
	{syscall.ENOTSOCK, ErrNotSocket},
	{syscall.EDESTADDRREQ, ErrDestinationRequired},
	{syscall.EMSGSIZE, ErrMessageTooLong},
	{syscall.EPROTOTYPE, ErrSocketProtocolType},
	{syscall.ENOPROTOOPT, ErrBadProtocolOption},
	{syscall.EPROTONOSUPPORT, ErrProtocolNotSupported},
	{syscall.ESOCKTNOSUPPORT, ErrSocketTypeNotSupported},
	{syscall.EOPNOTSUPP, ErrOperationNotSupported},
	{syscall.ENOTSUP, ErrOperationNotSupported},
	{syscall.EPFNOSUPPORT, ErrProtocolFamilyNotSupported},
	{syscall.EAFNOSUPPORT, ErrAddressFamilyNotSupported},
	{syscall.EADDRINUSE, ErrAddressInUse},
	{syscall.EADDRNOTAVAIL, ErrAddressNotAvailable},
	{syscall.ENETDOWN, ErrNetworkDown},
	{syscall.ENETUNREACH, ErrNetworkUnreachable},
	{syscall.ENETRESET, ErrNetworkReset},
	{syscall.ECONNABORTED, ErrConnectionAborted},
	{syscall.EPIPE, ErrConnectionAborted},
	{syscall.ECONNRESET, ErrConnectionReset},
	{syscall.ENOBUFS, ErrNoBufferSpace},
	{syscall.ENOMEM, ErrNoBufferSpace},
	{syscall.EISCONN, ErrSocketConnected},
	{syscall.ENOTCONN, ErrSocketNotConnected},
	{syscall.ESHUTDOWN, ErrSocketShutdown},
	{syscall.ETOOMANYREFS, ErrTooManyReferences},
	{syscall.ETIMEDOUT, ErrConnectionTimedOut},
	{syscall.ECONNREFUSED, ErrConnectionRefused},
	{syscall.ELOOP, ErrSymbolicLinkLoop},
	{syscall.ENAMETOOLONG, ErrNameTooLong},
	{syscall.EHOSTDOWN, ErrHostDown},
	{syscall.EHOSTUNREACH, ErrHostUnreachable},
	{syscall.ENOTEMPTY, ErrDirectoryNotEmpty},
	{syscall.EUSERS, ErrTooManyUsers},
	{syscall.EDQUOT, ErrQuotaExceeded},
	{syscall.ESTALE, ErrStaleHandle},
	{syscall.EREMOTE, ErrTooManyRemoteLevels},
}

// lookUpErrno returns the number of errno in names, and whether it is there.
func lookUpErrno(names []errnoName, errno syscall.Errno) (int, bool) {
	for _, row := range names {
		if row.errno == errno {
			return row.code, true
		}
	}
	return 0, false
}
