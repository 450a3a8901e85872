package firewall

import (
	stderrors "errors"

	"golang.org/x/sys/windows/registry"
)

// systemSettings reads the Internet settings of the user. What is not there is not set.
func systemSettings() (s settings, err error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Internet Settings`,
		registry.QUERY_VALUE)
	if stderrors.Is(err, registry.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer key.Close()
	enabled, _, err := key.GetIntegerValue("ProxyEnable")
	if err == nil {
		s.enabled = enabled != 0
		s.server, _, err = key.GetStringValue("ProxyServer")
	}
	if err == nil {
		s.override, _, err = key.GetStringValue("ProxyOverride")
	}
	if stderrors.Is(err, registry.ErrNotExist) {
		err = nil
	}
	return s, err
}
