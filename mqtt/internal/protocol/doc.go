// Package protocol is the client's side of MQTT 3.1.1 and 5.0 as a value: packets, commands and the clock go in, bytes
// and events come out. It does no I/O, starts no goroutine, reads no clock and takes no lock; whoever owns a Client
// serialises the calls. Every rule of the two specifications that is not about the layout of a packet (that is package
// packet) is decided here.
//
// The files, one rule each:
//
//	client.go     Client: the parts of the state and who resets them when
//	connect.go    CONNECT, CONNACK, and what a server's limits replace
//	auth.go       AUTH: who may send it when
//	receive.go    from bytes to packets; which packet may arrive when
//	publish.go    outbound PUBLISH: the checks, then QoS 0, 1 and 2
//	queue.go      messages that are accepted without a connection
//	outflow.go    PUBACK, PUBREC and PUBCOMP for what was published
//	defer.go      acknowledgments that the program sends later, and their order
//	inflow.go     inbound PUBLISH and PUBREL, and the acknowledgments that the pump releases
//	session.go    the session apart from any connection
//	restore.go    a session that another process has saved
//	journal.go    the session step by step, for a disk
//	resume.go     what a new connection does with the exchanges of the last one
//	quota.go      Receive Maximum, both ways
//	alias.go      topic aliases, both ways
//	autoalias.go  topic aliases that the client chooses
//	subscribe.go  SUBSCRIBE, UNSUBSCRIBE and their answers
//	resubscribe.go subscriptions that a lost session had
//	keepalive.go  PINGREQ, PINGRESP and the deadline
//	republish.go  repetition on a living connection, which only 3.1.1 allows
//	acktimeout.go SUBACK and UNSUBACK that do not come
//	timeline.go   what was sent and not answered, in the order of its time limits
//	disconnect.go how a connection ends
//	packetid.go   packet identifiers
//	list.go       messages in order, with their positions
//	message.go    Message, its states, its storage
//	output.go     the outgoing buffer
//	event.go      what the owner is told
package protocol
