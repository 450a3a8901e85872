package mqtt_test

import (
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// No error text tells a secret: whatever is wrong with it, and under whatever name it was given.
func TestErrorsTellNoSecret(t *testing.T) { t.Run("pain 34", errorsTellNoSecret) }

func errorsTellNoSecret(t *testing.T) {
	const secret = "5ec7e7"
	const long = secret + secret + secret + secret + secret + secret + secret + secret
	strange := []string{secret + "\xff", "\xff" + secret, secret + "\x00", secret}
	try := func(t *testing.T, what string, err error) {
		t.Helper()
		if err != nil && strings.Contains(strings.ToLower(err.Error()), secret) {
			t.Errorf("%s: %v", what, err)
		}
	}
	settings := func(t *testing.T, m *mqtt.MQTT) {
		count := 0
		for row := range m.Settings().Rows() {
			if !row.Secret {
				continue
			}
			count++
			for _, value := range strange {
				for _, name := range []string{row.Name, row.Name + "[0]", row.Name + "x", row.Name[1:], "x" + row.Name, row.Name + "[" + secret + "]"} {
					if strings.Contains(name, secret) {
						continue
					}
					_, err := m.Config(name + "=" + value)
					try(t, name, err)
				}
			}
		}
		if count < 4 { // two of the firewall, the random seed, the headers of a WebSocket
			t.Errorf("%d settings are secret", count)
		}
		for _, bag := range []string{
			`{"AuthenticationData":"` + secret + `"`, `{"AuthenticationData":"` + secret + `zz"}`, `{"AuthenticationData":` + secret + `}`,
			`{"AuthenticationData":["` + secret + `"]}`, `{"AuthenticationDat":"` + secret + `"}`, `{"AuthenticationData":"` + secret + `","AuthenticationData":"` + secret + `"}`,
			`{"AuthenticationData":"` + secret + `","NoSuchKey":"1"}`, `{"AuthenticationData":"` + strings.Repeat(secret, 65536) + `"}`,
			`"` + secret, secret, `[` + secret + `]`,
		} {
			_, err := m.Config("ConnectProperties=" + bag)
			if err == nil {
				t.Errorf("%.100s is accepted", bag)
			}
			try(t, bag, err)
		}
		for _, host := range []string{"tcp://u:" + secret + "@h", "tcp://u:" + secret + "@h:x", "tcp://u:%zz" + secret + "@h", "http://u:" + secret + "@h", "tcp://u:" + secret + "@", "://u:" + secret + "@h"} {
			try(t, host, m.SetRemoteHost(host))
			try(t, host, m.ConnectTo(host, 1))
		}
		try(t, "Password", m.SetPassword(strings.Repeat(long, 2000)))
	}
	t.Run("idle", func(t *testing.T) {
		m := recorded(t)
		settings(t, m)
	})
	t.Run("connected", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, _, c := connected(t, mqtt.MvV5)
			settings(t, r.M)
			try(t, "Auth", r.M.Auth(true, mqtt.AuthProperties{AuthData: []byte(secret)}))
			try(t, "Auth", r.M.Auth(true, mqtt.AuthProperties{AuthData: []byte(strings.Repeat(long, 2000))}))
			c.Close()
		})
	})
}
