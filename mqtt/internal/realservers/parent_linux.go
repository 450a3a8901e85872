package realservers

import "syscall"

// endWithParent has the kernel kill a server whose test process was killed, by the test timeout for one.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
