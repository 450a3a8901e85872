package firewall

import "syscall"

// endWithParent has the kernel end a proxy whose test process was killed, by the test timeout for one.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
