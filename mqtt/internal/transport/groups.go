package transport

import (
	"crypto/tls"
	"slices"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// goGroups are the words of the groups that crypto/tls has.
var goGroups = map[string]tls.CurveID{
	"ecdhe_x25519": tls.X25519, "ecdhe_secp256r1": tls.CurveP256, "ecdhe_secp384r1": tls.CurveP384,
	"ecdhe_secp521r1": tls.CurveP521,
}

// chooseGroups reads TLS12SupportedGroups and TLS13SupportedGroups. crypto/tls has one list for both, so with TLS 1.3
// it is their union, and while the latter has its default all that crypto/tls has, the hybrid groups included.
func (s *security) chooseGroups(t *TLS) *errors.Error {
	lists := map[string][]string{}
	with13 := slices.Contains(s.versions, tls.VersionTLS13)
	with12 := s.versions[0] < tls.VersionTLS13
	if with13 {
		if len(t.Groups13) == 0 || slices.Equal(t.Groups13, groups13) {
			return nil
		}
		lists["TLS13SupportedGroups"] = t.Groups13
	}
	if with12 {
		lists["TLS12SupportedGroups"] = t.Groups12
	}
	for _, setting := range []string{"TLS13SupportedGroups", "TLS12SupportedGroups"} {
		words := lists[setting]
		if len(words) == 0 {
			continue
		}
		found := 0
		for _, word := range words {
			group, has := goGroups[strings.ToLower(word)]
			if !has {
				s.trace.note(NoteVerbose, setting+": "+word+" does not exist here.")
				continue
			}
			found++
			if !slices.Contains(s.config.CurvePreferences, group) {
				s.config.CurvePreferences = append(s.config.CurvePreferences, group)
			}
		}
		if found == 0 {
			return errors.New(errors.ErrTLSHandshake, setting+" names only groups that do not exist here; "+
				"ecdhe_x25519, ecdhe_secp256r1, ecdhe_secp384r1 and ecdhe_secp521r1 do.")
		}
	}
	return nil
}
