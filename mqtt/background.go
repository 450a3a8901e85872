package mqtt

import (
	"context"

	"github.com/iotcomponents/iot/mqtt/internal/wire"
)

// background is the goroutine that pumps while the setting BackgroundEvents is True. MQTT.mu guards it.
type background struct {
	wanted bool // the setting
	cancel context.CancelFunc
	done   chan struct{}
}

// ensureLocked starts the goroutine if it is wanted and does not run. It runs only while there is a connection, an
// attempt or an event, so that nothing of an idle component is left.
func (b *background) ensureLocked(m *MQTT) {
	if !b.wanted || b.cancel != nil || m.link == nil && !m.hasEventsLocked() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	b.cancel, b.done = cancel, done
	link := m.link
	// Ended by: the end of the link, when its last events have been fired; stopLocked. Waited for by: nobody, since a
	// handler on it may be what ends the link.
	go func() {
		defer close(done)
		m.pumpUntil(func() bool {
			return ctx.Err() != nil || (m.link == nil || m.link != link) && !m.hasEventsLocked()
		})
		m.mu.Lock()
		if b.done == done {
			b.cancel, b.done = nil, nil
		}
		if m.link != link {
			b.ensureLocked(m) // a handler has connected again
		}
		m.mu.Unlock()
		cancel()
	}()
}

// stopLocked ends the goroutine after the handler that it may be in, and returns a channel that is closed when it has
// ended; nil = there is none.
func (b *background) stopLocked(m *MQTT) (done <-chan struct{}) {
	b.wanted = false
	if b.cancel != nil {
		done = b.done
		b.cancel()
		b.cancel, b.done = nil, nil
	}
	m.wakeLocked()
	return done
}

// awaitBackgroundReleasing waits until the goroutine has ended, but not for a handler that runs long, which may itself
// wait for the caller.
func (m *MQTT) awaitBackgroundReleasing(done <-chan struct{}) {
	if done == nil || insideHandler() {
		return
	}
	timer := m.takeTimerLocked(wire.Farewell)
	m.mu.Unlock()
	select {
	case <-done:
	case <-timer.C:
	}
	m.mu.Lock()
	m.returnTimerLocked(timer)
}
