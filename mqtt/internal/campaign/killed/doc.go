// Package killed tests that a program with JournalDir loses and doubles nothing when it is killed without warning, when
// its connections end and when its disk is full. The program is this test binary with another task.
//
//	go test ./mqtt/internal/campaign/killed -run 'TestKilled$' -timeout 2h -kill.for 30m    # for an hour
package killed
