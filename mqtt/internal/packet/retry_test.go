package packet

import "testing"

// Every code that ends an attempt or a connection has a ground, and no other has one.
func TestRetryAfterEveryCode(t *testing.T) {
	for code := range 256 {
		c := ReasonCode(code)
		ends := ReasonAllowed(CONNACK, FromServer, c) || ReasonAllowed(DISCONNECT, FromServer, c)
		named := code < len(comebacks) && comebacks[code].ground != ""
		if ends != named {
			t.Errorf("%d %v: ends a connection %t, has a ground %t", code, c, ends, named)
		}
	}
	for _, test := range []struct {
		v    Version
		t    Type
		c    ReasonCode
		want Retry
	}{
		{V5, CONNACK, ServerBusy, Passing},
		{V5, CONNACK, NotAuthorized, WithCredentials},
		{V5, DISCONNECT, NotAuthorized, WithCredentials},
		{V5, CONNACK, ProtocolError, Final},
		{V5, DISCONNECT, ProtocolError, Passing},
		{V5, DISCONNECT, SessionTakenOver, Final},
		{V5, CONNACK, 0x7f, Final},
		{V5, DISCONNECT, 0xff, Passing},
		{V311, CONNACK, 2, Final},
		{V311, CONNACK, 3, Passing},
		{V311, CONNACK, 5, WithCredentials},
		{V311, CONNACK, 6, Final},
	} {
		if got, ground := RetryAfter(test.v, test.t, test.c); got != test.want || ground == "" {
			t.Errorf("%v %v %d: %v (%s), want %v", test.v, test.t, test.c, got, ground, test.want)
		}
	}
}
