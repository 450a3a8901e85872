package transport

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/iotcomponents/iot/errors"
)

// headStart is how long an address, or a family of addresses, is tried before the next one is tried too (RFC 8305,
// section 5, calls it the Connection Attempt Delay).
const headStart = 250 * time.Millisecond

type raced struct {
	conn net.Conn
	err  error
}

// race dials the first way, and the next one each time that a way has failed or has not succeeded after the head start.
// The first connection wins. It returns when all dials that were begun have.
func race(ctx context.Context, ways ...func(context.Context) (net.Conn, error)) (net.Conn, error) {
	if len(ways) == 1 {
		return ways[0](ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan raced)
	late := time.NewTimer(headStart)
	defer late.Stop()
	running := 0
	begin := func() {
		dial := ways[0]
		ways, running = ways[1:], running+1
		late.Reset(headStart)
		// Ended by: its dial, which cancel ends. Waited for by: the loop below, which takes every result.
		go func() {
			conn, err := dial(ctx)
			results <- raced{conn, err}
		}()
	}
	var winner net.Conn
	var failures []error
	for begin(); running > 0; {
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
		if len(ways) > 0 && winner == nil && ctx.Err() == nil {
			begin()
		}
	}
	if winner != nil {
		return winner, nil
	}
	return nil, together(failures)
}

// together joins failures, those of a race inside included. The most telling one comes first: that a name has no
// address of the one family says little when an address of the other refused.
func together(failures []error) attempts {
	var all attempts
	for _, f := range failures {
		if inner, is := f.(attempts); is {
			all = append(all, inner...)
		} else {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b error) int { return vagueness(a) - vagueness(b) })
	return all
}

// attempts are the failures of a race, the most telling one first, which is the one that gives the number.
type attempts []error

func (a attempts) Error() string {
	var texts []string
	for _, err := range a {
		texts = append(texts, strings.TrimSuffix(reason(err), "."))
	}
	return strings.Join(texts, "; ")
}

func (a attempts) Unwrap() []error { return a }

// numbered gives the failures of a race their number.
func numbered(err error) error {
	if all, is := err.(attempts); is {
		return errors.Wrap(errors.FromOS(all[0]).Code, "", all)
	}
	return err
}

// vagueness orders errors by what they tell about the server: least of all when its name has no address.
func vagueness(err error) int {
	switch errors.FromOS(err).Code {
	case errors.ErrConnectionRefused:
		return 0
	case errors.ErrTimeout, errors.ErrConnectionTimedOut, errors.ErrHostUnreachable, errors.ErrNetworkUnreachable,
		errors.ErrHostDown, errors.ErrNetworkDown:
		return 2
	case errors.ErrInterrupted, errors.ErrAddressNotAvailable, errors.ErrAddressFamilyNotSupported,
		errors.ErrNoRemoteHost:
		return 3 // of this computer rather than of the server
	case errors.ErrHostNotFound, errors.ErrHostNotFoundTryAgain, errors.ErrNameServerFailure, errors.ErrNoAddress:
		return 4
	}
	return 1
}
