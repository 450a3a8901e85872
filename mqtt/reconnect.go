package mqtt

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// reconnect connects again by itself after a connection was lost, while the setting AutoReconnect is True, and with
// ConnectRetry after a Connect of the program has failed. MQTT.mu guards it.
type reconnect struct {
	wanted             bool // AutoReconnect
	retryFirst         bool // ConnectRetry
	delayMin, delayMax int  // ReconnectDelayMin and ReconnectDelayMax, in seconds
	attempts           int  // ReconnectAttempts

	first   bool        // the attempts are those of the program's Connect
	attempt int         // the attempt under way or waited for; 0 = none
	doubled int         // how often the delay was doubled; 0 again after a connection that has stood for delayMax
	timer   *time.Timer // until the next attempt; nil = none is waited for
}

func defaultReconnect() reconnect { return reconnect{delayMin: 1, delayMax: 60} }

// reconnectJitter is by how much a delay may be shorter or longer, so that the clients of a server that was restarted
// do not all come back at once.
const reconnectJitter = 0.2

// delayLocked returns how long to wait before the next attempt: 1, 2, 4, 8, 16, 32, then every 60 seconds by default.
func (r *reconnect) delayLocked() time.Duration {
	d, most := secondsOf(r.delayMin), secondsOf(r.delayMax)
	for range r.doubled {
		if d >= most {
			break
		}
		d *= 2
	}
	jitter := 1 - reconnectJitter + 2*reconnectJitter*rand.Float64()
	return time.Duration(float64(min(d, max(most, secondsOf(r.delayMin)))) * jitter)
}

// reconnectAfterLocked decides what follows the end of a connection that stood, or of an attempt, and reports whether
// another one follows.
func (m *MQTT) reconnectAfterLocked(l *link, failure *errors.Error) (goesOn bool) {
	r := &m.reconnect
	if !l.stood && !l.automatic {
		if !r.retryFirst || l.insideHandler { // where the pump could not ask BeforeConnect
			return false // the program's own Connect has failed, and says so
		}
		r.first = true
	}
	if l.stood {
		r.attempt = 0
		if m.now()-l.since >= secondsOf(r.delayMax) {
			r.doubled = 0
		}
	}
	end := m.client.End()
	switch {
	case !r.wanted && !r.first || failure == nil || failure.Code == errors.ErrInterrupted || l.wire != nil && end.Local:
		r.stopLocked()
	case l.wire != nil && m.isFinalLocked(l, end, m.handlers.asks):
		m.reconnectStopsLocked(failure)
	case r.attempts > 0 && r.attempt >= r.attempts:
		m.reconnectStopsLocked(failure)
	default:
		r.attempt++
		delay := r.delayLocked()
		r.doubled++
		m.logLocked(logInformation, logReconnect, fmt.Sprintf("Attempt %d in %.1f s.", r.attempt, delay.Seconds()))
		m.logLocked(logVerbose, logReconnect, "The reason: "+failure.Error())
		var timer *time.Timer
		// Ended by: its time, or stopLocked.
		timer = time.AfterFunc(delay, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if r.timer != timer {
				return
			}
			if m.stuffedLocked() { // each attempt would add events to those that nobody takes
				timer.Reset(delay)
				return
			}
			r.timer = nil
			m.reconnectNowLocked()
		})
		r.timer = timer
		return true
	}
	return false
}

// returnsLocked reports whether a connection that was lost is being brought back with its subscriptions, as far as is
// known: what the program asks for meanwhile can wait for it.
func (m *MQTT) returnsLocked() bool {
	r, l := &m.reconnect, m.link
	switch {
	case !m.settings.resubscribe:
		return false
	case l == nil || !l.stood:
		return r.attempt > 0 || l != nil && l.takesOver
	}
	end := m.client.End()
	return r.wanted && m.client.Phase() == protocol.Ended && !end.Local && end.Err != nil &&
		end.Err.Code != errors.ErrInterrupted
}

// stuffedLocked reports whether so many events wait for the pump that attempts to connect again have to wait too: twice
// as many as make reading pause, so that a pump that is merely slow does not delay them.
func (m *MQTT) stuffedLocked() bool {
	n, _ := m.client.Pending()
	return n >= 2*maxEvents || m.client.MemoryFull(true)
}

// stopLocked ends waiting for the next attempt. What follows begins with the shortest delay.
func (r *reconnect) stopLocked() {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	r.first, r.attempt, r.doubled = false, 0, 0
}

// reconnectStopsLocked tells that there will be no further attempt.
func (m *MQTT) reconnectStopsLocked(cause *errors.Error) {
	attempt := m.reconnect.attempt
	text := "AutoReconnect"
	if m.reconnect.first {
		text = "ConnectRetry"
	}
	text += " gives up"
	if attempt > 0 {
		text += fmt.Sprintf(" after %d attempts", attempt)
	}
	text += "."
	m.reconnect.stopLocked()
	m.client.DropRequests(true)
	m.logLocked(logInformation, logReconnect, text+" "+cause.Error())
	m.client.PushError(cause.Explained(text, ""))
	m.background.ensureLocked(m)
	m.eventsQueuedLocked()
}

// reconnectNowLocked begins an attempt.
func (m *MQTT) reconnectNowLocked() {
	l, err := m.newLinkLocked(true)
	if err != nil {
		m.reconnectStopsLocked(errors.FromOS(err))
		return
	}
	m.logLocked(logInformation, logReconnect, fmt.Sprintf("Attempt %d.", m.reconnect.attempt))
	m.background.ensureLocked(m)
	if !m.handlers.asks {
		m.reconnectWithLocked(l)
		return
	}
	// The pump is waited for without a limit: what the handler does, renewing a token for example, is what the attempt
	// needs to succeed.
	m.pushBeforeConnectLocked(func() { m.reconnectWithLocked(l) })
	m.eventsQueuedLocked()
}

// reconnectWithLocked begins the attempt with the values of now, unless it was ended meanwhile.
func (m *MQTT) reconnectWithLocked(l *link) {
	if m.link != l {
		return
	}
	l.boundLocked()
	if err := m.armLocked(l); err != nil {
		l.attempt.cancel()
		m.link = nil
		m.reconnectStopsLocked(errors.FromOS(err))
		return
	}
	l.startLocked()
}

// reconnectChangedLocked is called after AutoReconnect was assigned.
func (m *MQTT) reconnectChangedLocked() {
	if !m.reconnect.wanted && !m.reconnect.first && m.link == nil {
		m.reconnect.stopLocked()
		m.client.DropRequests(true)
		m.eventsQueuedLocked()
	}
}
