package campaign

import (
	"sync"
	"testing"
)

// Together runs cases that mostly wait as subtests of t, so many at a time, however many processors there are. It
// returns when all are over. f is called once, and calls run for each case.
func Together(t *testing.T, atOnce int, f func(run func(name string, test func(t *testing.T)))) {
	slots := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	defer running.Wait()
	f(func(name string, test func(t *testing.T)) {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			t.Run(name, test)
		})
	})
}
