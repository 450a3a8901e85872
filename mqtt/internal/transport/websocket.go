package transport

import (
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/iotcomponents/iot/errors"
)

// closeTime is how long a close frame waits for another frame that is being written, and then for being written itself.
const closeTime = time.Second

// webSocket is a WebSocket as a stream of bytes. How they are spread over frames means nothing to MQTT
// [MQTT5-6.0.0-2] [MQTT311-6.0.0-2].
type webSocket struct {
	ws     *websocket.Conn
	below  *answer
	outlet *outlet // of Direct, or nil

	// Of the reader.
	message  io.Reader // the message that is being read, nil = none
	consumed int       // messages
	control  int       // control frames that were dealt with
	readErr  error

	writing sync.Mutex // one frame at a time
	pong    atomic.Pointer[string]
	single  [1][]byte // of Write
}

func newWebSocket(ws *websocket.Conn, below *answer) *webSocket {
	c := &webSocket{ws: ws, below: below}
	ws.SetPongHandler(func(string) error {
		c.control++
		return nil
	})
	ws.SetPingHandler(func(data string) error {
		c.control++
		c.pong.Store(&data) // the latest ping is the one to answer (RFC 6455, 5.5.3)
		c.answerPing()
		return nil
	})
	return c
}

// answerPing answers a ping, unless a frame is being written: then its writer does, so that the reader never waits.
func (c *webSocket) answerPing() {
	for c.pong.Load() != nil && c.writing.TryLock() {
		if data := c.pong.Swap(nil); data != nil {
			_ = c.ws.WriteControl(websocket.PongMessage, []byte(*data), time.Time{}) // an error is the writer's to find
		}
		c.writing.Unlock()
	}
}

// Read waits for bytes once, and then takes what more messages have arrived: servers send one packet in each.
func (c *webSocket) Read(b []byte) (int, error) { return c.read(b, 1) }

// read waits until there are so many bytes, 0 or 1.
func (c *webSocket) read(b []byte, least int) (int, error) {
	total := 0
	for c.readErr == nil && total < len(b) && (total < least || c.arrived()) {
		if c.message == nil {
			c.readErr = c.nextMessage()
			continue
		}
		n, err := c.message.Read(b[total:])
		total += n
		switch {
		case err == io.EOF:
			c.message = nil
			c.consumed++
		case err != nil:
			c.readErr = c.fault(err)
		}
	}
	if total > 0 || len(b) == 0 {
		return total, nil
	}
	return 0, c.readErr
}

// arrived reports whether a message, or the rest of one, can be read without waiting.
func (c *webSocket) arrived() bool { return c.below.frames.complete > c.consumed }

// readLent reads messages that have arrived completely: gorilla cannot read on after a deadline. It waits for them
// below gorilla, where a deadline loses nothing. What else may arrive is the reader's: large messages, messages of
// several frames, control frames, and errors.
func (c *webSocket) readLent(b []byte) (n int, more bool, err error) {
	for c.readErr == nil && len(b) > 0 && c.below.frames.control == c.control && !c.below.frames.open {
		if c.arrived() {
			if n, err = c.read(b, 0); n > 0 || err != nil {
				return n, err == nil, err
			}
			continue // it was empty
		}
		if c.message != nil || !c.below.frames.fits(c.below.room()) {
			return 0, false, nil
		}
		if more, err = c.below.fetch(); !more || err != nil {
			return 0, more, err
		}
	}
	return 0, false, nil
}

// nextMessage waits for a message. [MQTT5-6.0.0-1] [MQTT311-6.0.0-1]: it has to be binary.
func (c *webSocket) nextMessage() error {
	kind, message, err := c.ws.NextReader()
	switch {
	case err != nil:
		return c.fault(err)
	case kind != websocket.BinaryMessage:
		_ = c.sayClose(websocket.CloseUnsupportedData)
		return errors.New(errors.ErrWebSocketProtocol, "The server sent a text frame; MQTT has binary frames only.")
	}
	c.message = message
	return nil
}

// fault gives an error of reading its number. What ends the connection in an orderly way is io.EOF.
func (c *webSocket) fault(err error) error {
	closed, is := stderrors.AsType[*websocket.CloseError](err)
	switch {
	case is && closed.Code == websocket.CloseAbnormalClosure: // gorilla's word for the end of the connection below
		if c.below.readErr != nil {
			return c.below.readErr
		}
		return io.EOF
	case is && (closed.Code == websocket.CloseNormalClosure || closed.Code == websocket.CloseGoingAway ||
		closed.Code == websocket.CloseNoStatusReceived):
		return io.EOF
	case is:
		return errors.New(errors.ErrWebSocketProtocol, fmt.Sprintf("The server closed the WebSocket with code %d and "+
			"the reason %q.", closed.Code, closed.Text))
	case c.below.readErr != nil:
		return c.below.readErr
	}
	return errors.Wrap(errors.ErrWebSocketProtocol, "The server broke the rules of WebSocket.", err)
}

// Write sends b as one message.
func (c *webSocket) Write(b []byte) (int, error) {
	c.single[0] = b
	err := c.WriteSegments(c.single[:], nil)
	c.single[0] = nil
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// WriteSegments sends the segments as one message: one frame as long as it has no more than 64 KiB.
func (c *webSocket) WriteSegments(segments [][]byte, progress func()) error {
	if err := c.outlet.flush(); err != nil {
		return err
	}
	if !slices.ContainsFunc(segments, func(s []byte) bool { return len(s) > 0 }) {
		return nil
	}
	c.writing.Lock()
	err := c.writeMessage(segments, progress)
	c.writing.Unlock()
	c.answerPing()
	if err == nil {
		return nil
	}
	if cause := c.below.written(); cause != nil {
		return cause
	}
	return errors.Wrap(errors.ErrWebSocketSend, "", err)
}

// tryWrite leaves it to the writer if the reader is writing a control frame.
func (c *webSocket) tryWrite(segments [][]byte) bool {
	if !c.writing.TryLock() {
		return false
	}
	err := c.writeMessage(segments, nil)
	c.writing.Unlock()
	c.answerPing()
	return err == nil
}

func (c *webSocket) writeMessage(segments [][]byte, progress func()) error {
	w, err := c.ws.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	for _, s := range segments {
		for len(s) > 0 {
			n, err := w.Write(s[:min(len(s), stride)])
			if err != nil {
				return err
			}
			if s = s[n:]; len(s) > 0 && progress != nil {
				progress()
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if progress != nil {
		progress()
	}
	return nil
}

// CloseWrite sends the close frame 1000. The server answers with its own, which Read returns as io.EOF.
func (c *webSocket) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.sayClose(websocket.CloseNormalClosure)
}

func (c *webSocket) sayClose(code int) error {
	err := c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(closeTime))
	if err != nil {
		return errors.Wrap(errors.ErrWebSocketClose, "", err)
	}
	return nil
}

// Close ends the connection at once, without a close frame: that is CloseWrite's to send, since it might have to wait.
func (c *webSocket) Close() error { return c.below.Conn.Close() }

func (c *webSocket) LocalAddr() net.Addr                { return c.below.LocalAddr() }
func (c *webSocket) RemoteAddr() net.Addr               { return c.below.RemoteAddr() }
func (c *webSocket) SetDeadline(t time.Time) error      { return c.below.Conn.SetDeadline(t) }
func (c *webSocket) SetReadDeadline(t time.Time) error  { return c.below.Conn.SetReadDeadline(t) }
func (c *webSocket) SetWriteDeadline(t time.Time) error { return c.below.Conn.SetWriteDeadline(t) }
