package pkcs11

import (
	"maps"
	"strconv"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/errors"
)

// token is what tells a token from others, wherever it is plugged in.
type token struct{ label, manufacturer, model, serial string }

// only returns u for this token alone, so that a key which looks for its token again finds no other one.
func (t token) only(u uri) uri {
	u.want = maps.Clone(u.want)
	u.want["token"], u.want["manufacturer"] = t.label, t.manufacturer
	u.want["model"], u.want["serial"] = t.model, t.serial
	return u
}

// pinNumber is a PIN. The type keeps it apart from texts that are shown.
type pinNumber string

// session is the open session of a token. The token forgets who is logged in when its last session ends, so it stays
// open.
type session struct {
	token  token
	pin    pinNumber // "" if nobody is logged in
	handle pkcs11.SessionHandle
}

// session returns a session of the token that u means, in which pin is logged in. A search always asks the token, but a
// key that logs in again (again true) does not if the token refused this PIN before: a token locks itself after a few
// wrong ones, and a component that connects over and over would use them up.
func (m *module) session(u uri, pin pinNumber, again bool) (*session, error) {
	slot, t, err := m.find(u)
	if err != nil {
		return nil, err
	}
	if last, ok := m.refused[t]; again && ok && last == pin {
		return nil, failed("The token "+strconv.Quote(t.label)+
			" refused the PIN in StorePassword before and is not asked "+
			"again; assign the right one, then Subject", nil)
	}
	if s := m.sessions[t]; s != nil {
		info, err := m.ctx.GetSessionInfo(s.handle) // another part of the program may have ended it, or logged out
		if err == nil && s.pin == pin && (pin == "" || info.State == pkcs11.CKS_RO_USER_FUNCTIONS) {
			return s, nil
		}
		m.drop(s)
	}
	handle, err := m.ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, failed("The token "+strconv.Quote(t.label)+" opens no session", err)
	}
	s := &session{token: t, pin: pin, handle: handle}
	m.sessions[t] = s
	if pin == "" {
		return s, nil
	}
	switch err := m.ctx.Login(handle, pkcs11.CKU_USER, string(pin)); err {
	case nil, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN): // by another part of the program
		delete(m.refused, t)
		return s, nil
	case pkcs11.Error(pkcs11.CKR_PIN_INCORRECT), pkcs11.Error(pkcs11.CKR_PIN_INVALID),
		pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE),
		pkcs11.Error(pkcs11.CKR_PIN_LOCKED), pkcs11.Error(pkcs11.CKR_PIN_EXPIRED):
		m.refused[t] = pin
		m.drop(s)
		return nil, failed("The token "+strconv.Quote(t.label)+" refuses the PIN in StorePassword", err)
	default:
		m.drop(s)
		return nil, failed("Nobody can log in to the token "+strconv.Quote(t.label), err)
	}
}

// drop ends a session. Keys that use it notice that it is gone.
func (m *module) drop(s *session) {
	_ = m.ctx.CloseSession(s.handle) // it fails only if the session is closed already
	if m.sessions[s.token] == s {
		delete(m.sessions, s.token)
	}
}

// find returns the one token that u means, and where it is.
func (m *module) find(u uri) (slot uint, t token, err error) {
	if err := m.start(); err != nil {
		return 0, token{}, err
	}
	slots, err := m.ctx.GetSlotList(true)
	if err != nil {
		return 0, token{}, failed("The PKCS#11 module "+strconv.Quote(m.path)+" lists no slots", err)
	}
	count := 0
	if m.meant(u) {
		for _, at := range slots {
			if found, ok := m.tokenIn(at, u); ok {
				slot, t, count = at, found, count+1
			}
		}
	}
	switch count {
	case 0:
		return 0, token{}, failed("There is no token for "+u.String()+", or it is not initialized; check token, "+
			"serial and the other attributes, and that it is plugged in", nil)
	case 1:
		return slot, t, nil
	}
	return 0, token{}, failed("There are "+strconv.Itoa(count)+" tokens for "+u.String()+
		"; add token, serial or slot-id, "+
		"so that no PIN goes to a wrong one", nil)
}

// meant compares the library itself.
func (m *module) meant(u uri) bool {
	info, err := m.ctx.GetInfo()
	return err == nil && u.means("library-manufacturer", info.ManufacturerID) &&
		u.means("library-description", info.LibraryDescription) &&
		u.means("library-version", showVersion(info.LibraryVersion.Major, info.LibraryVersion.Minor))
}

// tokenIn compares the token in a slot, and the slot.
func (m *module) tokenIn(slot uint, u uri) (token, bool) {
	info, err := m.ctx.GetTokenInfo(slot)
	if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
		return token{}, false
	}
	place, err := m.ctx.GetSlotInfo(slot)
	if err != nil {
		return token{}, false
	}
	ok := u.means("slot-id", strconv.FormatUint(uint64(slot), 10)) &&
		u.means("slot-description", place.SlotDescription) && u.means("slot-manufacturer", place.ManufacturerID) &&
		u.means("token", info.Label) && u.means("manufacturer", info.ManufacturerID) &&
		u.means("model", info.Model) && u.means("serial", info.SerialNumber)
	return token{info.Label, info.ManufacturerID, info.Model, info.SerialNumber}, ok
}

// failed is the error of a token that cannot be used; the cause may be nil.
func failed(detail string, cause error) error {
	if cause == nil {
		detail += "."
	}
	return errors.Wrap(errors.ErrCertificateStore, detail, cause)
}
