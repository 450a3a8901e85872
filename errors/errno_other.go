//go:build !unix && !windows

package errors

// errnoCode finds nothing: these systems have no error numbers of sockets.
func errnoCode(error) (int, bool) { return 0, false }
