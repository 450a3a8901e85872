package mqtt

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

const (
	// maxEvents and maxEventBytes bound what waits for the pump. Beyond them nothing more is read, so that TCP pushes
	// back on the server.
	maxEvents     = 16 << 10
	maxEventBytes = 16 << 20
)

// pump delivers events to the handlers. One goroutine has it at a time.
type pump struct {
	taken bool // guarded by MQTT.mu
	runs  bool // guarded by MQTT.mu: Run has it for good

	// Whoever has taken the pump owns the rest.
	batch         []protocol.Event
	next          int               // the first event of batch that was not fired
	message       *protocol.Message // the first message of it that was not told, if others were
	args          args
	hadProperties bool // the last inbound message had v5 properties
}

// DoEvents fires the events that are ready. If there are none it waits for one, SelectWaitMillis milliseconds at most
// (20 by default). Inbound messages of QoS 1 and 2 are acknowledged here, when they are delivered; everything else that
// the protocol asks for (keep-alive, the acknowledgments of what was published) goes on whether DoEvents is called or
// not.
//
// Errors of the connection are told by events, not returned. Error: 143 inside a handler. While another goroutine pumps,
// DoEvents just waits.
func (m *MQTT) DoEvents() error {
	if err := m.refuseInsideHandler("DoEvents"); err != nil {
		return err
	}
	m.mu.Lock()
	wait := time.Duration(m.settings.selectWaitMillis) * time.Millisecond
	m.mu.Unlock()
	m.pumpOnce(wait)
	return nil
}

// pumpOnce fires what is ready; with nothing ready it waits for up to wait.
func (m *MQTT) pumpOnce(wait time.Duration) {
	var timer *time.Timer
	for {
		m.mu.Lock()
		if m.takePump() {
			m.mu.Unlock()
			if m.fireReady() {
				if timer != nil {
					m.mu.Lock()
					m.returnTimer(timer)
					m.mu.Unlock()
				}
				return
			}
			m.mu.Lock()
			if m.hasEvents() {
				m.mu.Unlock()
				continue
			}
		}
		changed := m.arrived.wait()
		if timer == nil {
			timer = m.takeTimer(wait)
		}
		m.mu.Unlock()
		over := false
		select {
		case <-changed:
		case <-timer.C:
			over = true
		}
		m.mu.Lock()
		m.arrived.done()
		if over {
			m.returnTimer(timer)
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
	}
}

// EventsReady returns a channel that receives when DoEvents has something to do, for programs that select. It may
// receive once too often, never too seldom.
func (m *MQTT) EventsReady() <-chan struct{} { return m.ready }

// Run pumps until ctx ends: it is the loop for programs that have none. It returns nil then. The connection is left as
// it is. Errors: 143 inside a handler, and while another Run is active.
func (m *MQTT) Run(ctx context.Context) error {
	if err := m.refuseInsideHandler("Run"); err != nil {
		return err
	}
	m.mu.Lock()
	if m.pump.runs {
		m.mu.Unlock()
		return errors.New(errors.ErrBusy, "Run is active already.")
	}
	m.pump.runs = true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.pump.runs = false
		m.mu.Unlock()
	}()
	for ctx.Err() == nil {
		m.mu.Lock()
		if m.takePump() {
			m.mu.Unlock()
			if m.fireReady() {
				continue
			}
			m.mu.Lock()
			if m.hasEvents() {
				m.mu.Unlock()
				continue
			}
		}
		changed := m.arrived.wait()
		m.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		m.mu.Lock()
		m.arrived.done()
		m.mu.Unlock()
	}
	return nil
}

// takePump takes the pump if it is free. The lock is held.
func (m *MQTT) takePump() bool {
	if m.pump.taken {
		return false
	}
	m.pump.taken = true
	return true
}

// hasEvents reports whether the pump would find something. The lock is held.
func (m *MQTT) hasEvents() bool {
	n, _ := m.client.Pending()
	return n > 0
}

// eventsQueued tells the pump and the program that there may be events. The lock is held.
func (m *MQTT) eventsQueued() {
	if m.hasEvents() {
		select {
		case m.ready <- struct{}{}:
		default:
		}
	}
	m.arrived.broadcast()
}

// fireReady fires what is left of the last batch and one batch more, and gives the pump back. It reports whether
// anything was fired. A panic of a handler leaves through it; the next call continues with the next event.
func (m *MQTT) fireReady() (fired bool) {
	p := &m.pump
	defer func() {
		m.mu.Lock()
		if p.next == len(p.batch) {
			m.returnBatch()
		}
		p.taken = false
		m.arrived.broadcast() // somebody may wait for the pump
		m.mu.Unlock()
	}()
	fired = m.fireBatch()
	m.mu.Lock()
	m.returnBatch()
	p.batch = m.client.TakeEvents()
	m.space.broadcast()
	m.room.broadcast()
	m.mu.Unlock()
	return m.fireBatch() || fired
}

// fireBatch calls the handlers for the rest of the batch.
func (m *MQTT) fireBatch() (fired bool) {
	p := &m.pump
	for p.next < len(p.batch) {
		// What is next is settled before the handler runs, which may panic.
		e, msg := &p.batch[p.next], p.message
		if msg == nil {
			msg = e.Message
		}
		if p.message = nil; msg != nil {
			p.message = e.Next(msg)
		}
		if p.message == nil {
			p.next++
		}
		m.dispatch(e, msg)
		fired = true
	}
	return fired
}

// returnBatch gives a batch whose events were fired back to the protocol. The lock is held.
func (m *MQTT) returnBatch() {
	if p := &m.pump; p.batch != nil {
		m.client.ReturnEvents(p.batch)
		p.batch, p.next = nil, 0
	}
}

// refuseInsideHandler returns error 143 if the calling goroutine is inside a handler.
func (m *MQTT) refuseInsideHandler(method string) error {
	m.mu.Lock()
	taken := m.pump.taken
	m.mu.Unlock()
	if taken && insideHandler() {
		return errors.New(errors.ErrBusy, method+" was called inside an event handler.")
	}
	return nil
}

var dispatchName = runtime.FuncForPC(reflect.ValueOf((*MQTT).dispatch).Pointer()).Name()

// insideHandler reports whether the calling goroutine is inside a handler of some component. Callers ask only while
// their component's pump is taken, which makes it their own component unless handlers of two call each other's methods
// at the same time. Walking the stack here is what spares the pump from noting its goroutine at each event.
func insideHandler() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for {
			frame, more := frames.Next()
			if frame.Function == dispatchName {
				return true
			}
			if !more {
				break
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

// limit says how long a blocking method waits.
type limit struct {
	ctx      context.Context // nil = none
	timeout  time.Duration   // 0 = none
	activity bool            // bytes sent or received start the time anew
	pumping  bool            // it waits for the pump alone, so that reading past the bound would not help
	what     string          // for the error's text
}

// await waits until done reports true; it is called with the lock held and returns so. Meanwhile it fires events, unless
// another goroutine does or it runs inside a handler. It returns 201 when the limit is over and 301 after Interrupt.
func (m *MQTT) await(l *limit, on *signal, done func() bool) error {
	if done() {
		return nil
	}
	inside := m.pump.taken && insideHandler()
	interrupts := m.interrupts
	if !l.pumping {
		m.patient++
		m.room.broadcast()
		defer func() { m.patient-- }()
	}
	var timer *time.Timer
	var expired <-chan time.Time
	start := m.now()
	if l.timeout > 0 {
		timer = m.takeTimer(l.timeout)
		defer m.returnTimer(timer)
		expired = timer.C
	}
	var cancelled <-chan struct{}
	if l.ctx != nil {
		cancelled = l.ctx.Done()
	}
	for !done() {
		if m.interrupts != interrupts {
			return errors.New(errors.ErrInterrupted, l.what+" was interrupted.")
		}
		if !inside && m.hasEventsOrBatch() && m.takePump() {
			m.mu.Unlock()
			m.fireReadyLocked()
			continue
		}
		changed := on.wait()
		var arrived <-chan struct{}
		if on != &m.arrived && !inside {
			arrived = m.arrived.wait()
		}
		m.mu.Unlock()
		over := false
		var cause error
		select {
		case <-changed:
		case <-arrived:
		case <-expired:
			over = true
		case <-cancelled:
			cause = l.ctx.Err()
		}
		m.mu.Lock()
		on.done()
		if arrived != nil {
			m.arrived.done()
		}
		if cause != nil && !done() {
			code := errors.ErrInterrupted
			if cause == context.DeadlineExceeded {
				code = errors.ErrTimeout
			}
			return errors.Wrap(code, l.what+" was ended by its context.", cause)
		}
		if over && !done() {
			if l.activity && m.link != nil {
				if rest := max(start, m.client.LastActivity()) + l.timeout - m.now(); rest > 0 {
					timer.Reset(rest)
					continue
				}
			}
			return errors.New(errors.ErrTimeout, fmt.Sprintf("%s took longer than %v.", l.what, l.timeout))
		}
	}
	return nil
}

// fireReadyLocked is fireReady for a caller that wants the lock back, whatever the handlers do.
func (m *MQTT) fireReadyLocked() {
	defer m.mu.Lock()
	m.fireReady()
}

// hasEventsOrBatch reports whether the pump would fire something. The lock is held; what a batch has left is looked at
// only while nobody owns it.
func (m *MQTT) hasEventsOrBatch() bool {
	return m.hasEvents() || !m.pump.taken && m.pump.next < len(m.pump.batch)
}
