package mqtt

import (
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/codepage"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// utf8Number is the default of the setting CodePage: bytes pass unchanged and without a copy.
const utf8Number = 65001

// setCodePageLocked assigns the setting CodePage. Error 434: nothing serves the page.
func (m *MQTT) setCodePageLocked(number int64) error {
	page, err := codepage.Lookup(number)
	if err != nil {
		return err
	}
	if page.Identity() {
		page = nil
	}
	m.settings.codePage = number
	m.page.Store(page)
	return nil
}

// encodeText returns the bytes of text in the code page; they are not to be written. Error 434: a
// character that the page lacks.
func (m *MQTT) encodeText(text string) ([]byte, error) {
	if page := m.page.Load(); page != nil {
		return page.Encode(text)
	}
	return bytesOf(text), nil
}

// encodeWill is encodeText for the will, whose payload has a length field of two bytes.
func (m *MQTT) encodeWill(message string) ([]byte, error) {
	payload, err := m.encodeText(message)
	if err == nil && len(payload) > packet.MaxText {
		err = errors.New(errors.ErrMessageTooLong, fmt.Sprintf("WillMessage has %d bytes when it is encoded; %d are "+
			"possible.", len(payload), packet.MaxText))
	}
	return payload, err
}

// decodeText returns a payload as text. Without a code page it is not copied: payloads are never written again, and
// MessageB says that it is read-only.
func decodeText(page *codepage.Page, payload []byte) string {
	if page != nil {
		return page.Decode(payload)
	}
	return textOf(payload)
}
