package mqtt

import (
	"fmt"
	"io"
	"slices"

	"github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/firewall"
)

// maxConfigText bounds what LoadConfig reads: a program that opens the wrong file gets an error, not all of it in
// memory.
const maxConfigText = 16 << 20

// LoadConfig assigns the settings and properties of a text: one NAME=VALUE in each line, with the names of Config.
// Empty lines and lines that begin with # or ; are skipped; a value with line ends, or with spaces at its ends, stands
// in double quotes with the escapes of Go ("one\r\ntwo"). What the text does not name stays as it is.
//
// Either all lines are applied or none: errors tell every faulty line with its number. The order of the lines matters
// only where two of them assign the same thing, such as ConnectProperties and SessionExpInterval.
//
// Errors, with the number of the first faulty line: those of Config, and
//   - [errors.ErrInvalidArgument] (10022): a line without =, a name that is given twice, Connected and
//     SendCustomPacket, which are no settings but actions, or a text of more than 16 MiB
//   - [errors.ErrFileNotOpened] (302): r cannot be read
func (m *MQTT) LoadConfig(r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, maxConfigText+1))
	if err != nil {
		return errors.Wrap(errors.ErrFileNotOpened, "The configuration cannot be read", err)
	}
	if len(text) > maxConfigText {
		return errors.New(errors.ErrInvalidArgument,
			fmt.Sprintf("The configuration has more than %d MiB.", maxConfigText>>20))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.configurationLocked().Load(string(text), m.trialLocked())
}

// trialLocked is the registry of a component with the same settings and properties, to try assignments on.
func (m *MQTT) trialLocked() *config.Registry {
	t := New()
	t.properties, t.settings, t.sslProvider = m.properties, m.settings, m.sslProvider
	// Elements of this list are assigned in place; of all else whole values are.
	t.settings.outgoing.user = slices.Clone(m.settings.outgoing.user)
	t.firewall = new(firewall.Firewall)
	*t.firewall = *m.firewall
	t.page.Store(m.page.Load())
	return t.configurationLocked()
}

// SaveConfig writes all settings and properties as LoadConfig reads them, so that a component can be written down and
// made again: those that can be assigned, as they were assigned, not as a connection shows them. With secrets the text
// holds passwords and private keys; without, what holds a secret becomes a comment that does not show it, and
// LoadConfig leaves it as it is. Certificates are written as the store they come from; one with a store of its own in
// memory counts as a secret.
//
// Errors:
//   - [errors.ErrFileNotOpened] (302): w cannot be written
func (m *MQTT) SaveConfig(w io.Writer, secrets bool) error {
	m.mu.Lock()
	text := m.configurationLocked().Text(secrets)
	m.mu.Unlock()
	if _, err := io.WriteString(w, text); err != nil {
		return errors.Wrap(errors.ErrFileNotOpened, "The configuration cannot be written", err)
	}
	return nil
}
