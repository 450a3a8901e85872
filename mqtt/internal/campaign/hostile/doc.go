// Package hostile tests how much memory a server can make a program take, and that it cannot hold one for ever: floods
// of every packet type, valid and not, from a peer that reads, reads slowly or never reads, to a component whose pump
// runs, sleeps, is away or is blocked in a handler. Each case has a process of its own, whose memory is measured.
//
//	go test ./mqtt/internal/campaign/hostile -v                      # each flood, way to read and pump, by a seed
//	MQTT_CAMPAIGN=full go test ./mqtt/internal/campaign/hostile -v   # each with each
//
// The test logs the table of docs/threats.md.
package hostile
