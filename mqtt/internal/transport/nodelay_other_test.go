//go:build !linux

package transport

import (
	"net"
	"testing"
)

func noDelayOf(*testing.T, net.Conn) (on, known bool) { return false, false }
