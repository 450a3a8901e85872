package mqtttest

import (
	"net"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// Serve answers CONNECT, PUBLISH of QoS 1 and 2, PUBREL, SUBSCRIBE, UNSUBSCRIBE and PINGREQ, and returns when the
// client disconnects or the connection ends. seen is called for each packet first, and may be nil; when it returns
// false the packet is not answered.
func (c *Conn) Serve(seen func(p *Packet) bool) {
	for {
		p, err := c.Next()
		if err != nil {
			return
		}
		if p.Type() == packet.CONNECT {
			if c.Version, _, err = packet.DecodeConnect(p.Body); err != nil {
				return
			}
		}
		if seen != nil && !seen(p) {
			continue
		}
		var answer []byte
		switch p.Type() {
		case packet.CONNECT:
			answer = c.Connack(false, 0, nil)
		case packet.PUBLISH:
			publish, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
			if err != nil {
				c.t.Error(err)
				return
			}
			switch publish.QoS {
			case 1:
				answer = packet.AppendShortAck(nil, packet.PUBACK, publish.PacketID)
			case 2:
				answer = packet.AppendShortAck(nil, packet.PUBREC, publish.PacketID)
			}
		case packet.PUBREL:
			answer = packet.AppendShortAck(nil, packet.PUBCOMP, uint16(p.Body[0])<<8|uint16(p.Body[1]))
		case packet.SUBSCRIBE:
			s, err := packet.DecodeSubscribe(c.Version, p.Body)
			if err != nil {
				c.t.Error(err)
				return
			}
			var reasons []byte
			for _, o := range s.Filters.Subscriptions() {
				reasons = append(reasons, o.QoS())
			}
			answer = packet.AppendSuback(nil, c.Version, &packet.Suback{PacketID: s.PacketID, Reasons: reasons})
		case packet.UNSUBSCRIBE:
			u, err := packet.DecodeUnsubscribe(c.Version, p.Body)
			if err != nil {
				c.t.Error(err)
				return
			}
			var reasons []byte
			for range u.Filters.Filters() {
				reasons = append(reasons, 0)
			}
			answer = packet.AppendUnsuback(nil, c.Version, &packet.Unsuback{PacketID: u.PacketID, Reasons: reasons})
		case packet.PINGREQ:
			answer = packet.AppendPingresp(nil)
		case packet.DISCONNECT:
			c.Close()
			return
		}
		if len(answer) > 0 && c.TrySend(answer) != nil {
			return
		}
	}
}

// ServeAll serves every connection with Conn.Serve until the end of the test. It returns a function that reports the
// connection whose CONNECT came last, nil before the first: the version of one without CONNECT is not known yet.
func (s *Server) ServeAll(t testing.TB, seen func(c *Conn, p *Packet) bool) (latest func() *Conn) {
	t.Helper()
	var mu sync.Mutex
	var all []*Conn
	var last *Conn
	over := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			var conn net.Conn
			if s.pipes != nil {
				select {
				case conn = <-s.pipes:
				case <-over:
					return
				}
			} else {
				tcp, err := s.listener.AcceptTCP()
				if err != nil {
					return
				}
				conn = tcp
			}
			c := s.serverEnd(t, conn)
			mu.Lock()
			all = append(all, c)
			mu.Unlock()
			serving.Go(func() {
				defer c.Close()
				c.Serve(func(p *Packet) bool {
					if p.Type() == packet.CONNECT {
						mu.Lock()
						last = c
						mu.Unlock()
					}
					return seen == nil || seen(c, p)
				})
			})
		}
	})
	t.Cleanup(func() {
		close(over)
		if s.listener != nil {
			_ = s.listener.Close()
		}
		mu.Lock()
		for _, c := range all {
			c.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return func() *Conn {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}
