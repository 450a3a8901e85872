package mqtt

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
	"github.com/iotcomponents/iot/mqtt/internal/protocol"
	"github.com/iotcomponents/iot/mqtt/internal/transport"
)

const (
	// farewell bounds how long the end of a connection waits for the last packet to be written, and then for the
	// server to close its side too. Closing earlier could make the system drop that packet.
	farewell = time.Second
	// lastWords bounds how long after a failed write the reader looks for the server's reason.
	lastWords = time.Second
)

// link is one attempt to reach one server and the connection that it becomes. It has two goroutines at most: the
// reader, which connects first, and the writer. Neither waits for work of its own: the reader ends while others read in
// its place, the writer while nothing is left to write.
type link struct {
	m         *MQTT
	ctx       context.Context // ends with the link
	cancel    context.CancelFunc
	connectBy protocol.Time      // end of the time for the attempt
	dial      *transport.Options // until the transport stands
	options   *protocol.Options  // likewise

	// Set with the lock when the transport stands; whoever reads or writes uses them without.
	conn               transport.Conn    // nil until then
	direct             *transport.Direct // nil where there is none
	writer, progressed func()            // write and progress as values, made once: a writer may begin for each message

	taken   [][]byte       // what is being written; whoever writes owns it
	writing sync.WaitGroup // whoever writes is in it
	buffer  *readBuffer    // whoever reads owns it

	// MQTT.mu guards the rest.
	journal               *journaling // in use as long as the link stands; nil = none
	writerIdle            bool        // nobody writes, and there is a transport to write to
	stuck                 bool        // notes could not be written, which the next commit tries again
	heard                 bool        // something has arrived since the last message that singleLocked has found
	lending               lending
	timer                 *time.Timer
	timerAt               protocol.Time
	tracer                *tracer       // nil below LogLevel 2
	remote                string        // the address, while connected
	route                 *route        // the attempt that it belongs to, until it stands
	automatic             bool          // AutoReconnect has begun it
	takesOver             bool          // the program's own Connect, in the place of an attempt that automatic tells
	insideHandler         bool          // Connect was called inside a handler, so that the pump cannot answer it
	overFirewall, overTLS bool          // what it goes over
	stood                 bool          // the server accepted the connection
	since                 protocol.Time // when it did
	ending                bool          // the protocol's end was noticed
	patience              time.Duration // how long the last packets may take to be written
	writeErr              error
	readBy                time.Time // the end of reading, zero = none
	result                error     // of the attempt, when it failed
}

// startLocked begins the attempt.
func (l *link) startLocked() {
	l.buffer = newReadBuffer()
	l.patience = farewell
	l.shareLocked()
	// Ended by: the end of the connection or of the attempt, or stepBackLocked. Waited for by: whoever waits for m.link to
	// become nil.
	go l.begin()
}

// startedLocked reports whether the attempt has begun; before, it asks BeforeConnect.
func (l *link) startedLocked() bool { return l.buffer != nil }

// overLocked reports whether the attempt or the connection has ended for the program, although goroutines of it are
// still closing it.
func (l *link) overLocked() bool {
	return l.startedLocked() && (l.result != nil || l.stood && l.m.client.Phase() == protocol.Ended)
}

// fixedLocked reports whether the properties that the attempt was made of cannot be exchanged: they can while it asks
// BeforeConnect, whose handler may bring other credentials, and when it is over.
func (l *link) fixedLocked() bool { return l.startedLocked() && !l.overLocked() }

// begin is the goroutine that connects and then becomes the reader.
func (l *link) begin() {
	m := l.m
	cancel := l.cancel
	defer cancel()
	m.mu.Lock()
	journal, failure := m.useJournalReleasing(l.options.ClientID)
	if failure != nil {
		l.route.rest = nil // it would be the same with every server
	}
	m.mu.Unlock()
	conn, err := l.connect(failure)
	m.mu.Lock()
	l.journal = journal
	if err == nil {
		err = l.openReleasing(conn)
	}
	m.mu.Unlock()
	if err == nil {
		l.read()
		return
	}
	if conn != nil {
		_ = conn.Close()
	}
	l.clearUp(err)
}

// read is the reader: it reads until the connection ends, then clears up, or until others read in its place.
func (l *link) read() {
	if l.receive(l.conn) {
		return
	}
	l.writing.Wait()
	_ = l.conn.Close()
	l.clearUp(nil)
}

// clearUp ends the link.
func (l *link) clearUp(failure *errors.Error) {
	m := l.m
	leaving := m.leave(l.journal)
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.journal != nil {
		m.journalOutcomeLocked(l.journal, leaving)
	}
	l.finishLocked(failure)
}

// connect makes the transport stand, unless the attempt has failed before.
func (l *link) connect(failure error) (transport.Conn, *errors.Error) {
	if failure != nil {
		return nil, errors.FromOS(failure)
	}
	return transport.Dial(l.ctx, l.dial)
}

// openReleasing begins the protocol on a transport that stands.
func (l *link) openReleasing(conn transport.Conn) *errors.Error {
	m := l.m
	if l.ctx.Err() != nil { // interrupted meanwhile
		return errors.Wrap(errors.ErrInterrupted, "Connect was interrupted.", l.ctx.Err())
	}
	if err := m.client.Connect(m.now(), l.options); err != nil {
		var numbered *errors.Error
		stderrors.As(err, &numbered)
		return numbered
	}
	l.conn, l.direct = conn, transport.NewDirect(conn)
	l.route.formerAck = m.client.ConnAck()
	if !l.overFirewall { // whose address is not the server's
		l.remote, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
	}
	if s := l.route.currentLocked(); l.remote == "" && !m.isRemoteHostLocked(s) {
		l.remote = s.String()
	}
	m.statusLocked(remoteHostConnected, nil)
	m.logLocked(logInformation, logInfo, "Connected to "+conn.RemoteAddr().String()+".")
	if m.logsLocked(logVerbose) {
		m.logLocked(logVerbose, logInfo, fmt.Sprintf("The connection to %s goes from %v to %v.", l.dial.Target.Host, conn.LocalAddr(), conn.RemoteAddr()))
	}
	l.cancel()
	l.dial, l.options, l.ctx, l.cancel = nil, nil, nil, func() {} // a connection may stand for long
	l.traceLocked()
	l.timer = time.AfterFunc(time.Hour, l.tick)
	l.timerAt = protocol.Never
	l.scheduleLocked()
	l.writer, l.progressed = l.write, l.progress
	l.writerIdle = true
	if l.direct != nil && !m.mustCommitLocked() {
		l.writeDirectReleasing()
	} else {
		m.wakeWriterLocked()
	}
	return nil
}

// finishLocked clears up after the attempt or the connection, and tells its end.
func (l *link) finishLocked(failure *errors.Error) {
	m := l.m
	if l.timer != nil {
		l.timer.Stop()
	}
	end := m.client.End()
	if l.conn != nil {
		failure = end.Err
		m.client.Settings.QueueRequests = m.returnsLocked()
		m.client.Closed()
		m.statusLocked(remoteHostDisconnected, failure)
		if l.overTLS {
			m.statusLocked(sslDisconnected, failure)
		}
		if l.overFirewall {
			m.statusLocked(firewallDisconnected, failure)
		}
	}
	m.link, m.readyToSend = nil, false
	if l.stood {
		if failure != nil {
			m.client.NoteError(failure)
		}
		m.logLocked(logInformation, logInfo, "Disconnected: "+describe(failure))
		a := l.farewellArgs(end)
		m.client.PushOwner(a, len(a.Description)+len(a.ReasonString)+len(a.ServerReference)+sizeOf(a.UserProperties))
		if end.ByServer {
			m.settings.noteServerDisconnect(&end.Disconnect)
			m.sentAwayConnectedLocked(l)
		}
	} else {
		if failure == nil { // the server ended the attempt with DISCONNECT 0, or Disconnect did
			failure = errors.New(errors.ErrInterrupted, "The attempt was ended before the server accepted it.")
		}
		if l.result != nil { // the program has ended it, perhaps while a refused connection was being closed
			failure = errors.FromOS(l.result)
		}
		m.logLocked(logInformation, logInfo, "Connecting failed: "+describe(failure))
		if l.goOnLocked(failure) {
			m.eventsQueuedLocked()
			return
		}
		failure = l.route.verdictLocked(failure)
		l.result = failure
		m.client.NoteError(failure)
	}
	goesOn := m.reconnectAfterLocked(l, failure)
	if !goesOn {
		m.client.DropRequests(!end.Local)
	}
	if !goesOn && !l.stood && !l.automatic {
		m.client.PushOwner(&ConnectedEventArgs{StatusCode: failure.Code, Description: failure.Description}, len(failure.Description))
	}
	m.eventsQueuedLocked()
}

func (l *link) farewellArgs(end *protocol.End) *DisconnectedEventArgs {
	a := &DisconnectedEventArgs{Description: ok}
	if end.Err != nil {
		a.StatusCode, a.Description = end.Err.Code, end.Err.Description
	}
	if end.ByServer {
		d := &end.Disconnect
		a.ReasonCode, a.ReasonName = int(d.Reason), packet.ReasonName(packet.DISCONNECT, d.Reason)
		a.ReasonString, a.ServerReference, a.UserProperties = d.ReasonString, d.ServerReference, userPairs(d.UserProperties)
	}
	return a
}

// settleLocked looks after a change of the protocol's state: it schedules the timer, wakes the writer, notices that the
// server has accepted the connection or that the connection has ended, and tells the pump.
func (l *link) settleLocked() {
	m := l.m
	if !l.stood && m.client.Accepted() {
		l.acceptedLocked()
	}
	if m.client.Phase() == protocol.Ended && !l.ending {
		l.ending = true
		_ = l.conn.SetWriteDeadline(time.Now().Add(l.patience))
		m.wakeWriterLocked()
		m.room.broadcast()
		m.fetchBorrowerLocked()
		l.takeBackLocked()
	}
	l.scheduleLocked()
	if m.client.OutputSize() > 0 || m.journal.unwrittenLocked() != nil {
		m.wakeWriterLocked()
	}
	m.eventsQueuedLocked()
}

// scheduleLocked makes the timer fire no later than the protocol wants. A timer that fires too early is set anew then,
// so that what moves a deadline later costs nothing.
func (l *link) scheduleLocked() {
	at := l.m.client.Deadline()
	if l.m.client.Phase() == protocol.Connecting {
		at = l.connectBy
	}
	at = min(at, l.lending.deadlineLocked())
	if at < l.timerAt {
		l.timerAt = at
		l.timer.Reset(at - l.m.now())
	}
}

// tick is the timer.
func (l *link) tick() {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.link != l {
		return
	}
	l.timerAt = protocol.Never
	now := m.now()
	phase := m.client.Phase()
	events, _ := m.client.Pending()
	if phase == protocol.Connecting && now >= l.connectBy {
		m.client.Fail(errors.New(errors.ErrTimeout, "The server did not answer CONNECT in time.")) // U5-02, U311-02
	}
	pings := m.client.UnansweredPings()
	m.client.Tick(now)
	if n := m.client.UnansweredPings(); n > pings && m.logsLocked(logDebug) {
		m.logLocked(logDebug, logInfo, fmt.Sprintf("Keep-alive is due: PINGREQ is sent; %d now wait for PINGRESP.", n))
	}
	l.tickLendingLocked(now)
	if after, _ := m.client.Pending(); after == events && m.client.Phase() == phase {
		// Nobody is woken for nothing: who is woken out of reading arms the timer that looks after the reader, and that
		// would go on and on.
		if m.client.OutputSize() > 0 {
			m.wakeWriterLocked()
		}
		l.scheduleLocked()
		return
	}
	l.settleLocked()
}

// wakeWriterLocked starts the writer unless it is at work.
func (m *MQTT) wakeWriterLocked() {
	if l := m.link; l != nil && l.writerIdle {
		l.beginWritingLocked()
		l.startWriterLocked()
	}
}

// startWriterLocked starts the writer in the place of the calling goroutine, which is the one that writes.
func (l *link) startWriterLocked() {
	// Ended by: an empty outgoing buffer, the protocol's end, or a failed write. Waited for by: read.
	go l.writer()
}

// beginWritingLocked makes the calling goroutine, or the writer that it starts, the one that writes.
func (l *link) beginWritingLocked() {
	l.writerIdle = false
	l.writing.Add(1)
}

// endWritingLocked leaves writing to the next one who has something to write.
func (l *link) endWritingLocked() {
	l.writerIdle = true
	l.writing.Done()
}

// singleLocked reports whether the message that was just published had better be written by its publisher: nothing else
// is on its way, so its sender wants the answer, not throughput. The answer to a message of QoS 0 is whatever the
// server sends, so such a message counts if it is the first one after that. One that is held back has written nothing,
// which must not count as a sign of life.
func (l *link) singleLocked(qos int) bool {
	c := l.m.client
	if l.direct == nil || !l.writerIdle || c.OutputSize() == 0 {
		return false
	}
	if qos > 0 {
		return c.Outgoing().Len() == 1
	}
	heard := l.heard
	l.heard = false
	return heard
}

// writeDirectReleasing lets the calling goroutine write the outgoing buffer instead of waking the writer, which saves a
// single message the time of a switch to another goroutine. It never waits: what the system does not take now is left
// to the writer. The writer is idle; the lock is held, and released meanwhile.
func (l *link) writeDirectReleasing() {
	l.writeInPlaceReleasing(func() bool { return l.direct.TryWrite(l.taken) })
}

// writeInPlaceReleasing takes the outgoing buffer and lets write, which is called without the lock, write it in the
// idle writer's place. What it leaves, in memory that nobody changes any more, is the writer's.
func (l *link) writeInPlaceReleasing(write func() bool) {
	m := l.m
	l.beginWritingLocked()
	l.takeLocked()
	var complete bool
	m.released(func() { complete = write() })
	if l.ending { // the limit may have been set while write had one of its own
		_ = l.conn.SetWriteDeadline(time.Now().Add(l.patience))
	}
	if complete {
		l.wroteLocked()
	}
	if !complete || m.client.OutputSize() > 0 || m.client.Phase() == protocol.Ended {
		l.startWriterLocked()
		return
	}
	l.endWritingLocked()
}

// takeLocked moves the outgoing buffer to taken.
func (l *link) takeLocked() {
	l.taken = l.m.client.TakeOutput(l.taken[:0])
	l.m.room.broadcast()
	if l.tracer != nil {
		l.tracer.sentLocked(l.taken)
	}
}

// wroteLocked takes note that all of taken has left.
func (l *link) wroteLocked() {
	m := l.m
	clear(l.taken)
	l.taken = l.taken[:0]
	m.client.OutputWritten(m.now())
	m.feedLocked()
	if l.lending.borrowed && l.lending.forEvents && m.arrived.waiters == 0 && !m.hasEventsLocked() && m.client.Phase() == protocol.Connected {
		l.scheduleLocked() // nobody waits for room or for the write
		return
	}
	l.settleLocked()
}

// write is the writer: it writes the outgoing buffer, all that is there at a time, and ends when nothing is left. When
// the protocol has ended and the buffer is empty it closes our side [MQTT5-3.14.4-2] [MQTT311-3.14.4-1]; nobody writes
// after it.
func (l *link) write() {
	m, conn := l.m, l.conn
	m.mu.Lock()
	for l.writeErr == nil {
		if len(l.taken) == 0 {
			if m.client.OutputSize() == 0 {
				if m.client.Phase() == protocol.Ended {
					break
				}
				if file := m.journal.unwrittenLocked(); file != nil && !l.stuck {
					m.mu.Unlock()
					err := file.Flush()
					m.mu.Lock()
					l.stuck = err != nil
					continue
				}
				l.endWritingLocked()
				m.mu.Unlock()
				return
			}
			l.takeLocked()
			l.stuck = false
		}
		file, upTo := m.journal.neededLocked()
		m.mu.Unlock()
		var err error
		if file != nil { // what taken follows from has to be on disk first
			err = journalError(file.Commit(upTo))
		}
		committed := err == nil
		if committed {
			err = conn.WriteSegments(l.taken, l.progressed)
		}
		m.mu.Lock()
		if err != nil {
			l.writeErr = err
			if !committed { // nothing is acknowledged that is not on disk [MQTT311-4.8.0-2]
				m.client.Fail(errors.FromOS(err))
				l.settleLocked()
			}
			break
		}
		l.wroteLocked()
	}
	ended, failed := m.client.Phase() == protocol.Ended, l.writeErr != nil
	// A DISCONNECT of ours, graceful or not, is worth waiting for the server to read it.
	cause := m.client.End().Err
	parting := cause == nil || cause.Code == errors.ErrProtocol
	switch {
	case ended && (failed || !parting):
		_ = conn.Close()
	case failed:
		// The reason is more likely to be found by the reader: a DISCONNECT, or how the server closed.
		l.limitReadingLocked(lastWords)
	default:
		m.mu.Unlock()
		err := conn.CloseWrite() // which writes, over TLS and WebSocket
		m.mu.Lock()
		if err != nil {
			_ = conn.Close()
		}
		l.limitReadingLocked(farewell / 4)
	}
	m.mu.Unlock()
	l.writing.Done()
}

// limitReadingLocked makes reading fail after d.
func (l *link) limitReadingLocked(d time.Duration) {
	l.readBy = time.Now().Add(d)
	_ = l.conn.SetReadDeadline(l.readBy)
}

// feedLocked fires ReadyToSend when publishing is possible again after error 10035: what was in the outgoing buffer
// then has left, and there is room for more.
func (m *MQTT) feedLocked() {
	if l := m.link; l != nil && l.stood && !m.readyToSend && m.client.Phase() == protocol.Connected && len(l.taken) == 0 && !m.congestedLocked(1) {
		m.readyToSend = true
		m.client.PushReadyToSend()
	}
}

// progress is told of each piece of a large payload that has left, which shows that the link lives.
func (l *link) progress() {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client.Progress(m.now())
}

// receive reads until the connection ends, or until others read in the reader's place: that is what lent reports.
func (l *link) receive(conn transport.Conn) (lent bool) {
	m := l.m
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		l.pauseReleasing()
		var n int
		var err error
		m.released(func() { n, err = conn.Read(l.buffer.space()) })
		told := l.arrivedBytesLocked(m.now(), n, err)
		switch {
		case err != nil:
			return false
		case told && n < busyRead && l.stepBackLocked():
			return true
		}
	}
}

// arrivedBytesLocked gives what a read has brought to the protocol, and reports whether those who wait were told:
// nothing has changed for them while a packet is not complete.
func (l *link) arrivedBytesLocked(now protocol.Time, n int, err error) (told bool) {
	m := l.m
	l.heard = l.heard || n > 0
	if n > 0 && m.client.Phase() != protocol.Ended {
		if l.tracer != nil {
			l.tracer.receivedLocked(l.buffer.added(n))
		}
		m.client.Heard(now)
		m.client.BytesArrived(n)
		consumed := 0
		if whole, owned := l.buffer.add(n); len(whole) > 0 {
			var next int
			consumed, next = m.client.Receive(now, whole, owned)
			l.buffer.consume(consumed, next)
		}
		if told = consumed > 0 || m.client.Phase() == protocol.Ended; told {
			l.settleLocked()
		}
	}
	if err != nil {
		l.lostLocked(err)
	}
	return told
}

// lostLocked ends the protocol when reading fails. The first cause counts: a failed write before a read that only ran
// out of time or found the end.
func (l *link) lostLocked(err error) {
	m := l.m
	if m.client.Phase() != protocol.Ended {
		if l.writeErr != nil && (stderrors.Is(err, io.EOF) || stderrors.Is(err, os.ErrDeadlineExceeded)) {
			err = l.writeErr
		}
		cause := errors.FromOS(err)
		if stderrors.Is(err, io.EOF) && m.client.Phase() == protocol.Connecting {
			hint := "It happened before the server answered CONNECT"
			if !l.heard { // else it has spoken this version of MQTT
				hint += ": it may not speak this protocol version"
				if !l.overTLS {
					hint += ", or expect TLS on this port"
				}
			}
			cause = errors.Wrap(errors.ErrConnectionClosedByPeer, hint+".", err)
		}
		m.client.Fail(cause)
		_ = l.conn.Close() // releases a writer that is stuck
	}
	l.settleLocked()
}

// pauseReleasing stops reading while what has arrived cannot be taken further, so that TCP pushes back on the server.
func (l *link) pauseReleasing() {
	m := l.m
	before := protocol.Reading
	for m.client.Phase() != protocol.Ended {
		why := m.mustPauseLocked()
		if why != before {
			m.client.SetPaused(m.now(), why)
			l.scheduleLocked()
			m.logPauseLocked(why)
		}
		if before = why; why == protocol.Reading {
			return
		}
		room := m.room.wait()
		m.mu.Unlock()
		<-room // the end of the connection is told there too; ctx has the time limit of the attempt
		m.mu.Lock()
		m.room.done()
	}
}

// mustPauseLocked reports whether reading has to pause, and for what.
func (m *MQTT) mustPauseLocked() protocol.Pause {
	switch {
	case m.overfullLocked():
		return protocol.PumpBehind
	case m.client.AnswersFull():
		return protocol.OutputFull
	}
	return protocol.Reading
}

// overfullLocked reports whether more events wait for the pump than may. While a method waits for the server, which the
// pump may be waiting for in a handler, their number does not count and their memory may be twice as much.
func (m *MQTT) overfullLocked() bool {
	n, _ := m.client.Pending()
	waiting := m.patient > 0
	return n >= maxEvents && !waiting || m.client.MemoryFull(waiting)
}
