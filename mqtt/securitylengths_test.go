package mqtt_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// littleMemory is what a refusal may allocate, whatever a length field announces.
const littleMemory = 1 << 20

// A key store that announces more than it has is refused without memory for what it announces.
func TestLengthFieldsOfStores(t *testing.T) {
	for _, row := range []struct {
		name string
		kind certificate.CertStoreTypes
		data []byte
	}{
		{"JKS, entries", certificate.CstJKSBlob, wire("FEEDFEED 00000002 7FFFFFFF")},
		{"JKS, alias", certificate.CstJKSBlob, wire("FEEDFEED 00000002 00000001 00000001 FFFF")},
		{"JKS, key", certificate.CstJKSBlob, wire("FEEDFEED 00000002 00000001 00000001 0001 61 0000000000000000 FFFFFFFF")},
		{"JKS, chain", certificate.CstJKSBlob, wire("FEEDFEED 00000002 00000001 00000001 0001 61 0000000000000000 00000001 00 7FFFFFFF")},
		{"PFX", certificate.CstPFXBlob, wire("30 84 7FFFFFFF 02 01 03")},
		{"PFX, more than an int", certificate.CstPFXBlob, wire("30 88 FFFFFFFFFFFFFFFF 02 01 03")},
		{"PFX, endless nesting", certificate.CstPFXBlob, bytes.Repeat(wire("30 80"), 10_000)},
		{"P7B", certificate.CstP7BBlob, wire("30 84 7FFFFFFF 06 09 2A864886F70D010702")},
		{"BCFKS", certificate.CstBCFKSBlob, wire("30 84 7FFFFFFF 30 84 7FFFFFFF")},
		{"DER", certificate.CstPublicKeyBlob, wire("30 84 7FFFFFFF 30 82 FFFF")},
		{"PEM", certificate.CstPEMKeyBlob, []byte("-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString(wire("30 84 7FFFFFFF")) + "\n-----END CERTIFICATE-----\n")},
		{"OpenSSH key", certificate.CstPEMKeyBlob, []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString(wire("'openssh-key-v1\x00", "FFFFFFFF 00000000 7FFFFFFF")) + "\n-----END OPENSSH PRIVATE KEY-----\n")},
		{"SSH key", certificate.CstSSHPublicKeyBlob, []byte("ssh-rsa " + base64.StdEncoding.EncodeToString(wire("00000007", "'ssh-rsa", "7FFFFFFF FF")))},
		{"PPK", certificate.CstPPKBlob, []byte("PuTTY-User-Key-File-3: ssh-rsa\r\nEncryption: none\r\nComment: x\r\nPublic-Lines: 2147483647\r\nAAAA\r\n")},
		{"JWK, nesting", certificate.CstJWKBlob, []byte(strings.Repeat(`{"keys":[`, 10_000))},
		{"XML, nesting", certificate.CstXMLBlob, []byte(strings.Repeat("<a>", 10_000))},
	} {
		t.Run("pain 29: "+row.name, func(t *testing.T) {
			var err error
			used := allocated(func() { _, err = certificate.FromStoreB(row.kind, row.data, "storepass", "*") })
			if errors.Code(err) <= 0 {
				t.Errorf("error %v", err)
			}
			if limit := uint64(littleMemory + 200*len(row.data)); used > limit {
				t.Errorf("%d bytes were allocated for %d", used, len(row.data))
			}
		})
	}
}

// A saved session that is a bomb of brackets or numbers is refused in memory proportional to its text.
func TestLengthsOfSessions(t *testing.T) {
	for name, text := range map[string]string{
		"lists":   sealed(`{"clientId":"c","outgoing":` + strings.Repeat("[", 100_000)),
		"objects": sealed(strings.Repeat(`{"outgoing":`, 10_000)),
		"numbers": sealed(`{"clientId":"c","lastPacketId":` + strings.Repeat("9", 100_000) + `,"outgoing":[],"incoming":[]}`),
	} {
		t.Run("pain 29: "+name, func(t *testing.T) {
			m := recorded(t)
			var err error
			used := allocated(func() { err = m.RestoreSession(text) })
			wantCode(t, err, 504)
			if used > uint64(littleMemory+20*len(text)) {
				t.Errorf("%d bytes were allocated for %d", used, len(text))
			}
		})
	}
}

// talker is a layer whose server, once it has been asked, says begin and then more, 2 MB of it or what the client takes.
// It counts what it has said.
func talker(begin, more string, said *int) func(net.Conn) net.Conn {
	return func(conn net.Conn) net.Conn {
		return &proxied{Conn: conn, noted: new(request), talk: func(p *proxied) error {
			var b [4096]byte
			if _, err := p.Conn.Read(b[:]); err != nil {
				return err
			}
			for text := begin; *said < 2<<20; text = more {
				n, err := p.Conn.Write([]byte(text))
				if *said += n; err != nil {
					return err
				}
			}
			return io.EOF
		}}
	}
}

// aLargeConnack is legal: the client waits for the rest of it, and takes memory as it comes.
const aLargeConnack = "a CONNACK of 256 MB"

// A server or proxy that answers without an end, or with a large number, is given up early.
func TestLengthsOfAnswers(t *testing.T) {
	for _, row := range []struct {
		name, url   string
		proxy       firewall.FirewallTypes
		begin, more string
	}{
		{"upgrade, header", webSocketURL, 0, "HTTP/1.1 101 OK\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"},
		{"upgrade, line", webSocketURL, 0, "HTTP/1.1 101 OK\r\nX: ", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
		{"upgrade, body", webSocketURL, 0, "HTTP/1.1 404 No\r\nContent-Length: 9223372036854775807\r\n\r\n", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
		{"tunnel, header", "broker.example", firewall.FwTunnel, "HTTP/1.1 200 OK\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"},
		{"tunnel, line", "broker.example", firewall.FwTunnel, "HTTP/1.1 200 ", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
		{"tunnel, body", "broker.example", firewall.FwTunnel, "HTTP/1.1 502 No\r\nContent-Length: 9223372036854775807\r\n\r\n", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
		{"SOCKS5", "192.0.2.7", firewall.FwSOCKS5, "\x05\x00\x05\x01\x00\x03\xff", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
		{"no TLS", "ssl://broker.example", 0, "\x16\x03\x03\x40\x00", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
		{aLargeConnack, "broker.example", 0, "\x20\xff\xff\xff\x7f", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},
	} {
		t.Run("pain 29: "+row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				said := 0
				r, s := layered(t, mqtt.MvV5, row.url, talker(row.begin, row.more, &said))
				if row.proxy != 0 {
					config(t, r.M, fmt.Sprintf("FirewallType=%d", row.proxy))
					config(t, r.M, "FirewallHost=proxy.example")
				}
				var err error
				used := allocated(func() {
					done := r.Start(r.M.Connect)
					c := s.Accept(t)
					talked := make(chan struct{})
					go func() {
						defer close(talked)
						c.Drain()
					}()
					err = r.Join(done)
					c.Close()
					<-talked
				})
				if errors.Code(err) <= 0 {
					t.Errorf("error %v", err)
				}
				// The pipe's own memory, and the packet's that grows with what has come of it.
				limit, enough := 4*littleMemory, 256<<10
				if row.name == aLargeConnack {
					limit, enough = 32*said, 2<<20+100
				}
				if int(used) > limit || said > enough {
					t.Errorf("%d bytes were allocated for %d bytes", used, said)
				}
			})
		})
	}
}

// The length of a frame is no reason to allocate: a frame of 2^62 bytes is a stream like any other.
func TestLengthOfAFrame(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := layered(t, mqtt.MvV5, webSocketURL, mqtttest.OverWebSocket(nil))
		c := r.Connect(s, nil)
		used := allocated(func() {
			_, err := socket(c).NetConn().Write(append(wire("82 7F 40 00 00 00 00 00 00 00"), c.Publish("t", 0, 0, "x")...))
			must(t, err)
			r.WaitFor("MessageIn", 1)
			_, err = socket(c).NetConn().Write(wire("30 FF FF FF 7F 00 01 61 00"))
			must(t, err)
			synctest.Wait()
		})
		if used > littleMemory {
			t.Errorf("pain 29: %d bytes were allocated", used)
		}
		must(t, r.M.Interrupt())
	})
}
