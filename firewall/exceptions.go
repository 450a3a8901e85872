package firewall

import (
	"net/netip"
	"strings"
)

// exempt reports whether host is on the list, whose form is that of Firewall.Exceptions.
func exempt(list, host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	addr, err := netip.ParseAddr(host)
	isAddr := err == nil
	addr = addr.Unmap().WithZone("")
	for entry := range strings.SplitSeq(strings.ToLower(list), ";") {
		entry = strings.TrimSpace(entry)
		switch {
		case entry == "":
		case entry == "<local>":
			if !isAddr && !strings.Contains(host, ".") {
				return true
			}
		case strings.Contains(entry, "/"):
			if network, err := netip.ParsePrefix(entry); err == nil && isAddr && network.Contains(addr) {
				return true
			}
		case strings.HasPrefix(entry, "."):
			if strings.HasSuffix(host, entry) {
				return true
			}
		case strings.Contains(entry, "*"):
			if like(entry, host) {
				return true
			}
		default:
			same, err := netip.ParseAddr(strings.Trim(entry, "[]"))
			if err == nil && isAddr && same.Unmap() == addr || strings.TrimSuffix(entry, ".") == host {
				return true
			}
		}
	}
	return false
}

// like reports whether host is made from pattern by putting any characters, also none, in the place of each "*".
func like(pattern, host string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	rest, ok := strings.CutPrefix(host, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		// The earliest place leaves the most for what follows.
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[last])
}
