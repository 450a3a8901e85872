package pkcs11

import (
	stderrors "errors"
	"strconv"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/iotcomponents/iot/errors"
)

// loaded has the modules that were used, by their path. They are never unloaded, since few survive that.
var loaded struct {
	sync.Mutex
	modules map[string]*module
}

// module is a PKCS#11 library in this process. Its mutex guards the fields, and the library: modules that cannot be
// called by two threads at once are not rare, and a session never can.
type module struct {
	path string

	mu       sync.Mutex
	ctx      *pkcs11.Ctx
	ours     bool                // it was initialized here, not by another part of the program
	sessions map[token]*session  // one for each token that was used
	refused  map[token]pinNumber // the PIN that a token refused last
}

// load returns the module of a path, which is loaded when it is needed first.
func load(path string) (*module, error) {
	if path == "" {
		return nil, errors.New(errors.ErrSSLLibrary, "The PKCS#11 URI in Store names no module: add, for example, "+
			"?module-path=/usr/lib/softhsm/libsofthsm2.so.")
	}
	loaded.Lock()
	defer loaded.Unlock()
	if m := loaded.modules[path]; m != nil {
		return m, nil
	}
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, errors.New(errors.ErrSSLLibrary, "The PKCS#11 module "+strconv.Quote(path)+" cannot be loaded: "+
			"the file is missing, or is not a PKCS#11 library for this system and processor.")
	}
	if loaded.modules == nil {
		loaded.modules = map[string]*module{}
	}
	m := &module{path: path, ctx: ctx, sessions: map[token]*session{}, refused: map[token]pinNumber{}}
	loaded.modules[path] = m
	return m, nil
}

// start makes the module ready for calls. It may be called again, and has to be after close, also that of others.
func (m *module) start() error {
	err := m.ctx.Initialize()
	if err == nil {
		m.ours = true
		return nil
	}
	if stderrors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return nil
	}
	return errors.Wrap(errors.ErrSSLLibrary, "The PKCS#11 module "+strconv.Quote(m.path)+" does not start", err)
}

// Close logs out of every token that was used, ends the sessions and gives back what the modules hold. It is not
// needed before a program ends, and not after a search that failed; it is for programs that go on without their token.
// Keys that are still in use log in again when they sign. It may be called at any time from any goroutine, and waits
// for signatures that are being made.
func Close() {
	loaded.Lock()
	defer loaded.Unlock()
	for _, m := range loaded.modules {
		m.close()
	}
}

func (m *module) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sessions {
		m.drop(s)
	}
	if m.ours {
		m.ours = false
		_ = m.ctx.Finalize() // it fails only if it is finalized already
	}
}
