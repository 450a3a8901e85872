// Package journal keeps the unfinished QoS 1 and 2 messages of one client identifier on disk.
package journal
