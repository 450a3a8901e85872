package mqtt

import "context"

// background is the goroutine that pumps while the setting BackgroundEvents is True.
type background struct {
	wanted bool // the setting
	cancel context.CancelFunc
	done   chan struct{}
}

// ensure starts the goroutine if it is wanted and does not run. It runs only while there is a connection, an attempt or
// an event, so that nothing of an idle component is left. The lock is held.
func (b *background) ensure(m *MQTT) {
	if !b.wanted || b.cancel != nil || m.link == nil && !m.hasEvents() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	b.cancel, b.done = cancel, done
	link := m.link
	// Ended by: the end of the link, when its last events have been fired; stop. Waited for by: nobody, since a
	// handler on it may be what ends the link.
	go func() {
		defer close(done)
		m.pumpUntil(func() bool { return ctx.Err() != nil || (m.link == nil || m.link != link) && !m.hasEvents() })
		m.mu.Lock()
		if b.done == done {
			b.cancel, b.done = nil, nil
		}
		if m.link != link {
			b.ensure(m) // a handler has connected again
		}
		m.mu.Unlock()
		cancel()
	}()
}

// stop ends the goroutine after the handler that it may be in, and returns a channel that is closed when it has ended; nil
// = there is none. The lock is held.
func (b *background) stop(m *MQTT) (done <-chan struct{}) {
	b.wanted = false
	if b.cancel != nil {
		done = b.done
		b.cancel()
		b.cancel, b.done = nil, nil
	}
	m.wake()
	return done
}

// awaitBackground waits until the goroutine has ended, but not for a handler that runs long, which may itself wait for
// the caller. The lock is held, and released meanwhile.
func (m *MQTT) awaitBackground(done <-chan struct{}) {
	if done == nil || insideHandler() {
		return
	}
	timer := m.takeTimer(farewell)
	m.mu.Unlock()
	select {
	case <-done:
	case <-timer.C:
	}
	m.mu.Lock()
	m.returnTimer(timer)
}
