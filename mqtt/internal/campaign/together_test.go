package campaign

import (
	"fmt"
	"sync"
	"testing"
)

// All cases run, so many at a time and never more, and Together waits for the last of them.
func TestTogether(t *testing.T) {
	const atOnce, count = 3, 10
	var mu sync.Mutex
	running, most, over := 0, 0, 0
	full := make(chan struct{}) // closed when so many run
	Together(t, atOnce, func(run func(name string, test func(t *testing.T))) {
		for n := range count {
			run(fmt.Sprint(n), func(*testing.T) {
				mu.Lock()
				if running++; running == atOnce && most < atOnce {
					close(full)
				}
				most = max(most, running)
				mu.Unlock()
				<-full
				mu.Lock()
				running--
				over++
				mu.Unlock()
			})
		}
	})
	if most != atOnce || over != count {
		t.Errorf("%d of %d cases were over, %d at a time, want %d", over, count, most, atOnce)
	}
}
