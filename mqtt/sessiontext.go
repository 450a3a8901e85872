package mqtt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// The text of a saved session: JSON with one message a line.
//
//	{"format": "iotcomponents MQTT session",
//	"version": 1,
//	"sha256": "…",
//	"session": {"clientId":"c","lastPacketId":7,"outgoing":[
//	{"id":6,"qos":1,"awaits":"PUBACK","topic":"a/b","text":"payload"},
//	{"id":7,"qos":2,"awaits":"PUBREC","topic":"a/b","base64":"/w=="}],"incoming":[]}}
//
// The checksum is that of the session without insignificant spaces, so that an editor may lay the text out anew but not
// change it. A later layout gets another version number; this one stays readable.
const (
	sessionFormat  = "iotcomponents MQTT session"
	sessionVersion = 1
)

// appendSession appends the text of s to dst.
func appendSession(dst []byte, s *protocol.Session) []byte {
	session := sessionBody(s)
	sum := sha256.Sum256(compact(session))
	dst = fmt.Appendf(dst, "{\"format\": %q,\n\"version\": %d,\n\"sha256\": %q,\n\"session\": ", sessionFormat,
		sessionVersion, hex.EncodeToString(sum[:]))
	dst = append(dst, session...)
	return append(dst, '}', '\n')
}

func sessionBody(s *protocol.Session) []byte {
	var b bytes.Buffer
	b.WriteString(`{"clientId":`)
	appendJSON(&b, s.ClientID)
	fmt.Fprintf(&b, `,"lastPacketId":%d,"outgoing":[`, s.LastID)
	appendSaved(&b, s.Outgoing)
	b.WriteString(`],"incoming":[`)
	appendSaved(&b, s.Incoming)
	b.WriteString(`]}`)
	return b.Bytes()
}

func appendSaved(b *bytes.Buffer, list []protocol.SavedMessage) {
	for i := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		appendJSON(b, describeSaved(&list[i]))
	}
}

// appendJSON appends v, which is made of texts and numbers, so that encoding it cannot fail.
func appendJSON(b *bytes.Buffer, v any) {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
	b.Truncate(b.Len() - 1) // the end of the line
}

// compact drops what is insignificant in a JSON text that was parsed or made here.
func compact(b []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(b))
	_ = json.Compact(&out, b)
	return out.Bytes()
}

// parseSession reads the text of a session. Error 504: it is none, is damaged, or of another version.
func parseSession(text []byte) (*protocol.Session, error) {
	var envelope struct {
		Format  string          `json:"format"`
		Version int             `json:"version"`
		SHA256  string          `json:"sha256"`
		Session json.RawMessage `json:"session"`
	}
	if len(text) == 0 {
		return nil, damaged("is empty", nil)
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return nil, damaged("is damaged, cut short, or not what SaveSession returned", err)
	}
	if envelope.Format != sessionFormat {
		return nil, damaged("is not what SaveSession returned", nil)
	}
	if envelope.Version != sessionVersion {
		return nil, damaged(fmt.Sprintf("has version %d; this component reads version %d", envelope.Version,
			sessionVersion), nil)
	}
	sum := sha256.Sum256(compact(envelope.Session))
	if envelope.SHA256 != hex.EncodeToString(sum[:]) {
		return nil, damaged("is damaged: its checksum does not fit", nil)
	}
	return parseBody(envelope.Session)
}

func parseBody(text []byte) (*protocol.Session, error) {
	var session *struct {
		ClientID string         `json:"clientId"`
		LastID   uint16         `json:"lastPacketId"`
		Outgoing []savedMessage `json:"outgoing"`
		Incoming []savedMessage `json:"incoming"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&session); err != nil || session == nil {
		return nil, damaged("has another layout than its version says", err)
	}
	if err := packet.CheckText(session.ClientID); err != nil {
		return nil, damaged("has a client identifier that "+err.Error(), nil)
	}
	s := &protocol.Session{ClientID: session.ClientID, LastID: session.LastID}
	var err error
	if s.Outgoing, err = readSaved(session.Outgoing); err != nil {
		return nil, damaged(err.Error(), nil)
	}
	if s.Incoming, err = readSaved(session.Incoming); err != nil {
		return nil, damaged(err.Error(), nil)
	}
	return s, nil
}

func damaged(problem string, cause error) error {
	return errors.Wrap(errors.ErrMalformedMessage, "The session data "+problem+".", cause)
}
