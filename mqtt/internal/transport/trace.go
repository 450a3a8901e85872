package transport

import (
	"net/netip"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
)

// Stage is a step of Dial.
type Stage int

// The stages in their order. Those that a connection does not have are left out.
const (
	StageTCP       Stage = iota // the connection to the server, or with a firewall to the proxy
	StageFirewall               // the proxy has made the connection to the server
	StageTLS                    // the TLS handshake
	StageWebSocket              // the upgrade of HTTP to WebSocket
)

// String is the name of the stage for a log.
func (s Stage) String() string {
	return [...]string{"TCP connection", "firewall", "TLS handshake", "WebSocket upgrade"}[s]
}

// The levels of Trace.Note, those of the setting LogLevel.
const (
	NoteInformation = 1
	NoteVerbose     = 2
)

// Trace is told how connecting proceeds, so that a user whose connection fails knows where. Any field may be nil. Dial
// calls them one at a time; SSLStatus is called later as well, by whoever reads or writes the connection and perhaps by
// two at once, when TLS.LogPackets is set.
type Trace struct {
	// Resolved: the name of the server or of the proxy was looked up. A name may be looked up once for each family.
	Resolved func(host string, addresses []netip.Addr)
	// Tried: one of the addresses was tried; err is nil when it answered.
	Tried func(address string, err error)
	// Stage: a stage has ended, well or with the error that Dial is about to return.
	Stage func(s Stage, err *errors.Error)
	// Handshake: the TLS handshake has ended well. Stage follows.
	Handshake func(h *Handshake)
	// SSLStatus: the TLS handshake proceeds, or a record has passed. For the event of this name.
	SSLStatus func(message string)
	// Note: something for the log: a setting without effect, a weak protocol.
	Note func(level int, text string)
}

// Handshake is the outcome of a TLS handshake.
type Handshake struct {
	Negotiated Negotiated
	Resumed    bool   // without the exchange of certificates, thanks to TLS.ReuseSession
	ALPN       string // the protocol agreed, "" = none
	Server     *certificate.Certificate
}

func (t *Trace) resolved(host string, addresses []netip.Addr) {
	if t.Resolved != nil {
		t.Resolved(host, addresses)
	}
}

func (t *Trace) tried(address string, err error) {
	if t.Tried != nil {
		t.Tried(address, err)
	}
}

// ended tells the end of a stage and returns err.
func (t *Trace) ended(s Stage, err *errors.Error) *errors.Error {
	if t.Stage != nil {
		t.Stage(s, err)
	}
	return err
}

func (t *Trace) handshake(h *Handshake) {
	if t.Handshake != nil {
		t.Handshake(h)
	}
}

func (t *Trace) sslStatus(message string) {
	if t.SSLStatus != nil {
		t.SSLStatus(message)
	}
}

func (t *Trace) note(level int, text string) {
	if t.Note != nil {
		t.Note(level, text)
	}
}
