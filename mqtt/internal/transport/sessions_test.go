package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// Sessions are resumed by the component that made them, for the same server with the same settings, for 10 hours.
func TestResumption(t *testing.T) {
	for _, version := range []int{ProtocolTLS12, ProtocolTLS13} {
		bubble.Test(t, func(t *testing.T) {
			ca := testpki.NewAuthority(t, "Test CA")
			served := ca.Issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(100 * time.Hour) }).TLS()
			ca.Cert.NotAfter = time.Now().Add(100 * time.Hour)
			config := &tls.Config{Certificates: []tls.Certificate{served}}
			o := &Options{Target: Target{Scheme: "ssl", Host: serverName}, Port: 8883, TLS: DefaultTLS()}
			o.DialContext = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go overTLS(config, echo)(server) // ended by the client's Close
				return client, nil
			}
			o.TLS.ServerCACerts, o.TLS.Protocols, o.TLS.ReuseSession, o.Sessions = ca.PEM(), version, true, &Sessions{}
			o.TLS.SecurityFlags = flagDates // of the authority, which lives for a day
			asked := 0
			o.Authenticate = func(_ context.Context, c *ServerCertificate) bool {
				asked++
				return c.Accept
			}
			n := watch(o)
			connect := func(what string, resumed bool) {
				t.Helper()
				before := asked
				conn := connected(t, o)
				exchange(t, conn) // TLS 1.3 sends its tickets after the handshake
				_ = conn.Close()
				if n.handshake.Resumed != resumed || n.handshake.Server.Subject() != "CN=broker.example" || asked != before+1 {
					t.Errorf("%s: resumed %t, asked %d times", what, n.handshake.Resumed, asked-before)
				}
			}
			connect("first", false)
			connect("second", true)
			time.Sleep(9 * time.Hour)
			connect("later", true)
			o.TLS.CipherStrength = 128
			connect("another setting", false)
			o.Target.Host = "*" + serverName
			connect("another name", false)
			connect("the same again", true)
			time.Sleep(11 * time.Hour)
			connect("too late", false)
			o.TLS.ReuseSession = false
			connect("not wanted", false)
			synctest.Wait()
		})
	}
}
