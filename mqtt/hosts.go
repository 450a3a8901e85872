package mqtt

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

// server is one that may be connected to. Its Port is always set.
type server struct{ transport.Target }

func (s server) String() string {
	switch {
	case s.Unix():
		return "unix://" + s.Host
	case s.Scheme == "":
		return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	}
	return s.Scheme + "://" + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// listed is one entry of the setting RemoteHosts: a URL, or a name and perhaps a port, which is reached as RemoteHost
// is.
type listed struct {
	target transport.Target
	isURL  bool
}

// maxServers bounds the entries of RemoteHosts and of a Server Reference.
const maxServers = 16

// parseHosts reads the setting RemoteHosts. Errors: those of transport.Parse for a URL, 10022 otherwise. Their texts do
// not repeat an entry, which may hold a password by mistake.
func parseHosts(text string) ([]listed, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxServers {
		return nil, errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("RemoteHosts has %d entries; %d are possible.", len(parts), maxServers))
	}
	var list []listed
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if strings.Contains(part, "://") {
			target, err := transport.Parse(part)
			if err != nil {
				text := fmt.Sprintf("Entry %d of RemoteHosts is not usable.", i+1)
				return nil, errors.Wrap(errors.Code(err), text, err)
			}
			if target.Port == 0 {
				target.Port = target.DefaultPort()
			}
			list = append(list, listed{target, true})
			continue
		}
		host, port, valid := transport.SplitHost(strings.TrimPrefix(part, "*"))
		if !valid {
			return nil, errors.New(errors.ErrInvalidArgument, fmt.Sprintf("Entry %d of RemoteHosts is not a server; "+
				"host, host:port, [IPv6]:port and a URL are possible, separated by commas.", i+1))
		}
		if strings.HasPrefix(part, "*") { // the firewall looks the name up, as for RemoteHost
			host = "*" + host
		}
		list = append(list, listed{target: transport.Target{Host: host, Port: port}})
	}
	return list, nil
}

// beside returns the server of a name that is reached as s is: over the same scheme and path, on the same port unless
// it names one. So a name never leads from TLS to plain TCP.
func (s server) beside(host string, port int) server {
	if s.Unix() {
		s.Target = transport.Target{Port: s.Port}
	}
	if strings.HasPrefix(s.Host, "*") && !strings.HasPrefix(host, "*") {
		host = "*" + host // the firewall looks the names of this server up
	}
	s.Host = host
	if port != 0 {
		s.Port = port
	}
	return s
}

// hosts are the servers that a connection may be made to, besides RemoteHost. MQTT.mu guards it.
type hosts struct {
	text  string   // RemoteHosts
	list  []listed // the same
	order string   // HostOrder; "" = Listed
	turn  int      // attempts so far, for RoundRobin
	detours
}

// The values of HostOrder.
const (
	orderListed     = "Listed"
	orderRandom     = "Random"
	orderRoundRobin = "RoundRobin"
)

func (m *MQTT) hostOrderLocked() string { return cmp.Or(m.hosts.order, orderListed) }

func (m *MQTT) setHostOrderLocked(value string) error {
	for _, order := range []string{orderListed, orderRandom, orderRoundRobin} {
		if strings.EqualFold(value, order) {
			m.hosts.order, m.hosts.turn = order, 0
			return nil
		}
	}
	return config.Reason(orderListed + ", " + orderRandom + " and " + orderRoundRobin + " are possible")
}

// inOrderLocked returns the servers that the program has named in the order of the next attempt.
func (h *hosts) inOrderLocked(named []server) []server {
	switch h.order {
	case orderRandom:
		rand.Shuffle(len(named), func(i, j int) { named[i], named[j] = named[j], named[i] })
	case orderRoundRobin:
		first := h.turn % len(named)
		return slices.Concat(named[first:], named[:first])
	}
	return named
}

// setRemoteHostsLocked assigns the setting RemoteHosts. While a connection stands its server stays known, since what it
// names is reached as it is.
func (m *MQTT) setRemoteHostsLocked(text string) error {
	list, err := parseHosts(text)
	if err != nil {
		return err
	}
	last := m.hosts.last
	m.hosts.text, m.hosts.list, m.hosts.turn = text, list, 0
	m.hosts.forget()
	if m.link != nil {
		m.hosts.last = last
	}
	return nil
}

// remoteServerLocked is the server that RemoteHost and RemotePort name.
func (m *MQTT) remoteServerLocked() (server, error) {
	p := &m.properties
	if p.remoteHost == "" {
		return server{}, errors.New(errors.ErrNoRemoteHost, "RemoteHost is empty.")
	}
	target, err := transport.Parse(p.remoteHost)
	if err != nil {
		return server{}, err
	}
	if target.Port == 0 {
		target.Port = p.remotePort
		if !p.remotePortSet {
			target.Port = target.DefaultPort()
		}
	}
	if target.Port == 0 && !target.Unix() {
		return server{}, errors.New(errors.ErrNoRemotePort, "")
	}
	return server{target}, nil
}

// isRemoteHostLocked reports whether s is the server that RemoteHost names.
func (m *MQTT) isRemoteHostLocked(s server) bool {
	remote, err := m.remoteServerLocked()
	return err == nil && remote == s
}

// serversLocked lists the servers that an attempt tries, in this order, each once: where the last server has sent
// AutoReconnect to, the server that has the session, unless HostOrder asks for another one, RemoteHost and RemoteHosts.
func (m *MQTT) serversLocked() ([]server, error) {
	remote, err := m.remoteServerLocked()
	if err != nil {
		return nil, err
	}
	h := &m.hosts
	named := []server{remote}
	for _, l := range h.list {
		s := server{l.target}
		if !l.isURL {
			s = remote.beside(l.target.Host, l.target.Port)
		}
		named = append(named, s)
	}
	all := slices.Clone(h.referred)
	if h.last != (server{}) && m.hostOrderLocked() == orderListed {
		all = append(all, h.last)
	}
	for _, s := range h.inOrderLocked(unique(named)) {
		all = h.appendCurrent(all, s)
	}
	return h.leftLast(unique(all)), nil
}

// unique removes what stands in the list already.
func unique(list []server) []server {
	var kept []server
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
