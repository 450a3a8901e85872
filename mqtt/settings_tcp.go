package mqtt

import (
	"math"
	"strconv"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/firewall"
)

// tcpRows is the group TCPClient. Where nothing else is said a value counts from the next connection on.
func tcpRows() []config.Row {
	const g = group(config.GroupTCPClient)
	whenIdle := func(code int, name string) config.Option {
		return config.Before(func(m *MQTT) error { return m.refuseUnlessIdleLocked(code, name) })
	}
	fixedFirewall := func(name string) config.Option { return whenIdle(errors.ErrWrongState, name) }
	keepAliveOn := config.After(func(m *MQTT) {
		k := &m.settings.socket
		k.KeepAlive = k.KeepAlive || k.KeepAliveTime > 0 || k.KeepAliveInterval > 0
	})
	return []config.Row{
		config.Again(g.doc("ConnectionTimeout", "", "")),
		config.Bool(
			g.doc("FirewallAutoDetect", "bool", "Use the proxy of the system: Firewall.AutoDetect."),
			func(m *MQTT) *bool { return &m.firewall.AutoDetect },
			fixedFirewall("FirewallAutoDetect"),
		),
		config.String(
			g.doc("FirewallHost", "string", "Name or address of the proxy: Firewall.Host."),
			func(m *MQTT) *string { return &m.firewall.Host },
			fixedFirewall("FirewallHost"),
		),
		config.String(
			g.doc("FirewallPassword", "string", "Password for the proxy: Firewall.Password."),
			func(m *MQTT) *string { return &m.firewall.Password },
			config.Secret(),
			config.Raw(),
			fixedFirewall("FirewallPassword"),
		),
		config.Int(
			g.doc("FirewallPort", "int", "Port of the proxy: Firewall.Port; FirewallType sets it."),
			func(m *MQTT) *int { return &m.firewall.Port },
			0, 65535,
			fixedFirewall("FirewallPort"),
		),
		config.Int(
			g.doc("FirewallType", "int",
				"Kind of the proxy: 0 none, 1 HTTP tunnel (sets port 80), 2 SOCKS4, 3 SOCKS5, 10 SOCKS4A (set port "+
					"1080). Firewall.FirewallType."),
			func(m *MQTT) *firewall.FirewallTypes { return &m.firewall.FirewallType },
			0, firewall.FwSOCKS4A,
			config.OneOf(0, 1, 2, 3, 10),
			fixedFirewall("FirewallType"),
			config.First(),
			config.After(func(m *MQTT) { m.firewall.Port = m.firewall.FirewallType.DefaultPort() }),
		),
		config.String(
			g.doc("FirewallUser", "string", "User for the proxy: Firewall.User."),
			func(m *MQTT) *string { return &m.firewall.User },
			config.Raw(),
			fixedFirewall("FirewallUser"),
		),
		config.Int(
			g.doc("KeepAliveInterval", "int, ms",
				"TCP keep-alive: time between probes that were not answered; 0 = the system's. Setting it switches "+
					"TCPKeepAlive on. MQTT's keep-alive, in seconds, is the property of this name, here "+
					"MQTT.KeepAliveInterval."),
			func(m *MQTT) *int { return &m.settings.socket.KeepAliveInterval },
			0, math.MaxInt32,
			keepAliveOn,
		),
		config.Int(
			g.doc("KeepAliveTime", "int, ms",
				"TCP keep-alive: silence before the first probe; 0 = the system's. Setting it switches TCPKeepAlive "+
					"on."),
			func(m *MQTT) *int { return &m.settings.socket.KeepAliveTime },
			0, math.MaxInt32,
			keepAliveOn,
		),
		config.Bool(
			g.doc("Linger", "bool", "True: closing sends what is pending. False: closing resets the connection."),
			func(m *MQTT) *bool { return &m.settings.socket.Linger },
		),
		config.Int(
			g.doc("LingerTime", "int, s", "How long closing may take to send what is pending; 0 = the system's time."),
			func(m *MQTT) *int { return &m.settings.socket.LingerTime },
			0, maxSeconds,
		),
		config.Func(
			g.doc("LocalHost", "string",
				"Local address to connect from, while connected the one in use: the property of this name."),
			(*MQTT).localHostLocked,
			func(m *MQTT, host string) error {
				m.settings.socket.LocalHost = host
				return nil
			},
			config.Alias("MQTT.LocalHost"),
			whenIdle(errors.ErrLocalHostFixed, "LocalHost"),
			config.Assigned(func(m *MQTT) (string, bool) { return m.settings.socket.LocalHost, true }),
		),
		config.IntFunc(
			g.doc("LocalPort", "int",
				"Local port to connect from, 0 = any, while connected the one in use: the property of this name."),
			(*MQTT).localPortLocked,
			func(m *MQTT, port int) error {
				m.settings.socket.LocalPort = port
				return nil
			},
			0, 65535,
			config.Alias("MQTT.LocalPort"),
			whenIdle(errors.ErrLocalPortFixed, "LocalPort"),
			config.Assigned(func(m *MQTT) (string, bool) { return strconv.Itoa(m.settings.socket.LocalPort), true }),
		),
		config.Int(
			g.doc("MaxLineLength", "int, bytes", "No effect: this component has no lines and no DataIn event."),
			func(m *MQTT) *int { return &m.settings.inert.maxLineLength },
			256, math.MaxInt32,
			whenIdle(errors.ErrMaxLineLengthFixed, "MaxLineLength"),
		),
		config.Int(
			g.doc("MaxTransferRate", "int, bytes/s", "Limit of the outgoing rate; 0 = none."),
			func(m *MQTT) *int { return &m.settings.socket.MaxTransferRate },
			0, math.MaxInt32,
		),
		config.String(
			g.doc("ProxyExceptionsList", "string",
				"Hosts that are reached without the proxy, separated by semicolons: names, *.name or .name for "+
					"subdomains, addresses, networks as 10.0.0.0/8."),
			func(m *MQTT) *string { return &m.firewall.Exceptions },
			fixedFirewall("ProxyExceptionsList"),
		),
		config.Bool(
			g.doc("TCPKeepAlive", "bool", "TCP keep-alive, with KeepAliveTime and KeepAliveInterval."),
			func(m *MQTT) *bool { return &m.settings.socket.KeepAlive },
		),
		config.Bool(
			g.doc("TcpNoDelay", "bool",
				"True: packets leave at once. False: the system may hold small ones back (Nagle). The documented "+
					"component has False, which can delay a packet by 40 ms; this one collects small packets by "+
					"itself."),
			func(m *MQTT) *bool { return &m.settings.socket.NoDelay },
		),
		config.Int(
			g.doc("UseIPv6", "int", "0 IPv4 only, 1 IPv6 only, 2 IPv6 first, then IPv4."),
			func(m *MQTT) *int { return &m.settings.socket.IPv6 },
			0, 2,
		),
	}
}

// socketRows is the group Socket. Where nothing else is said a value counts from the next connection on.
func socketRows() []config.Row {
	const g = group(config.GroupSocket)
	return []config.Row{
		config.Bool(
			g.doc("AbsoluteTimeout", "bool",
				"True: Timeout counts from the start of a method. False: it starts anew whenever bytes leave. "+
					"Counts at once."),
			func(m *MQTT) *bool { return &m.settings.absoluteTimeout },
		),
		config.String(
			g.doc("FirewallData", "string",
				"Further header lines \"Name: value\" for an HTTP proxy, separated by CR LF."),
			func(m *MQTT) *string { return &m.firewall.Data },
			config.Secret(),
			config.Check(harmless(firewall.CheckData)),
			config.Before(func(m *MQTT) error {
				return m.refuseUnlessIdleLocked(errors.ErrWrongState,
					"FirewallData")
			}),
		),
		config.Int(
			g.doc("InBufferSize", "int, bytes", "Size of the receive queue of the socket; 0 = the system's."),
			func(m *MQTT) *int { return &m.settings.socket.InBufferSize },
			0, math.MaxInt32,
		),
		config.Int(
			g.doc("OutBufferSize", "int, bytes", "Size of the send queue of the socket; 0 = the system's."),
			func(m *MQTT) *int { return &m.settings.socket.OutBufferSize },
			0, math.MaxInt32,
		),
	}
}
