package mqtt

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
)

// Group is one loop for many components: its DoEvents, Run and EventsReady do for all members what those of a component
// do for one. Members are added and removed at any time, inside handlers too. A member has no goroutine and no timer in
// the group, and costs nothing while it has no events.
//
// The events of a member keep their order. Handlers run one at a time across the group, as a program with one loop
// expects, unless Parallel says otherwise. That holds for events too which a blocking method of a member would fire on
// a goroutine of its own: while a handler of another member runs it waits. Inside a handler of one member every method
// of another one may be called, DoEvents included, and then fires the other's events there.
//
// All methods are safe to call from any goroutine.
type Group struct {
	// SelectWaitMillis is how many milliseconds DoEvents waits for an event if there is none; 20 by default, 0 = not.
	// It and Parallel are set before the first DoEvents or Run.
	SelectWaitMillis int
	// Parallel is how many members may have a handler running at the same time; 0 and 1 = one across the group. The
	// handlers of one member never run at the same time. Run has so many goroutines, the caller's among them.
	//
	// With more than one a method of another member that would fire events, called inside a handler, takes the handler
	// that the other member may be running for the caller's, as if it were called inside that: DoEvents returns error
	// 143.
	Parallel int

	ready chan struct{}

	guard   sync.Mutex // of the rest; taken with MQTT.mu held or without, and never held while MQTT.mu is taken
	waiting turnQueue
	turns   int // under way: goroutines that fire events of members
	runs    bool
	refused map[*MQTT]struct{}    // that may fire when a turn is over
	retries map[*member]time.Time // when those whose journal cannot be written try it again
	changed signal
}

// member is a component's place in a group.
type member struct {
	m      *MQTT
	group  *Group
	left   atomic.Bool // it was removed: no further event is fired for the group
	queued bool        // Group.guard guards it
}

// turnQueue is the members that have events, each once, in the order in which they got them. The group's guard guards
// it.
type turnQueue struct{ members []*member }

func (q *turnQueue) len() int { return len(q.members) }

// add reports whether p was not there.
func (q *turnQueue) add(p *member) bool {
	if p.queued {
		return false
	}
	p.queued = true
	q.members = append(q.members, p)
	return true
}

// take returns the member that has had events for the longest time; nil = none has any.
func (q *turnQueue) take() *member {
	if len(q.members) == 0 {
		return nil
	}
	next := q.members[0]
	q.members[0] = nil
	q.members = q.members[1:]
	next.queued = false
	return next
}

// NewGroup returns a group of components, which may be empty.
func NewGroup(components ...*MQTT) *Group {
	g := &Group{
		SelectWaitMillis: 20, ready: make(chan struct{}, 1),
		refused: map[*MQTT]struct{}{}, retries: map[*member]time.Time{},
	}
	g.Add(components...)
	return g
}

// Add makes components members. What they have to tell already is fired too. A component is in one group at a time: one
// that is in another group leaves it. Add of a member does nothing.
func (g *Group) Add(components ...*MQTT) {
	for _, m := range components {
		m.mu.Lock()
		if m.member == nil || m.member.group != g {
			m.leaveGroupLocked()
			m.member = &member{m: m, group: g}
			m.member.notifyLocked() // it may have events
		}
		m.mu.Unlock()
	}
}

// Remove ends the membership of components: the group begins no further handler of them, not even for events that it
// has taken from them already. They stay with the component, for its own DoEvents. A handler that another goroutine
// runs now may go on after Remove has returned. Remove of what is no member does nothing.
func (g *Group) Remove(components ...*MQTT) {
	for _, m := range components {
		m.mu.Lock()
		if m.member != nil && m.member.group == g {
			m.leaveGroupLocked()
			select {
			case m.ready <- struct{}{}:
			default:
			}
			m.wakeLocked()
		}
		m.mu.Unlock()
	}
}

// leaveGroupLocked ends the membership, if there is one.
func (m *MQTT) leaveGroupLocked() {
	if m.member == nil {
		return
	}
	m.member.left.Store(true)
	m.member.retryAt(time.Time{})
	m.member = nil
}

// DoEvents fires the events of the members that are ready, one batch of each. If there are none it waits for one,
// SelectWaitMillis at most.
//
// Errors:
//   - [errors.ErrBusy] (143): inside a handler that the group runs, after SelectWaitMillis too
//
// While another goroutine fires the group's events, DoEvents just waits.
func (g *Group) DoEvents() error {
	wait := time.Duration(g.SelectWaitMillis) * time.Millisecond
	if err := g.refuseInsideTurn("DoEvents"); err != nil {
		time.Sleep(wait)
		return err
	}
	until := time.Now().Add(wait)
	for {
		changed := g.watch()
		fired := g.fireReady()
		if !fired && time.Now().Before(until) {
			g.sleep(changed, until)
		}
		g.unwatch()
		if fired || !time.Now().Before(until) {
			return nil
		}
	}
}

// Run fires the events of the members until ctx ends, and returns nil then. Connections are left as they are.
//
// Errors:
//   - [errors.ErrBusy] (143): inside a handler that the group runs, and while another Run of the group is active
func (g *Group) Run(ctx context.Context) error {
	if err := g.refuseInsideTurn("Run"); err != nil {
		return err
	}
	if !g.setRuns(true) {
		return errors.New(errors.ErrBusy, "Run of this group is active already.")
	}
	defer g.setRuns(false)
	defer context.AfterFunc(ctx, g.broadcast)()
	var helpers sync.WaitGroup
	defer helpers.Wait()
	for range g.Parallel - 1 {
		// Ended by: ctx. Waited for by: Run.
		helpers.Go(func() { g.runUntil(ctx) })
	}
	g.runUntil(ctx)
	return nil
}

// setRuns notes whether Run is active, and reports whether that has changed.
func (g *Group) setRuns(runs bool) bool {
	g.guard.Lock()
	defer g.guard.Unlock()
	changes := g.runs != runs
	g.runs = runs
	return changes
}

// runUntil is what each goroutine of Run does.
func (g *Group) runUntil(ctx context.Context) {
	for ctx.Err() == nil {
		changed := g.watch()
		n := 1 // another goroutine may take the next one
		if g.serial() {
			n = max(1, g.count())
		}
		if !g.takeTurn(n) && ctx.Err() == nil {
			g.sleep(changed, time.Time{})
		}
		g.unwatch()
	}
}

// EventsReady returns a channel that receives when DoEvents has something to do, for programs that select. It may
// receive once too often, never too seldom.
func (g *Group) EventsReady() <-chan struct{} { return g.ready }

func (g *Group) serial() bool { return g.Parallel <= 1 }

// count is how many members have events.
func (g *Group) count() int {
	g.guard.Lock()
	defer g.guard.Unlock()
	return g.waiting.len()
}

// fireReady gives each member that has events now one turn, and reports whether there were any. Those that get some
// meanwhile wait for the next call, so that it ends.
func (g *Group) fireReady() (fired bool) {
	g.queueRetries()
	n := g.count()
	if g.serial() || n < 2 {
		return g.takeTurn(n)
	}
	workers := min(n, g.Parallel)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	for i := 1; i < workers; i++ {
		share := (n + i) / workers // of n; the caller's is the smallest
		// Ended by: the end of its share. Waited for by: its caller.
		helpers.Go(func() { g.takeTurn(share) })
	}
	return g.takeTurn(n / workers)
}

// takeTurn gives up to n members one turn each, on the calling goroutine, and reports whether there was any.
func (g *Group) takeTurn(n int) bool {
	g.queueRetries()
	if n == 0 || g.count() == 0 || !g.beginTurn() {
		return false
	}
	g.inTurn(func() {
		for range n {
			next := g.next()
			if next == nil {
				return
			}
			next.fire()
		}
	})
	return true
}

func (g *Group) next() *member {
	g.guard.Lock()
	defer g.guard.Unlock()
	return g.waiting.take()
}

// inTurn calls f, which fires events, and ends the turn that its caller has begun. Its name on the stack is how
// insideTurn knows.
//
//go:noinline
func (g *Group) inTurn(f func()) {
	defer g.endTurn()
	f()
}

func (g *Group) endTurn() {
	g.guard.Lock()
	g.turns--
	refused := g.refused
	if len(refused) > 0 {
		g.refused = map[*MQTT]struct{}{}
	}
	g.changed.broadcast()
	g.guard.Unlock()
	for m := range refused {
		m.mu.Lock()
		m.wakeLocked()
		m.mu.Unlock()
	}
}

var inTurnName = runtime.FuncForPC(reflect.ValueOf((*Group).inTurn).Pointer()).Name()

// insideTurn reports whether the calling goroutine fires events of some group. As with insideHandler, callers ask only
// while their own group's turn is under way.
func insideTurn() bool { return calledBy(inTurnName) }

// refuseInsideTurn returns error 143 if the calling goroutine is inside a handler that the group runs.
func (g *Group) refuseInsideTurn(method string) error {
	g.guard.Lock()
	turns := g.turns
	g.guard.Unlock()
	if turns > 0 && insideTurn() {
		return errors.New(errors.ErrBusy, method+" of a group was called inside an event handler that the group runs.")
	}
	return nil
}

// watch returns a channel that is closed when a member gets events or a turn ends. unwatch follows.
func (g *Group) watch() <-chan struct{} {
	g.guard.Lock()
	defer g.guard.Unlock()
	return g.changed.wait()
}

func (g *Group) unwatch() {
	g.guard.Lock()
	defer g.guard.Unlock()
	g.changed.done()
}

func (g *Group) broadcast() {
	g.guard.Lock()
	defer g.guard.Unlock()
	g.changed.broadcast()
}

// sleep waits for changed, for the next attempt at a journal, or until; zero = no limit.
func (g *Group) sleep(changed <-chan struct{}, until time.Time) {
	if at := g.nextRetry(); !at.IsZero() && (until.IsZero() || at.Before(until)) {
		until = at
	}
	var expired <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-changed:
	case <-expired:
	}
}

// permitLocked returns what fires the events of m now, for a method of m that would fire them on the calling goroutine;
// nil = another member's turn is under way on another goroutine. m is woken then when that is over.
func (g *Group) permitLocked(m *MQTT) (fire func()) {
	inTurn := func() { g.inTurn(m.fireReady) }
	switch {
	case !g.serial():
		return m.fireReady
	case g.beginTurn():
		return inTurn
	case insideTurn():
		return m.fireReady
	case g.beginTurnOrNote(m): // the other one is over
		return inTurn
	}
	return nil
}

// beginTurn begins a turn if one may begin now.
func (g *Group) beginTurn() bool {
	g.guard.Lock()
	defer g.guard.Unlock()
	if g.serial() && g.turns > 0 {
		return false
	}
	g.turns++
	return true
}

// beginTurnOrNote is beginTurn that has m woken at the end of the turn that keeps it from beginning.
func (g *Group) beginTurnOrNote(m *MQTT) bool {
	g.guard.Lock()
	defer g.guard.Unlock()
	if g.turns > 0 {
		g.refused[m] = struct{}{}
		return false
	}
	g.turns++
	return true
}

// notifyLocked tells the group that the component may have something to fire.
func (p *member) notifyLocked() { p.group.enqueue(p) }

func (g *Group) enqueue(p *member) {
	g.guard.Lock()
	defer g.guard.Unlock()
	if !g.waiting.add(p) {
		return
	}
	g.changed.broadcast()
	select {
	case g.ready <- struct{}{}:
	default:
	}
}

// fire fires what the member has, one batch at most, and notes when it wants to be looked at again.
func (p *member) fire() {
	m := p.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retryJournalReleasing()
	if m.member != p {
		return
	}
	if m.mayFireLocked() {
		m.pump.by = p
		m.fireReleasing(m.fireReady)
	}
	if at := m.journalRetryLocked(); m.member == p && at != protocol.Never {
		p.retryAt(m.timeOf(at))
	}
}

// retryAt says when the member has to be looked at again; zero = only when it has events.
func (p *member) retryAt(at time.Time) {
	g := p.group
	g.guard.Lock()
	defer g.guard.Unlock()
	if at.IsZero() {
		delete(g.retries, p)
		return
	}
	g.retries[p] = at
	g.changed.broadcast()
}

// nextRetry is when the next of retries is due; zero = there is none.
func (g *Group) nextRetry() (next time.Time) {
	g.guard.Lock()
	defer g.guard.Unlock()
	for _, at := range g.retries {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// queueRetries queues the members whose time has come.
func (g *Group) queueRetries() {
	g.guard.Lock()
	defer g.guard.Unlock()
	for p, at := range g.retries {
		if !time.Now().Before(at) {
			delete(g.retries, p)
			g.waiting.add(p)
		}
	}
}
