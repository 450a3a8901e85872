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

// maxEvents bounds how many events wait for the pump, as IncomingMemoryLimit bounds their memory. Beyond either nothing
// more is read, so that TCP pushes back on the server.
const maxEvents = 16 << 10

// pump delivers events to the handlers. One goroutine has it at a time.
type pump struct {
	taken bool // guarded by MQTT.mu
	runs  bool // guarded by MQTT.mu: Run has it for good

	// Whoever has taken the pump owns the rest.
	batch         []protocol.Event
	resets        uint32            // MQTT.resets when it was taken
	next          int               // the first event of batch that was not fired
	message       *protocol.Message // the first message of it that was not told, if others were
	open          *protocol.Event   // the event whose steps are not all done; between dispatches only after a panic
	openMessage   *protocol.Message // its message
	step          int               // its first step that has not begun
	args          *args             // nil until the first is needed; see arguments
	by            *member           // the group's member that it was taken for; nil = a method of the component has it
	journal       *journaling       // that the pump uses; see journal_delivery.go
	delivering    *protocol.Message // the QoS 1 or 2 message that was delivered last
	deliveries    uint64            // how many there were
	taking        []topicHandler    // of the message that is delivered; kept for its memory
	hadProperties bool              // the last inbound message had v5 properties
}

// DoEvents fires the events that are ready. If there are none it waits for one, SelectWaitMillis milliseconds at most
// (20 by default). Inbound messages of QoS 1 and 2 are acknowledged here, when they are delivered; everything else that
// the protocol asks for (keep-alive, the acknowledgments of what was published) goes on whether DoEvents is called or
// not.
//
// Errors:
//   - [errors.ErrBusy] (143): inside a handler, after SelectWaitMillis too: what the handler waits for cannot come
//     before it has returned
//
// Errors of the connection are told by events, not returned. While another goroutine pumps, DoEvents just waits.
func (m *MQTT) DoEvents() error {
	wait := time.Duration(get(m, &m.settings.selectWaitMillis)) * time.Millisecond
	if err := m.refuseInsideHandler("DoEvents"); err != nil {
		time.Sleep(wait) // a loop around it shall not take a whole processor
		return err
	}
	m.pumpOnce(wait)
	return nil
}

// pumpOnce fires what is ready; with nothing ready it waits for up to wait.
func (m *MQTT) pumpOnce(wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.firePendingReleasing() {
		return
	}
	now := m.now()
	for until := now + wait; now < until; now = m.now() {
		m.sleepReleasing(until, true)
		if m.firePendingReleasing() {
			return
		}
	}
}

// EventsReady returns a channel that receives when DoEvents has something to do, for programs that select. It may
// receive once too often, never too seldom.
func (m *MQTT) EventsReady() <-chan struct{} { return m.ready }

// Run pumps until ctx ends: it is the loop for programs that have none. It returns nil then. The connection is left as
// it is.
//
// Errors:
//   - [errors.ErrBusy] (143): inside a handler, and while another Run is active
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
	defer m.wakeAtEnd(ctx)()
	m.pumpUntil(func() bool { return ctx.Err() != nil })
	return nil
}

// pumpUntil pumps until done, which is asked with the lock held.
func (m *MQTT) pumpUntil(done func() bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !done() {
		if !m.firePendingReleasing() {
			m.sleepReleasing(protocol.Never, true)
		}
	}
}

// wakeAtEnd makes the end of ctx a change that wakes, until stop is called.
func (m *MQTT) wakeAtEnd(ctx context.Context) (stop func()) {
	unregister := context.AfterFunc(ctx, func() {
		m.mu.Lock()
		m.wakeLocked()
		m.mu.Unlock()
	})
	return func() { unregister() }
}

// sleepReleasing waits until something has changed, or until is over. It may end without either. With forEvents the
// caller wants to fire events and nothing else: that bytes have left is nothing for it.
func (m *MQTT) sleepReleasing(until protocol.Time, forEvents bool) {
	until = min(until, m.journalRetryLocked())
	if w := m.wireLocked(); w != nil && w.MayBorrowLocked() {
		w.BorrowReleasing(until, forEvents)
		return
	}
	var expired <-chan time.Time
	if until != protocol.Never {
		timer := m.takeTimerLocked(until - m.now())
		defer m.returnTimerLocked(timer)
		expired = timer.C
	}
	changed := m.arrived.wait()
	m.mu.Unlock()
	select {
	case <-changed:
	case <-expired:
	}
	m.mu.Lock()
	m.arrived.done()
}

// firePendingReleasing fires what is ready if nobody else pumps, and reports whether it did.
func (m *MQTT) firePendingReleasing() (fired bool) {
	m.retryJournalReleasing()
	if !m.mayFireLocked() {
		return false
	}
	fire := m.fireReady
	if m.member != nil {
		if fire = m.member.group.permitLocked(m); fire == nil {
			return false
		}
	}
	m.fireReleasing(fire)
	// True also if Reset has taken the events away meanwhile: the caller has to look again at what it waits for, since
	// it was not waiting when that was told.
	return true
}

// mayFireLocked reports whether there is something to fire and nobody else fires.
func (m *MQTT) mayFireLocked() bool {
	return !m.pump.taken && (m.hasEventsLocked() || m.pump.leftOver())
}

// leftOver reports whether something of the batch was not fired. Only who owns the pump asks, or who knows that nobody
// does.
func (p *pump) leftOver() bool { return p.next < len(p.batch) || p.open != nil }

// fireReleasing takes the pump and fires, by fireReady or what calls it.
func (m *MQTT) fireReleasing(fire func()) {
	m.pump.taken = true
	m.released(fire)
}

// released runs f without the lock, which the caller holds, and locks it again also when f panics: a deferred Unlock of
// the caller must find it locked.
func (m *MQTT) released(f func()) {
	m.mu.Unlock()
	defer m.mu.Lock()
	f()
}

// hasEventsLocked reports whether the pump would find something.
func (m *MQTT) hasEventsLocked() bool {
	n, _ := m.client.Pending()
	return n > 0
}

// eventsQueuedLocked tells the pump and the program that there may be events.
func (m *MQTT) eventsQueuedLocked() {
	if m.hasEventsLocked() {
		select {
		case m.ready <- struct{}{}:
		default:
		}
	}
	m.wakeLocked()
}

// wakeLocked makes the goroutines that wait look at what has changed.
func (m *MQTT) wakeLocked() {
	m.arrived.broadcast()
	if w := m.wireLocked(); w != nil {
		w.FetchBorrowerLocked()
	}
	if m.member != nil && m.hasEventsLocked() {
		m.member.notifyLocked()
	}
}

// fireReady fires what is left of the last batch and one batch more, and gives the pump back. A panic of a handler
// leaves through it; the next call continues with the next event.
func (m *MQTT) fireReady() {
	defer m.givePumpBack()
	if m.fireBatch() {
		m.takeBatch()
		m.fireBatch()
	}
}

func (m *MQTT) givePumpBack() {
	m.leaveJournal()
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.pump
	left := p.leftOver()
	if !left {
		m.returnBatchLocked()
	}
	p.taken, p.by = false, nil
	m.wakeLocked() // somebody may wait for the pump
	if m.member != nil && (left || m.journalRetryLocked() != protocol.Never) {
		m.member.notifyLocked()
	}
}

// takeBatch exchanges the batch, whose events were fired, for those that have come since.
func (m *MQTT) takeBatch() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.returnBatchLocked()
	m.pump.batch, m.pump.resets = m.client.TakeEvents(), m.resets.Load()
	m.resumeReadingLocked()
	m.feedLocked()
}

// begin marks the event whose handlers are about to be called, one step after the other. If it is open already, a
// handler has panicked in it, and the steps that were begun are not repeated.
func (p *pump) begin(e *protocol.Event, msg *protocol.Message) {
	if p.open == nil {
		p.open, p.openMessage, p.step = e, msg, 0
	}
}

// begins reports whether step is to be done, and notes that it has begun.
func (p *pump) begins(step int) bool {
	if step < p.step {
		return false
	}
	p.step = step + 1
	return true
}

// end marks the open event as done.
func (p *pump) end() { p.open, p.openMessage = nil, nil }

// fireBatch calls the handlers for the rest of the batch, and reports whether that was done to the end: a member that
// has left its group keeps the rest.
func (m *MQTT) fireBatch() (done bool) {
	p := &m.pump
	if p.open != nil {
		m.dispatch(p.open, p.openMessage)
	}
	for p.next < len(p.batch) {
		if m.resets.Load() != p.resets {
			p.next, p.message = len(p.batch), nil
			return true
		}
		if p.by != nil && p.by.left.Load() {
			return false
		}
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
	}
	return p.by == nil || !p.by.left.Load()
}

// returnBatchLocked gives a batch whose events were fired back to the protocol.
func (m *MQTT) returnBatchLocked() {
	if p := &m.pump; p.batch != nil {
		m.client.ReturnEvents(p.batch)
		p.batch, p.next = nil, 0
		m.resumeReadingLocked()
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
func insideHandler() bool { return calledBy(dispatchName) }

// calledBy reports whether a function is on the calling goroutine's stack.
func calledBy(name string) bool {
	var pcs [64]uintptr
	for skip := 3; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for {
			frame, more := frames.Next()
			if frame.Function == name {
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
	activity bool            // bytes that are written start the time anew; those received do not make room
	pumping  bool            // it waits for the pump alone, so that reading past the bound would not help
	start    protocol.Time   // 0 = now
	link     *link           // the wait ends, without an error, when this connection ends; nil = it goes on
	what     string          // for the error's text
}

// awaitReleasing waits until done reports true. Meanwhile it fires events, unless another goroutine does or it runs
// inside a handler. It returns 201 when the limit is over and 301 after Interrupt.
func (m *MQTT) awaitReleasing(l *limit, done func() bool) error {
	if done() {
		return nil
	}
	if !l.pumping {
		m.patient++
		m.resumeReadingLocked()
		defer func() { m.patient-- }()
	}
	if l.ctx != nil {
		defer m.wakeAtEnd(l.ctx)()
	}
	inside := m.pump.taken && insideHandler()
	interrupts := m.interrupts
	start := l.start
	if start == 0 {
		start = m.now()
	}
	for now := start; ; now = m.now() {
		until := protocol.Never
		if l.timeout > 0 {
			until = start + l.timeout
			if l.activity {
				until = max(start, m.client.LastWrite()) + l.timeout
			}
		}
		if m.interrupts != interrupts {
			return errors.New(errors.ErrInterrupted, l.what+" was interrupted.")
		}
		if l.link != nil && (m.link != l.link || m.client.Phase() != protocol.Connected) {
			return nil // asked after the interruption, which may be why it ended
		}
		if l.ctx != nil && l.ctx.Err() != nil {
			return contextError(l.what, l.ctx.Err())
		}
		if now >= until {
			return errors.New(errors.ErrTimeout, fmt.Sprintf("%s took longer than %v.", l.what, l.timeout))
		}
		if inside || !m.firePendingReleasing() {
			m.sleepReleasing(until, false)
		}
		if done() {
			return nil
		}
	}
}
