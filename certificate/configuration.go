package certificate

import (
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// parseConfiguration reads the settings of FromStoreConfig and returns the thumbprint, "" if there is none.
func parseConfiguration(text string) (thumbprint string, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "thumbprint":
			thumbprint = value
		case "persistpfxkey", "useinternalsecurityapi":
			if !boolean(value) {
				return "", errors.New(errors.ErrInvalidArgument, "The setting "+name+" cannot be "+strconv.Quote(value)+
					"; allowed: True or False.")
			}
		default:
			return "", errors.New(errors.ErrInvalidArgument, "There is no certificate setting "+strconv.Quote(name)+
				"; allowed: Thumbprint, PersistPFXKey, UseInternalSecurityAPI.")
		}
	}
	return thumbprint, nil
}

// boolean reports whether value is one of the spellings of truth values that the config package knows.
func boolean(value string) bool {
	switch strings.ToLower(value) {
	case "true", "false", "0", "1", "yes", "no":
		return true
	}
	return false
}
