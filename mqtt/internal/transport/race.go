package transport

import (
	"context"
	stderrors "errors"
	"fmt"
	"net"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// headStart is how long IPv6 is tried alone (RFC 8305, section 5, calls it the Connection Attempt Delay).
const headStart = 250 * time.Millisecond

type raced struct {
	conn net.Conn
	err  error
}

// race dials first, and when that has failed or has not succeeded after the head start second as well. The first
// connection wins. It returns when both dials have.
func race(ctx context.Context, first, second func(context.Context) (net.Conn, error)) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan raced)
	run := func(dial func(context.Context) (net.Conn, error)) {
		conn, err := dial(ctx)
		results <- raced{conn, err}
	}
	// Ended by: its dial, which cancel ends. Waited for by: the loop below, which takes every result.
	go run(first)
	late := time.NewTimer(headStart)
	defer late.Stop()
	var winner net.Conn
	var failures []error
	for running, started := 1, false; running > 0; {
		select {
		case <-late.C:
		case r := <-results:
			running--
			switch {
			case r.err != nil:
				failures = append(failures, r.err)
			case winner == nil:
				winner = r.conn
				cancel()
			default:
				_ = r.conn.Close()
			}
		}
		if !started && winner == nil {
			started = true
			running++
			go run(second) // like the first
		}
	}
	if winner != nil {
		return winner, nil
	}
	return nil, both(failures[0], failures[1])
}

// both joins two failures. The more telling one comes first and gives the number: that a name has no address of the one
// family says little when an address of the other did not answer.
func both(a, b error) error {
	if _, lookUp := stderrors.AsType[*net.DNSError](a); lookUp {
		a, b = b, a
	}
	return errors.Wrap(errors.FromOS(a).Code, "", fmt.Errorf("%w; %w", a, b))
}
