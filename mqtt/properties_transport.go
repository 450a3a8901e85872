package mqtt

import (
	"net"
	"strconv"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/firewall"
)

// Firewall returns the proxy to go through. Its fields may be changed while the component is idle and AutoReconnect
// waits for no attempt; the settings Firewall... are the same fields and may be changed then too. Default: none.
func (m *MQTT) Firewall() *firewall.Firewall { return get(m, &m.firewall) }

// SetFirewall sets the proxy to go through; nil means none. What its fields say counts at Connect.
//
// Errors:
//   - [errors.ErrWrongState] (211): while connected or connecting
func (m *MQTT) SetFirewall(f *firewall.Firewall) error {
	if f == nil {
		f = firewall.New()
	}
	return setWhenIdle(m, errors.ErrWrongState, "Firewall", &m.firewall, f)
}

// LocalHost returns the local address to connect from; while connected the one in use. Default "" = the system chooses.
func (m *MQTT) LocalHost() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.localHostLocked()
}

func (m *MQTT) localHostLocked() string {
	if host, _ := m.localAddressLocked(); host != "" {
		return host
	}
	return m.settings.socket.LocalHost
}

// SetLocalHost sets the name or address of the local interface to connect from.
//
// Errors:
//   - [errors.ErrLocalHostFixed] (107): while connected or connecting
//
// Connect returns error 10049 when it is none of this host.
func (m *MQTT) SetLocalHost(host string) error {
	if err := checkText("LocalHost", host); err != nil {
		return err
	}
	return setWhenIdle(m, errors.ErrLocalHostFixed, "LocalHost", &m.settings.socket.LocalHost, host)
}

// LocalPort returns the local port to connect from; while connected the one in use. Default 0 = the system chooses.
func (m *MQTT) LocalPort() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.localPortLocked()
}

func (m *MQTT) localPortLocked() int {
	if _, port := m.localAddressLocked(); port != 0 {
		return port
	}
	return m.settings.socket.LocalPort
}

// SetLocalPort sets the local port to connect from, 0 to 65535.
//
// Errors:
//   - [errors.ErrLocalPortFixed] (106): while connected or connecting
//   - [errors.ErrInvalidArgument] (10022): out of range
//
// Connect returns error 10048 when it is in use.
func (m *MQTT) SetLocalPort(port int) error {
	if err := checkRange("LocalPort", port, 0, 65535); err != nil {
		return err
	}
	return setWhenIdle(m, errors.ErrLocalPortFixed, "LocalPort", &m.settings.socket.LocalPort, port)
}

// localAddressLocked returns our end of the connection; zero without one.
func (m *MQTT) localAddressLocked() (host string, port int) {
	l := m.link
	if l == nil || !l.stood || l.wire == nil {
		return "", 0
	}
	host, service, err := net.SplitHostPort(l.wire.LocalAddr().String())
	if err != nil {
		return "", 0
	}
	port, _ = strconv.Atoi(service)
	return host, port
}
