//go:build !linux

package realservers

import "syscall"

// endWithParent does nothing here: a server whose test process was killed goes on running.
func endWithParent() *syscall.SysProcAttr { return nil }
