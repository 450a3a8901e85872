package transport

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/iotcomponents/iot/certificate"
)

// maxSessionAge is how long a session is resumed.
const maxSessionAge = 10 * time.Hour

// Sessions keeps what it takes to resume TLS sessions, for TLS.ReuseSession. One belongs to a component and is kept
// between its connections. A session is dropped after 10 hours, and when the server or a setting of TLS changes, so
// that what the settings would refuse cannot come in by an old session. The zero value is empty and ready.
type Sessions struct {
	mu    sync.Mutex
	owner [sha256.Size]byte // the server and the settings that state belongs to
	state *tls.ClientSessionState
	since time.Time
}

// forConnection returns the cache for connections with these options.
func (s *Sessions) forConnection(o *Options) tls.ClientSessionCache {
	t := o.TLS
	certificates := [2][]byte{encoded(t.Certificate), encoded(t.AcceptCertificate)}
	t.Certificate, t.AcceptCertificate = nil, nil
	owner := sha256.Sum256(fmt.Appendf(nil, "%+v\n%d\n%+v\n%x", o.Target, o.Port, t, certificates))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != owner {
		s.owner, s.state = owner, nil
	}
	return &sessionCache{s, owner}
}

func encoded(c *certificate.Certificate) []byte {
	if c == nil || c.X509() == nil {
		return nil
	}
	return c.X509().Raw
}

// sessionCache is the view that one connection has of Sessions. Its key is of no use: there is one server.
type sessionCache struct {
	s     *Sessions
	owner [sha256.Size]byte
}

// Get returns the session unless it is too old.
func (c *sessionCache) Get(string) (*tls.ClientSessionState, bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.owner != c.owner || c.s.state == nil || time.Since(c.s.since) > maxSessionAge {
		return nil, false
	}
	return c.s.state, true
}

// Put keeps the session; nil drops it.
func (c *sessionCache) Put(_ string, state *tls.ClientSessionState) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.owner == c.owner {
		c.s.state, c.s.since = state, time.Now()
	}
}
