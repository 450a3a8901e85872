//go:build unix || windows

package errors_test

import (
	stderrors "errors"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// wantErrno checks an errno alone and as the net package hands it on.
func wantErrno(t *testing.T, errno syscall.Errno, want int) {
	t.Helper()
	wantFromOS(t, errno, want)
	err := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	wantFromOS(t, err, want)
	if !stderrors.Is(errors.FromOS(err), errno) {
		t.Errorf("errors.Is does not find %v", errno)
	}
}

// TestFromOSErrno has the documented names, except EPROCLIM, which Linux lacks.
func TestFromOSErrno(t *testing.T) {
	for _, row := range []struct {
		name  string
		errno syscall.Errno
		want  int
	}{
		{"EINTR", syscall.EINTR, 10004},
		{"EBADF", syscall.EBADF, 10009},
		{"EACCES", syscall.EACCES, 10013},
		{"EPERM", syscall.EPERM, 10013},
		{"EFAULT", syscall.EFAULT, 10014},
		{"EINVAL", syscall.EINVAL, 10022},
		{"EMFILE", syscall.EMFILE, 10024},
		{"ENFILE", syscall.ENFILE, 10024},
		{"EAGAIN", syscall.EAGAIN, 10035},
		{"EWOULDBLOCK", syscall.EWOULDBLOCK, 10035},
		{"EINPROGRESS", syscall.EINPROGRESS, 10036},
		{"EALREADY", syscall.EALREADY, 10037},
		{"ENOTSOCK", syscall.ENOTSOCK, 10038},
		{"EDESTADDRREQ", syscall.EDESTADDRREQ, 10039},
		{"EMSGSIZE", syscall.EMSGSIZE, 10040},
		{"EPROTOTYPE", syscall.EPROTOTYPE, 10041},
		{"ENOPROTOOPT", syscall.ENOPROTOOPT, 10042},
		{"EPROTONOSUPPORT", syscall.EPROTONOSUPPORT, 10043},
		{"ESOCKTNOSUPPORT", syscall.ESOCKTNOSUPPORT, 10044},
		{"EOPNOTSUPP", syscall.EOPNOTSUPP, 10045},
		{"ENOTSUP", syscall.ENOTSUP, 10045},
		{"EPFNOSUPPORT", syscall.EPFNOSUPPORT, 10046},
		{"EAFNOSUPPORT", syscall.EAFNOSUPPORT, 10047},
		{"EADDRINUSE", syscall.EADDRINUSE, 10048},
		{"EADDRNOTAVAIL", syscall.EADDRNOTAVAIL, 10049},
		{"ENETDOWN", syscall.ENETDOWN, 10050},
		{"ENETUNREACH", syscall.ENETUNREACH, 10051},
		{"ENETRESET", syscall.ENETRESET, 10052},
		{"ECONNABORTED", syscall.ECONNABORTED, 10053},
		{"EPIPE", syscall.EPIPE, 10053},
		{"ECONNRESET", syscall.ECONNRESET, 10054},
		{"ENOBUFS", syscall.ENOBUFS, 10055},
		{"ENOMEM", syscall.ENOMEM, 10055},
		{"EISCONN", syscall.EISCONN, 10056},
		{"ENOTCONN", syscall.ENOTCONN, 10057},
		{"ESHUTDOWN", syscall.ESHUTDOWN, 10058},
		{"ETOOMANYREFS", syscall.ETOOMANYREFS, 10059},
		{"ETIMEDOUT", syscall.ETIMEDOUT, 10060},
		{"ECONNREFUSED", syscall.ECONNREFUSED, 10061},
		{"ELOOP", syscall.ELOOP, 10062},
		{"ENAMETOOLONG", syscall.ENAMETOOLONG, 10063},
		{"EHOSTDOWN", syscall.EHOSTDOWN, 10064},
		{"EHOSTUNREACH", syscall.EHOSTUNREACH, 10065},
		{"ENOTEMPTY", syscall.ENOTEMPTY, 10066},
		{"EUSERS", syscall.EUSERS, 10068},
		{"EDQUOT", syscall.EDQUOT, 10069},
		{"ESTALE", syscall.ESTALE, 10070},
		{"EREMOTE", syscall.EREMOTE, 10071},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantErrno(t, row.errno, row.want)
		})
	}
}

// TestFromOSErrnoOutsideTheGroup: a number of the system that is no matter of
// TCP/IP leaves the decision to the conditions after it.
func TestFromOSErrnoOutsideTheGroup(t *testing.T) {
	wantErrno(t, syscall.ENOSYS, 10053)
	wantErrno(t, 0, 10053)
	wantFromOS(t, &fs.PathError{Op: "open", Path: "f", Err: syscall.ENOENT}, 302)
	wantFromOS(t, stderrors.Join(syscall.ENOENT, net.ErrClosed), 10058)
}

// TestFromOSErrnoOrder: a name, an address or a certificate says more than the
// errno beside it; the errno says more than the end of the file or the path.
func TestFromOSErrnoOrder(t *testing.T) {
	refused := syscall.ECONNREFUSED
	wantFromOS(t, stderrors.Join(refused, &net.DNSError{Err: "no such host", IsNotFound: true}), 11001)
	wantFromOS(t, stderrors.Join(refused, &net.AddrError{Err: "no suitable address"}), 11004)
	wantFromOS(t, stderrors.Join(refused, stderrors.New("tls: handshake failure")), 276)
	wantFromOS(t, stderrors.Join(net.ErrClosed, refused), 10061)
	wantFromOS(t, &fs.PathError{Op: "open", Path: "f", Err: syscall.EACCES}, 10013)
}
