// Package toxic tests the component over links with the faults of toxiproxy: latency, little bandwidth, slices, resets,
// silence and cuts, in either direction. It is a module of its own, so that nobody who imports the component gets
// toxiproxy. TestFaultsAtEachStep of package campaign/faults has the faults that want precision.
//
//	cd mqtt/internal/toxic && go test .
package toxic
