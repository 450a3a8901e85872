//go:build !windows

package firewall

// systemSettings are none: outside Windows the environment is all.
func systemSettings() (settings, error) { return settings{}, nil }
