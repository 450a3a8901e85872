// Package wire is one connection that stands, from the CONNECT that opens it to its end: who reads and who writes it,
// the buffers, and the one timer. It moves the bytes between a transport and a protocol.Client; what they mean is the
// protocol's, and what a program is told of it the owner's.
//
// A Wire has two goroutines at most: the reader and the writer. Neither waits for work of its own: the reader ends
// while others read in its place, the writer while nothing is left to write.
package wire

import (
	"net"
	"sync"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

const (
	// Farewell bounds how long the end of a connection waits for the last packet to be written, and then for the server
	// to close its side too. Closing earlier could make the system drop that packet.
	Farewell = time.Second
	// unread bounds how long after our DISCONNECT because of a broken protocol what the server has sent is still read.
	unread = 10 * time.Millisecond
	// lastWords bounds how long after a failed write the reader looks for the server's reason.
	lastWords = time.Second
)

// Owner is the one whose connection it is. The Wire calls the …Locked methods with the lock, which is the owner's.
type Owner interface {
	// Now is the clock of the protocol.
	Now() protocol.Time
	// ChangedLocked is told that the protocol may be in another state, have events, or that what somebody waits for may
	// have happened.
	ChangedLocked()
	// WaitingLocked reports whether somebody waits to be told by ChangedLocked, other than who reads.
	WaitingLocked() bool
	// TickLocked lets the protocol do what is due.
	TickLocked(now protocol.Time)
	// MustPauseLocked reports whether reading has to pause, and for what; ResumeLocked makes the reader ask again.
	MustPauseLocked() protocol.Pause
	// PausedLocked is told when that has become another reason, or none.
	PausedLocked(why protocol.Pause)
	// WrittenLocked is told that all that was being written has left.
	WrittenLocked()
	// CommitLocked returns what has to succeed, without the lock, before the outgoing buffer may be written; nil =
	// nothing.
	CommitLocked() func() error
	// FlushLocked returns what is to be done, without the lock, when nothing is left to write; nil = nothing.
	FlushLocked() func() error
	// Ended is called without the lock when the connection is closed, and nobody reads or writes any more.
	Ended()
}

// Tracer follows the bytes of a connection. Both methods are called with the lock.
type Tracer interface {
	SentLocked(segments [][]byte)
	ReceivedLocked(b []byte)
}

// Options is what a Wire is made of.
type Options struct {
	Owner    Owner
	Lock     *sync.Mutex // the owner's, which guards Client too
	Client   *protocol.Client
	Conn     transport.Conn
	AcceptBy protocol.Time // until when the server has to answer CONNECT
	Secure   bool          // the connection goes over TLS
}

// Wire is a connection that stands.
type Wire struct {
	// Set by New, used without the lock.
	owner              Owner
	conn               transport.Conn
	direct             *transport.Direct // nil where there is none
	acceptBy           protocol.Time
	secure             bool
	writer, progressed func() // write and progress as values, made once: a writer may begin for each message

	taken   [][]byte       // what is being written; whoever writes owns it
	writing sync.WaitGroup // whoever writes is in it
	buffer  readBuffer     // whoever reads owns it

	mu *sync.Mutex // the owner's; guards the rest

	client     *protocol.Client
	room       sync.Cond // reading may go on
	writerIdle bool      // nobody writes
	stuck      bool      // what FlushLocked asks for has failed; the next commit tries it again
	heard      bool      // something has arrived since the last message that SingleLocked has found
	lending    lending
	timer      *time.Timer
	timerAt    protocol.Time
	tracer     Tracer        // nil = none
	ending     bool          // the protocol's end was noticed
	over       bool          // CloseLocked was called
	patience   time.Duration // how long the last packets may take to be written
	writeErr   error
	readBy     time.Time // the end of reading, zero = none
}

// New returns a Wire that has not started.
func New(o *Options) *Wire {
	w := &Wire{
		owner: o.Owner, conn: o.Conn, direct: transport.NewDirect(o.Conn), acceptBy: o.AcceptBy, secure: o.Secure,
		buffer: newReadBuffer(), mu: o.Lock, client: o.Client, writerIdle: true, timerAt: protocol.Never,
		patience: Farewell,
	}
	w.room.L = o.Lock
	w.writer, w.progressed = w.write, w.progress
	return w
}

// StartReleasing writes what the protocol has to say first, and starts the timer. The reader begins with Read.
func (w *Wire) StartReleasing() {
	// Ended by: CloseLocked. Waited for by: nobody, since it finds the Wire over.
	w.timer = time.AfterFunc(time.Hour, w.Tick)
	w.ScheduleLocked()
	if w.direct != nil && w.owner.CommitLocked() == nil {
		w.WriteDirectReleasing()
	} else {
		w.WakeWriterLocked()
	}
}

// CloseLocked ends the timer of a connection that has ended.
func (w *Wire) CloseLocked() {
	w.over = true
	w.timer.Stop()
}

// AbortLocked closes the connection at once. The protocol has ended.
func (w *Wire) AbortLocked() {
	_ = w.conn.Close()
	w.SettleLocked()
}

// TraceLocked makes t follow the bytes from now on; nil = nobody does. What is sent it sees in whole packets. What is
// received may be in the middle of one, whose beginning it is given now.
func (w *Wire) TraceLocked(t Tracer) {
	if w.tracer = t; t != nil {
		t.ReceivedLocked(w.buffer.unconsumed())
	}
}

// TracedLocked reports whether somebody follows the bytes.
func (w *Wire) TracedLocked() bool { return w.tracer != nil }

// LocalAddr is our end of the connection.
func (w *Wire) LocalAddr() net.Addr { return w.conn.LocalAddr() }

// SettleLocked looks after a change of the protocol's state: it tells the owner, schedules the timer and wakes the
// writer, and notices that the connection has ended.
func (w *Wire) SettleLocked() {
	w.owner.ChangedLocked()
	if w.client.Phase() == protocol.Ended && !w.ending {
		w.ending = true
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.patience))
		w.WakeWriterLocked()
		w.ResumeLocked()
		w.FetchBorrowerLocked()
		w.takeBackLocked()
	}
	w.ScheduleLocked()
	if w.client.OutputSize() > 0 || w.owner.FlushLocked() != nil {
		w.WakeWriterLocked()
	}
}

// ScheduleLocked makes the timer fire no later than the protocol wants. A timer that fires too early is set anew then,
// so that what moves a deadline later costs nothing.
func (w *Wire) ScheduleLocked() {
	at := w.client.Deadline()
	if w.client.Phase() == protocol.Connecting {
		at = w.acceptBy
	}
	at = min(at, w.lending.deadlineLocked())
	if at < w.timerAt {
		w.timerAt = at
		w.timer.Reset(at - w.owner.Now())
	}
}

// Tick is the timer.
func (w *Wire) Tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.timerAt = protocol.Never
	now := w.owner.Now()
	phase := w.client.Phase()
	events, _ := w.client.Pending()
	if phase == protocol.Connecting && now >= w.acceptBy {
		w.client.Fail(errors.New(errors.ErrTimeout, "The server did not answer CONNECT in time.")) // U5-02, U311-02
	}
	w.owner.TickLocked(now)
	w.tickLendingLocked(now)
	if after, _ := w.client.Pending(); after == events && w.client.Phase() == phase {
		// Nobody is woken for nothing: who is woken out of reading arms the timer that looks after the reader, and that
		// would go on and on.
		if w.client.OutputSize() > 0 {
			w.WakeWriterLocked()
		}
		w.ScheduleLocked()
		return
	}
	w.SettleLocked()
}

// released runs f without the lock, which the caller holds, and locks it again also when f panics.
func (w *Wire) released(f func()) {
	w.mu.Unlock()
	defer w.mu.Lock()
	f()
}
