// Bridge connects two servers and forwards topics between them, as a file of NAME=VALUE sections says. Nothing is lost
// when it is killed.
//
//	go run ./examples/bridge                from one broker inside the program to another, for a demonstration
//	go run ./examples/bridge bridge.conf    as the file says, until Ctrl-C; a changed file is read again
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 1 {
		demonstrate()
		return
	}
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if err := watch(ctx, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// watch runs the bridge of a file, and another one when the file has changed. A faulty file is an error at the start;
// later it is told, and the bridge stays as it is.
func watch(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s:\n%w", file, err)
	}
	for {
		stop := start(ctx, c)
		next, changed := waitForChange(ctx, file, string(text))
		stop()
		if next == nil {
			return nil
		}
		slog.Info("the file has changed", "file", file)
		c, text = next, []byte(changed)
	}
}

// start starts a bridge; stop ends it and waits for that.
func start(ctx context.Context, c *configuration) (stop func()) {
	inner, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		bridge(inner, c)
	}()
	return func() { cancel(); <-done }
}

// waitForChange looks every second whether the file has another text that is without faults. It returns nil when ctx
// ends.
func waitForChange(ctx context.Context, file, before string) (*configuration, string) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ""
		case <-tick.C:
		}
		text, err := os.ReadFile(file)
		if err != nil || string(text) == before { // it may be away for a moment, while it is being replaced
			continue
		}
		before = string(text)
		c, err := parse(before)
		if err == nil {
			return c, before
		}
		slog.Error("the changed file is not used", "file", file, "error", err)
	}
}
