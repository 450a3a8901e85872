// Package peers measures the component beside other Go clients, in one run, against the same other end. It is a module
// of its own, so that nobody who imports the component gets the peers.
//
//	cd mqtt/internal/peers && go test -bench .
package peers
