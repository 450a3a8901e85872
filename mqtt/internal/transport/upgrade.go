package transport

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/iotcomponents/iot/errors"
)

// subprotocol is the name of MQTT over WebSocket [MQTT5-6.0.0-3] [MQTT311-6.0.0-3].
const subprotocol = "mqtt"

// oldSubprotocol is the name that servers of before MQTT 3.1.1 have.
const oldSubprotocol = "mqttv3.1"

const (
	webSocketReadBuffer = 8 << 10
	// webSocketWriteBuffer is the largest frame that is written; what is larger goes out in several.
	webSocketWriteBuffer = 64 << 10
)

// webSocketWriteBuffers are shared by all connections, each of which has one only while it writes.
var webSocketWriteBuffers sync.Pool

// upgrade is a WebSocket to be.
type upgrade struct {
	url     string
	headers http.Header
	any     bool // WebSocketAnyProtocol
}

// newUpgrade reads the settings. It returns nil when the connection is to have no WebSocket. Errors: 10022.
func newUpgrade(o *Options) (*upgrade, *errors.Error) {
	if !o.Target.WebSocket() {
		return nil, nil
	}
	headers, err := parseHeaders(o.WebSocketHeaders)
	if err != nil {
		return nil, errors.New(errors.ErrInvalidArgument, "WebSocketHeaders: "+err.Error()+".")
	}
	host := hostOf(o.Target.Name())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	usual := schemes["ws"].port
	if o.Target.TLS() || o.TLS.Enabled {
		usual = schemes["wss"].port
	}
	if o.Port != usual {
		host += ":" + strconv.Itoa(o.Port)
	}
	// The scheme tells gorilla to leave TLS alone: it is there already if it is wanted.
	return &upgrade{url: "ws://" + host + o.Target.Path, headers: headers, any: o.AnySubprotocol}, nil
}

// do asks the server to change to WebSocket. On an error conn is closed.
func (u *upgrade) do(ctx context.Context, conn net.Conn) (*webSocket, *errors.Error) {
	answer := &answer{Conn: conn}
	dialer := websocket.Dialer{
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return answer, nil },
		Subprotocols:   u.subprotocols(), ReadBufferSize: webSocketReadBuffer,
		WriteBufferSize: webSocketWriteBuffer, WriteBufferPool: &webSocketWriteBuffers,
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	ws, response, err := dialer.DialContext(context.WithoutCancel(ctx), u.url, u.headers)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	switch {
	case err == nil:
		err = u.check(ws, response)
	case response != nil && response.StatusCode == http.StatusSwitchingProtocols && unasked(response) != nil:
		err = unasked(response) // gorilla looks at compression first, and at nothing else then
	}
	if err != nil {
		_ = conn.Close()
		return nil, answer.failed(ctx, response, err)
	}
	answer.over()
	return newWebSocket(ws, answer), nil
}

// subprotocols are those that are offered.
func (u *upgrade) subprotocols() []string {
	if u.any {
		return []string{subprotocol, oldSubprotocol}
	}
	return []string{subprotocol}
}

// check refuses what gorilla lets pass: another subprotocol, and extensions that were not asked for.
func (u *upgrade) check(ws *websocket.Conn, response *http.Response) error {
	if p := ws.Subprotocol(); p != subprotocol && !u.any {
		return errors.New(errors.ErrWebSocketProtocol, fmt.Sprintf("The server agreed to the subprotocol %.64q "+
			"instead of %q: it may not offer MQTT at this path. If it does, WebSocketAnyProtocol accepts the answer.",
			p, subprotocol))
	}
	return unasked(response)
}

// unasked refuses extensions, of which none was asked for.
func unasked(response *http.Response) error {
	if e := response.Header.Get("Sec-Websocket-Extensions"); e != "" {
		return errors.New(errors.ErrWebSocketProtocol, fmt.Sprintf("The server uses extensions that it was not asked "+
			"for: %.64q.", e))
	}
	return nil
}

// failed gives an error of the upgrade its number.
func (a *answer) failed(ctx context.Context, response *http.Response, err error) *errors.Error {
	if cause := ctx.Err(); cause != nil {
		return ended(cause, "The upgrade to WebSocket was not finished.")
	}
	switch {
	case stderrors.Is(err, websocket.ErrBadHandshake):
		return errors.New(errors.ErrHTTPAnswer, describe(response))
	case a.readErr != nil && !stderrors.Is(a.readErr, io.EOF):
		return errors.FromOS(unexpectedReset(a.readErr, "the answer to the upgrade to WebSocket: the server may "+
			"expect TLS, or no WebSocket, on this port."))
	case a.written() != nil:
		return errors.FromOS(a.written())
	case a.first == recordAlert:
		return errors.FromOS(recognize([]byte{a.first}))
	case a.first == 0:
		return errors.Wrap(errors.ErrConnectionClosedByPeer, "The server closed the connection instead of answering "+
			"the upgrade to WebSocket: it may expect something else on this port.", io.EOF)
	case errors.Code(err) > 0:
		return errors.FromOS(err)
	}
	return errors.Wrap(errors.ErrHTTPAnswer, "The answer to the upgrade is not valid.", err)
}

// describe tells what a server has answered instead of 101.
func describe(response *http.Response) string {
	text := fmt.Sprintf("The server answered the upgrade to WebSocket with %.100q", response.Status)
	if to := response.Header.Get("Location"); to != "" {
		text += fmt.Sprintf(", which leads to %.200q", to)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		text += ", but without the headers of WebSocket"
	}
	body, _ := io.ReadAll(response.Body) // which gorilla has cut at 1 KiB
	if body := strings.TrimSpace(string(body)); body != "" {
		text += fmt.Sprintf(": %.300q", body)
	}
	return text + "."
}
