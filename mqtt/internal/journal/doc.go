// Package journal keeps the unfinished QoS 1 and 2 messages of one client identifier on disk: each is added when it is
// accepted, takes steps with its exchange, and is finished with it. What is noted costs no I/O; Commit brings it to the
// disk, for all who wait with one write and one sync. There is no goroutine and no timer.
//
// It is a plain append-only file rather than go.etcd.io/bbolt since that was measured: for messages of 64 bytes of 1,
// 10 and 100 concurrent publishers, this file takes 0.9, 0.25 and 0.05 times as long for each as a bare loop that
// appends the bytes and syncs for each message (BenchmarkCommit); bbolt 1.5.0 takes 1.5 with Update, and 1.2 and 0.12
// with Batch for 10 and 100. And a page that is damaged costs the records on it here, not a tree.
//
// # Files
//
// NAME-HASH.journal is the journal, with what is readable of the client identifier and 16 hexadecimal digits of its
// SHA-256. Beside it are .lock, which is locked while the journal is open, .journal.new, which is about to replace it,
// and .journal.damaged, a copy of it from before it was repaired. Only their owner can read them.
//
// # Format
//
// Numbers are little endian. The file begins with two equal copies of the header:
//
//	 0  8  MQTTJRNL
//	 8  2  format version: 1; the header is the same in all
//	10  2  length of the client identifier
//	12  4  salt, random for each journal
//	16  …  client identifier
//	 …  4  CRC-32C of all before it
//
// Records follow to the end of the file:
//
//	 0  2  AB F1
//	 2  1  kind: 1 Add, 2 Step, 3 Finish, 4 Last, 5 Size
//	 3  1  packet type that the exchange waits for (Add, Step), 0 = none
//	 4  4  length of the body; only Add, Last and Size have one
//	 8  8  key of the message; those of later messages are greater
//	16  4  CRC-32C of all before it, begun with the salt
//	20  …  body
//	 …  4  CRC-32C of the body, begun with the salt and both halves of the key, all exclusive-ored; not without a body
//
// The body of Add:
//
//	0  1  flags: 1 incoming, 2 retain, 4 dup, 8 and 16 QoS, 32 it expires
//	1  2  packet identifier
//	3  2  length of the topic
//	5  4  length of the properties
//	9  8  only of one that expires: when, in nanoseconds of Unix time
//	…  …  topic, never an alias; properties as in the packet, without their length; payload
//
// Last has the key of the newest message and the packet identifier of the newest outgoing one, of two bytes. It stands
// behind the messages that a rewritten file begins with.
//
// Size has no key; its body of eight bytes is the size of the file when it was last synced. It is the first record of a
// file that was rewritten, as is the first file, and the only one that is overwritten: after each sync.
//
// The checksum of its own lets a reader trust the length of a record whose body is damaged, and go on behind it. If
// that is damaged too, it looks for the next sound head, which nothing within a payload can be for who does not know
// the salt.
//
// # The files of the package
//
//	journal.go    Journal: the notes, and Close
//	notes.go      what is noted and not written
//	commit.go     Commit and Flush: who writes for whom
//	suspend.go    giving the file to others for a while
//	store.go      writing, syncing, and what is done when they fail
//	index.go      where in the file the messages are
//	rewrite.go    the file without what is finished
//	open.go       Open and Remove
//	header.go     the beginning of a file
//	record.go     the records
//	size.go       the record that tells a file that was cut off
//	read.go       from bytes to records, sound and damaged
//	replay.go     from records to a session
//	source.go     reading through a window
//	name.go       names of files
//	filesystem.go what is needed of the system; lock_*.go its locks
package journal
