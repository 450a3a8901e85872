// Package bubble is testing/synctest with a watchdog: a test that hangs fails by its name, with the stacks of its
// goroutines, and the other tests of its package go on. By itself synctest ends the program when everything in a bubble
// is blocked, and runs on when a timer comes again and again.
package bubble

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const (
	// virtualLimit is more than any test needs: the longest wait of the servers of mqtttest is 1,000 hours.
	virtualLimit = 100_000 * time.Hour
	// round is how often, in virtual time, a bubble is asked whether its real time is over.
	round = 10 * time.Hour
)

// realLimit is a hundred times what the longest test takes on an idle machine.
var realLimit = 5 * time.Minute

// Test is synctest.Test. What hangs is left behind: once its virtual time stands still the goroutines of its bubble
// never run again, except for one that computes without end.
func Test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	b := bubble{hung: make(chan string, 1), frozen: make(chan struct{})}
	ended := make(chan string, 1)
	go func() { // ends with the bubble
		defer func() {
			why := ""
			if p := recover(); p != nil { // goroutines are left when the test is over
				why = fmt.Sprintf("%v\n%s", p, b.stacks())
			}
			ended <- why
		}()
		synctest.Test(t, func(t *testing.T) {
			b.watch(t)
			f(t)
		})
	}()
	limit := time.NewTimer(realLimit)
	defer limit.Stop()
	why := ""
	select {
	case why = <-ended:
	case why = <-b.hung:
	case <-limit.C:
		b.expired.Store(true)
		why = fmt.Sprintf("it hangs: it is not over after %v of real time\n%s", realLimit, b.stacks())
	}
	if why != "" {
		t.Fatal(why)
	}
	if t.Failed() { // synctest.Test has ended its goroutine, not this one
		t.FailNow()
	}
}

type bubble struct {
	mark    atomic.Value  // string: what the stacks of its goroutines bear
	expired atomic.Bool   // its real time is over
	hung    chan string   // why
	frozen  chan struct{} // made outside the bubble: virtual time stops while a goroutine of the bubble waits for it
}

// watch starts the watchdog inside the bubble; the end of the test stops it.
func (b *bubble) watch(t *testing.T) {
	var own [100]byte
	header, _, _ := strings.Cut(string(own[:runtime.Stack(own[:], false)]), "]:")
	b.mark.Store(header[strings.LastIndex(header, "synctest"):] + "]:")
	start := time.Now()
	var dog *time.Timer
	dog = time.AfterFunc(round, func() {
		switch {
		case b.expired.Load():
			<-b.frozen
		case time.Since(start) >= virtualLimit:
			b.hung <- fmt.Sprintf("it hangs: it is not over after %v of virtual time\n%s", virtualLimit, b.stacks())
			<-b.frozen
		}
		dog.Reset(round)
	})
	t.Cleanup(func() { dog.Stop() })
}

// stacks returns the stacks of the goroutines of the bubble.
func (b *bubble) stacks() string {
	mark, _ := b.mark.Load().(string)
	all := make([]byte, 64<<10)
	for n := runtime.Stack(all, true); ; n = runtime.Stack(all, true) {
		if n < len(all) {
			all = all[:n]
			break
		}
		all = make([]byte, 2*len(all))
	}
	var own []string
	for _, stack := range strings.Split(string(all), "\n\n") {
		if header, _, _ := strings.Cut(stack, "\n"); strings.Contains(header, mark) {
			own = append(own, stack)
		}
	}
	return strings.Join(own, "\n\n")
}
