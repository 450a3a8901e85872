package mqtt_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/testpki"
)

// secured makes a component and a server in memory that speaks TLS with a certificate; the component trusts ca.
func secured(t *testing.T, v mqtt.MQTTVersions, ca *testpki.Identity, c *tls.Config) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	r, s := layered(t, v, "ssl://"+testpki.ServerName, mqtttest.OverTLS(c))
	trust(t, r.M, ca)
	return r, s
}

// layered makes a component and a server in memory that is reached with a URL.
func layered(t *testing.T, v mqtt.MQTTVersions, url string, layer func(net.Conn) net.Conn) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	s := mqtttest.NewMemoryServer(t)
	s.Host, s.Layer = url, layer
	return newRecorded(t, v, s), s
}

func trust(t testing.TB, m *mqtt.MQTT, ca *testpki.Identity) {
	t.Helper()
	config(t, m, "SSLServerCACerts="+ca.PEM())
}

func serverConfig(identities ...*testpki.Identity) *tls.Config {
	c := &tls.Config{}
	for _, i := range identities {
		c.Certificates = append(c.Certificates, i.TLS())
	}
	return c
}

// certified makes an authority and a server's certificate.
func certified(t testing.TB) (ca, server *testpki.Identity) {
	t.Helper()
	ca = testpki.NewAuthority(t, "Test CA")
	return ca, ca.Issue(t, nil)
}

// clientCertificate is an identity as SSLCert.
func clientCertificate(t testing.TB, i *testpki.Identity) *certificate.Certificate {
	t.Helper()
	c, err := certificate.FromStore(certificate.CstPEMKeyBlob, i.PEM()+i.KeyPEM(t), "", "*")
	must(t, err)
	return c
}

func writeFile(t testing.TB, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	must(t, err)
	return b
}

// goroutine is the number of the calling goroutine.
func goroutine() string {
	var b [64]byte
	return strings.Fields(string(b[:runtime.Stack(b[:], false)]))[1]
}

// The event of the question, asked on the goroutine that pumps, and the certificate in it, with and without its chain.
func TestServerAuthenticationEvent(t *testing.T) {
	for _, chain := range []bool{false, true} {
		t.Run(fmt.Sprintf("SSLIncludeCertChain %t", chain), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca := testpki.NewAuthority(t, "Test CA")
				middle := ca.Issue(t, testpki.AsAuthority("Middle"))
				server := middle.Issue(t, nil)
				server.Chain = []*x509.Certificate{middle.Cert}
				r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
				config(t, r.M, fmt.Sprintf("SSLIncludeCertChain=%t", chain))
				var asked mqtt.SSLServerAuthenticationEventArgs
				var asker string
				r.On("SSLServerAuthentication", func(a any) {
					asked, asker = *a.(*mqtt.SSLServerAuthenticationEventArgs), goroutine()
					if r.M.Connected() || r.M.SSLServerCert().Subject() != "" {
						t.Error("the connection is taken for granted already")
					}
				})
				s.ServeAll(t, nil)
				must(t, r.M.Connect())
				pem := (&testpki.Identity{Cert: server.Cert}).PEM()
				if chain {
					pem = server.PEM() + ca.PEM()
				}
				if asked.CertEncoded != pem || string(asked.CertEncodedB) != pem {
					t.Errorf("CertEncoded is\n%s\nand CertEncodedB\n%s\nwant\n%s", asked.CertEncoded, asked.CertEncodedB, pem)
				}
				if asked.CertSubject != "CN="+testpki.ServerName || asked.CertIssuer != "CN=Middle" || asked.Status != "OK" || !asked.Accept {
					t.Errorf("asked %+v", asked)
				}
				if asker != goroutine() { // Connect pumps
					t.Errorf("asked on goroutine %s, Connect ran on %s", asker, goroutine())
				}
			})
		})
	}
}

// Who decides: the verification, SSLAcceptAnyServerCert, SSLAcceptServerCert, SSLSecurityFlags, or the handler.
func TestServerAuthenticationDecides(t *testing.T) {
	const expired, wrongHost, untrusted, fine = "expired", "wrong host", "untrusted", "fine"
	yes, no := func(a *mqtt.SSLServerAuthenticationEventArgs) { a.Accept = true }, func(a *mqtt.SSLServerAuthenticationEventArgs) { a.Accept = false }
	certificates := map[string]func(*x509.Certificate){
		expired: func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-3*time.Hour), time.Now().Add(-time.Hour)
		},
		wrongHost: func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} },
	}
	for _, row := range []struct {
		server, setting string
		decide          func(a *mqtt.SSLServerAuthenticationEventArgs)
		accept          bool // what the handler is told
		code            int
		words           string // of Status, and of the error unless the handler has caused it
	}{
		{fine, "", nil, true, 0, "OK"},
		{fine, "", no, true, 280, "OK"},
		{expired, "", nil, false, 280, "has expired"},
		{expired, "", yes, false, 0, "has expired"},
		{expired, "", no, false, 280, "has expired"},
		{expired, "SSLSecurityFlags=1", nil, true, 0, "OK"},
		{expired, "SSLAcceptAnyServerCert=True", nil, true, 0, "has expired"},
		{expired, "SSLAcceptAnyServerCert=True", no, true, 280, "has expired"},
		{wrongHost, "", nil, false, 280, "other.example, not " + testpki.ServerName},
		{wrongHost, "", yes, false, 0, "other.example, not " + testpki.ServerName},
		{wrongHost, "SSLSecurityFlags=2147483648", nil, true, 0, "OK"},
		{untrusted, "", nil, false, 275, "unknown authority"},
		{untrusted, "", yes, false, 0, "unknown authority"},
		{untrusted, "SSLSecurityFlags=16", nil, true, 0, "OK"},
		{untrusted, "SSLAcceptServerCert", nil, true, 0, "unknown authority"},
		{untrusted, "SSLAcceptServerCert", no, true, 275, "unknown authority"},
		{untrusted, "AcceptAnyServerCert=1", nil, true, 0, "unknown authority"},
	} {
		for _, handler := range []bool{true, false} {
			if !handler && row.decide != nil {
				continue
			}
			name := fmt.Sprintf("%s/%s/decides %t/handler %t", row.server, row.setting, row.decide != nil, handler)
			t.Run(name, func(t *testing.T) {
				bubble.Test(t, func(t *testing.T) {
					ca := testpki.NewAuthority(t, "Test CA")
					issuer := ca
					if row.server == untrusted {
						issuer = testpki.NewAuthority(t, "Other CA")
					}
					server := issuer.Issue(t, certificates[row.server])
					r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
					switch row.setting {
					case "":
					case "SSLAcceptServerCert":
						c, err := certificate.FromEncoded(server.Cert.Raw)
						must(t, err)
						must(t, r.M.SetSSLAcceptServerCert(c))
					default:
						config(t, r.M, row.setting)
					}
					if !handler {
						r.M.OnSSLServerAuthentication = nil
					}
					r.On("SSLServerAuthentication", func(a any) {
						args := a.(*mqtt.SSLServerAuthenticationEventArgs)
						if args.Accept != row.accept || !strings.Contains(args.Status, row.words) {
							t.Errorf("asked with Status %q, Accept %t; want %q, %t", args.Status, args.Accept, row.words, row.accept)
						}
						if row.decide != nil {
							row.decide(args)
						}
					})
					s.ServeAll(t, nil)
					err := r.M.Connect()
					wantCode(t, err, row.code)
					if n := r.Trace().Count("SSLServerAuthentication"); handler && n != 1 {
						t.Errorf("asked %d times", n)
					}
					told := last[mqtt.ConnectedEventArgs](t, r.Trace())
					if told.StatusCode != row.code {
						t.Errorf("Connected says %d", told.StatusCode)
					}
					if row.code == 0 {
						if got := r.M.SSLServerCert().Subject(); got != "CN="+testpki.ServerName {
							t.Errorf("SSLServerCert is %q", got)
						}
						return
					}
					words := row.words
					if words == "OK" {
						words = "SSLServerAuthentication did not accept the certificate of CN=" + testpki.ServerName
					}
					stage := last[mqtt.ConnectionStatusEventArgs](t, r.Trace())
					for what, text := range map[string]string{"the error": err.Error(), "Connected": told.Description, "ConnectionStatus": stage.Description} {
						if !strings.Contains(text, words) {
							t.Errorf("%s says %q, not %q", what, text, words)
						}
					}
					if stage.ConnectionEvent != "SSL handshake complete." || stage.StatusCode != row.code {
						t.Errorf("ConnectionStatus says %+v", *stage)
					}
				})
			})
		}
	}
}

// The question with every way to pump: without any until DoEvents is called, on the goroutine of BackgroundEvents, and
// when AutoReconnect asks it later.
func TestServerAuthenticationIsAskedByThePump(t *testing.T) {
	t.Run("Timeout 0", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			ca, server := certified(t)
			r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
			s.ServeAll(t, nil)
			must(t, r.M.SetTimeout(0))
			must(t, r.M.Connect())
			advance(10 * time.Second)
			if n := r.Trace().Count("SSLServerAuthentication"); n != 0 || r.M.Connected() {
				t.Fatal("nobody has pumped")
			}
			r.WaitFor("Connected", 1)
			if !r.M.Connected() {
				t.Error("not connected")
			}
		})
	})
	t.Run("BackgroundEvents", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			ca, server := certified(t)
			r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
			s.ServeAll(t, nil)
			config(t, r.M, "BackgroundEvents=True")
			must(t, r.M.SetTimeout(0))
			asker := make(chan string, 1)
			r.On("SSLServerAuthentication", func(any) { asker <- goroutine() })
			must(t, r.M.Connect())
			synctest.Wait()
			if !r.M.Connected() {
				t.Fatal("not connected")
			}
			if got := <-asker; got == goroutine() {
				t.Error("asked here")
			}
		})
	})
	t.Run("AutoReconnect with a pump", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, s := securedUntrusted(t)
			config(t, r.M, "AutoReconnect=True")
			c := r.Connect(s, nil)
			c.Reset()
			done := r.Start(func() error { s.AcceptConnected(t); return nil })
			r.WaitFor("SSLServerAuthentication", 2)
			r.WaitFor("Connected", 2)
			must(t, r.Join(done))
			if !r.M.Connected() {
				t.Error("not connected again")
			}
		})
	})
	t.Run("AutoReconnect without a pump", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			r, s := securedUntrusted(t)
			r.M.OnBeforeConnect = nil // which would be waited for first, without a limit
			config(t, r.M, "AutoReconnect=True")
			config(t, r.M, "ConnectionTimeout=7")
			c := r.Connect(s, nil)
			s.ServeAll(t, nil) // those that come from now on
			begin := time.Now()
			c.Reset()
			for config(t, r.M, "ReconnectAttempt") != "2" {
				advance(100 * time.Millisecond)
			}
			if r.M.Connected() {
				t.Error("nobody has accepted the server")
			}
			// A delay of about 1 s, then 7 s for the attempt.
			if took := time.Since(begin); took < 7800*time.Millisecond || took > 8300*time.Millisecond {
				t.Errorf("the first attempt was over after %v", took)
			}
			r.WaitFor("Connected", 2) // the next attempt finds a pump
			if !r.M.Connected() {
				t.Error("not connected again")
			}
		})
	})
}

// securedUntrusted has a server that only the handler accepts.
func securedUntrusted(t *testing.T) (*mqtttest.Recorder, *mqtttest.Server) {
	t.Helper()
	_, server := certified(t)
	r, s := layered(t, mqtt.MvV5, "ssl://"+testpki.ServerName, mqtttest.OverTLS(serverConfig(server)))
	r.On("SSLServerAuthentication", func(a any) { a.(*mqtt.SSLServerAuthenticationEventArgs).Accept = true })
	return r, s
}

// A Connect inside a handler cannot wait for its own pump: there the verification decides, and a handler that does not
// accept afterwards ends the connection.
func TestServerAuthenticationInsideAHandler(t *testing.T) {
	for _, row := range []struct {
		name          string
		known, accept bool
		code          int
	}{
		{"verified and accepted", true, true, 0},
		{"verified and refused", true, false, 280},
		{"not verified", false, true, 275},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				if !row.known {
					ca = testpki.NewAuthority(t, "Other CA")
				}
				r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
				r.Lenient()
				s.ServeAll(t, nil)
				refused := mqtttest.NewMemoryServer(t)
				var inner error
				r.On("Connected", func(a any) {
					if a.(*mqtt.ConnectedEventArgs).StatusCode == 10061 {
						mqtt.SetDial(r.M, s.Dial)
						inner = r.M.Connect()
					}
				})
				r.On("SSLServerAuthentication", func(a any) { a.(*mqtt.SSLServerAuthenticationEventArgs).Accept = row.accept })
				d := &switchedDial{server: refused}
				d.down.Store(true)
				mqtt.SetDial(r.M, d.dial)
				wantCode(t, r.M.Connect(), 10061)
				r.Pump()
				synctest.Wait()
				r.Pump()
				if row.code == 275 {
					wantCode(t, inner, 275)
				} else {
					wantCode(t, inner, 0)
				}
				if connected := r.M.Connected(); connected != (row.code == 0) {
					t.Errorf("connected %t", connected)
				}
				if row.code == 280 {
					if a := last[mqtt.DisconnectedEventArgs](t, r.Trace()); a.StatusCode != 280 {
						t.Errorf("%+v", *a)
					}
				}
			})
		})
	}
}

// While the question is open the attempt can be ended from outside, and by the time.
func TestEndWhileServerAuthenticationIsOpen(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(m *mqtt.MQTT) error
		code int
	}{
		{"Interrupt", (*mqtt.MQTT).Interrupt, 301},
		{"Disconnect", (*mqtt.MQTT).Disconnect, 301},
		{"Reset", (*mqtt.MQTT).Reset, 301},
		{"time", nil, 201},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
				r.Lenient()
				s.ServeAll(t, nil)
				config(t, r.M, "ConnectionTimeout=5")
				must(t, r.M.SetTimeout(0))
				must(t, r.M.Connect())
				synctest.Wait() // the question is open, and nobody pumps
				if row.end != nil {
					must(t, row.end(r.M))
				} else {
					advance(5 * time.Second)
				}
				synctest.Wait()
				if r.M.Connected() {
					t.Fatal("connected")
				}
				if row.name != "Reset" { // which forgets events
					r.WaitFor("Connected", 1)
					if a := last[mqtt.ConnectedEventArgs](t, r.Trace()); a.StatusCode != row.code {
						t.Errorf("Connected says %+v", *a)
					}
				}
				must(t, r.M.SetTimeout(60))
				must(t, r.M.SetRemoteHost(s.Host)) // Reset has forgotten it
				must(t, r.M.SetClientId("c"))
				trust(t, r.M, ca)
				must(t, r.M.Connect())
			})
		})
	}
	// Inside the question itself, too.
	t.Run("Interrupt inside", func(t *testing.T) {
		bubble.Test(t, func(t *testing.T) {
			ca, server := certified(t)
			r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
			s.ServeAll(t, nil)
			r.On("SSLServerAuthentication", func(any) { must(t, r.M.Interrupt()) })
			wantCode(t, r.M.Connect(), 301)
		})
	})
}

// A handler that panics leaves the decision to the verification; the panic arrives where the program pumps.
func TestServerAuthenticationPanics(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprintf("pain 4: known %t", known), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				if !known {
					ca = testpki.NewAuthority(t, "Other CA")
				}
				r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
				s.ServeAll(t, nil)
				r.On("SSLServerAuthentication", func(any) { panic("the handler's") })
				func() {
					defer func() {
						if p := recover(); p != "the handler's" {
							t.Errorf("recovered %v", p)
						}
					}()
					_ = r.M.Connect()
				}()
				code := 0
				if !known {
					code = 275
				}
				r.WaitFor("Connected", 1)
				if a := last[mqtt.ConnectedEventArgs](t, r.Trace()); a.StatusCode != code {
					t.Errorf("Connected says %+v", *a)
				}
			})
		})
	}
}

// SSLServerCert and SSLNegotiated... after the handshake, kept after the connection, emptied by the next attempt.
func TestNegotiated(t *testing.T) {
	settings := []string{
		"SSLNegotiatedVersion", "SSLNegotiatedCipherSuite", "SSLNegotiatedCipher", "SSLNegotiatedCipherStrength",
		"SSLNegotiatedKeyExchange", "SSLNegotiatedKeyExchangeStrength",
	}
	shown := func(m *mqtt.MQTT) string {
		var values []string
		for _, s := range settings {
			values = append(values, config(t, m, s))
		}
		return strings.Join(values, " ") + " " + m.SSLServerCert().Subject()
	}
	for protocols, want := range map[string]string{
		"12288": "TLS1.3 TLS_AES_128_GCM_SHA256 AES-128-GCM 128 X25519MLKEM768 768 CN=" + testpki.ServerName,
		"3072":  "TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 AES-128-GCM 128 ECDHE 256 CN=" + testpki.ServerName,
	} {
		t.Run(want, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				r, s := secured(t, mqtt.MvV5, ca, serverConfig(server))
				config(t, r.M, "SSLEnabledProtocols="+protocols)
				const nothing = "   0  0 "
				if got := shown(r.M); got != nothing {
					t.Errorf("before: %q", got)
				}
				c := r.Connect(s, nil)
				if got := shown(r.M); got != want {
					t.Errorf("connected: %q, want %q", got, want)
				}
				r.Disconnect(c)
				if got := shown(r.M); got != want {
					t.Errorf("disconnected: %q, want %q", got, want)
				}
				d := new(switchedDial)
				d.down.Store(true)
				mqtt.SetDial(r.M, d.dial)
				wantCode(t, r.M.Connect(), 10061)
				if got := shown(r.M); got != nothing {
					t.Errorf("the next attempt: %q", got)
				}
			})
		})
	}
}

// SSLCert from every kind of store against a server that wants a certificate, and without one.
func TestSSLCert(t *testing.T) {
	ca, server := certified(t)
	folder := t.TempDir()
	own := ca.Issue(t, testpki.AsClient("device-9"))
	other := ca.Issue(t, testpki.AsClient("device-8"))
	stranger := testpki.NewAuthority(t, "Other CA").Issue(t, testpki.AsClient("stranger"))
	file := writeFile(t, folder, "client.pem", own.PEM()+own.KeyPEM(t))
	both := writeFile(t, folder, "both.pem", other.PEM()+other.KeyPEM(t)+own.PEM()+own.KeyPEM(t))
	const fixtures = "../certificate/testdata/"
	store := func(kind certificate.CertStoreTypes, store, password, subject string) func(t *testing.T) *certificate.Certificate {
		return func(t *testing.T) *certificate.Certificate {
			c, err := certificate.FromStore(kind, store, password, subject)
			must(t, err)
			return c
		}
	}
	for _, row := range []struct {
		name    string
		cert    func(t *testing.T) *certificate.Certificate
		subject string // that the server sees
		code    int
		words   string
	}{
		{"PEM file", store(certificate.CstPEMKeyFile, file, "", "*"), "CN=device-9", 0, ""},
		{"PEM blob", store(certificate.CstPEMKeyBlob, own.PEM()+own.KeyPEM(t), "", "CN=device-9"), "CN=device-9", 0, ""},
		{"automatic", store(certificate.CstAuto, file, "", ""), "", 281, ""}, // nothing is selected yet
		{"one of two by its subject", store(certificate.CstPEMKeyFile, both, "", "device-9"), "CN=device-9", 0, ""},
		{"PFX file", store(certificate.CstPFXFile, fixtures+"modern.pfx", "storepass", "*"), "device-1", 0, ""},
		{"Java key store, its key with a password of its own", func(t *testing.T) *certificate.Certificate {
			c := store(certificate.CstJKSFile, fixtures+"java.jks", "storepass", "")(t)
			must(t, c.SetKeyPassword("keypass1"))
			must(t, c.SetSubject("device-1"))
			return c
		}, "device-1", 0, ""},
		{"none", func(*testing.T) *certificate.Certificate { return nil }, "", 281, "demands a client certificate"},
		{"of another authority", func(t *testing.T) *certificate.Certificate { return clientCertificate(t, stranger) }, "", 276, "may not have accepted the client certificate \"CN=stranger\""},
		{"without its key", func(t *testing.T) *certificate.Certificate {
			c, err := certificate.FromEncoded(own.Cert.Raw)
			must(t, err)
			return c
		}, "", 273, "key"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(row.name+"/"+tls.VersionName(version), func(t *testing.T) {
				watchdog(t)
				c := serverConfig(server)
				c.MaxVersion, c.ClientAuth = version, tls.RequireAndVerifyClientCert
				c.ClientCAs = ca.Pool()
				for _, name := range []string{"root.pem", "inter.pem"} {
					c.ClientCAs.AppendCertsFromPEM(readFile(t, fixtures+name))
				}
				seen := make(chan string, 1)
				c.VerifyConnection = func(state tls.ConnectionState) error {
					seen <- state.PeerCertificates[0].Subject.String()
					return nil
				}
				s := mqtttest.NewServer(t)
				s.Host, s.Layer = "ssl://localhost", mqtttest.OverTLS(c)
				s.ServeAll(t, nil)
				r := newRecorded(t, mqtt.MvV5, s)
				trust(t, r.M, ca)
				must(t, r.M.SetSSLCert(row.cert(t)))
				err := r.M.Connect()
				wantCode(t, err, row.code)
				if row.code == 0 {
					if got := <-seen; !strings.Contains(got, row.subject) {
						t.Errorf("the server saw %q", got)
					}
					return
				}
				if !strings.Contains(fmt.Sprint(err), row.words) {
					t.Errorf("the error does not say %q: %v", row.words, err)
				}
			})
		}
	}
}

// ReuseSSLSession: the second handshake has no certificates, and the event of the question comes all the same.
func TestReuseSSLSession(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		t.Run(fmt.Sprint(reuse), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				ca, server := certified(t)
				c := serverConfig(server)
				var resumed []bool
				c.VerifyConnection = func(state tls.ConnectionState) error {
					resumed = append(resumed, state.DidResume)
					return nil
				}
				r, s := secured(t, mqtt.MvV5, ca, c)
				config(t, r.M, fmt.Sprintf("ReuseSSLSession=%t", reuse))
				config(t, r.M, "LogLevel=2")
				for range 2 {
					c := r.Connect(s, nil)
					r.Disconnect(c)
				}
				if want := []bool{false, reuse}; !slices.Equal(resumed, want) {
					t.Errorf("resumed %v, want %v", resumed, want)
				}
				if n := r.Trace().Count("SSLServerAuthentication"); n != 2 {
					t.Errorf("asked %d times", n)
				}
				told := strings.Contains(strings.Join(r.Trace().Only("Log").Strings(), "\n"), ", resumed.")
				if told != reuse {
					t.Errorf("the log tells of a resumed session: %t", told)
				}
				if r.M.SSLServerCert().Subject() != "CN="+testpki.ServerName {
					t.Error("SSLServerCert is empty")
				}
			})
		})
	}
}

// LogSSLPackets while several goroutines publish: each record is told, nothing waits for anything.
func TestLogSSLPackets(t *testing.T) {
	watchdog(t)
	ca, server := certified(t)
	s := mqtttest.NewServer(t)
	s.Host, s.Layer = "wss://localhost", mqtttest.Layers(mqtttest.OverTLS(serverConfig(server)), mqtttest.OverWebSocket(nil))
	s.ServeAll(t, nil)
	r := newRecorded(t, mqtt.MvV5, s)
	trust(t, r.M, ca)
	config(t, r.M, "LogSSLPackets=True")
	config(t, r.M, "LogLevel=3")
	must(t, r.M.Connect())
	const goroutines, each = 4, 50
	done := make(chan error, goroutines)
	for g := range goroutines {
		go func() {
			for i := range each {
				if err := r.M.PublishMessage("t", i%3, fmt.Sprint(g)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	r.WaitFor("MessageOut", goroutines*each)
	for range goroutines {
		must(t, <-done)
	}
	sent, received := 0, 0
	for _, e := range r.Trace().Only("SSLStatus") {
		switch m := e.Args.(*mqtt.SSLStatusEventArgs).Message; {
		case strings.HasPrefix(m, "TLS record sent: type 23 (application data)"):
			sent++
		case strings.HasPrefix(m, "TLS record received: type 23 (application data)"):
			received++
		}
	}
	if sent == 0 || received == 0 {
		t.Errorf("%d records sent, %d received", sent, received)
	}
	must(t, r.M.Disconnect())
}

// TLS on the client's side only, or on the server's only, says so.
func TestTLSAgainstPlain(t *testing.T) {
	for _, row := range []struct {
		name, url string
		layer     func(net.Conn) net.Conn
		code      int
		words     string
	}{
		{"TLS to a plain port", "ssl://localhost", nil, 276, "may not speak TLS on this port"},
		{"plain to a TLS port", "tcp://localhost", mqtttest.OverTLS(&tls.Config{}), 1120, "expect TLS on this port"}, // Go says nothing; others send an alert, which gives 276,
	} {
		t.Run("pain 33: "+row.name, func(t *testing.T) {
			watchdog(t)
			s := mqtttest.NewServer(t)
			s.Host = row.url
			s.Layer = row.layer // without one it takes the handshake for a packet that it does not know, and closes
			s.ServeAll(t, nil)
			r := newRecorded(t, mqtt.MvV5, s)
			err := r.M.Connect()
			wantCode(t, err, row.code)
			if !strings.Contains(fmt.Sprint(err), row.words) {
				t.Errorf("the error does not say %q: %v", row.words, err)
			}
		})
	}
}

// TestCloseBeforeConnackOverTLS: a server that closes instead of answering CONNECT may expect TLS only where there is none.
func TestCloseBeforeConnackOverTLS(t *testing.T) {
	for url, hint := range map[string]bool{"ssl://" + testpki.ServerName: false, "tcp://localhost": true} {
		bubble.Test(t, func(t *testing.T) {
			ca, server := certified(t)
			layer := mqtttest.OverTLS(serverConfig(server))
			if hint {
				layer = nil
			}
			r, s := layered(t, mqtt.MvV5, url, layer)
			trust(t, r.M, ca)
			done := r.Start(r.M.Connect)
			c := s.Accept(t)
			c.ExpectConnect()
			_ = c.NetConn().Close()
			err := r.Join(done)
			wantCode(t, err, 1120)
			if strings.Contains(err.Error(), "expect TLS") != hint || !strings.Contains(err.Error(), "before the server answered CONNECT") {
				t.Errorf("%s: %v", url, err)
			}
		})
	}
}

// TestSetTLSConfig: a configuration of the program's own takes the place of the settings, until it is nil again, Reset or not.
func TestSetTLSConfig(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		ca, server := certified(t)
		roots := x509.NewCertPool()
		roots.AddCert(ca.Cert)
		r, s := layered(t, mqtt.MvV5, "ssl://"+testpki.ServerName, mqtttest.OverTLS(serverConfig(server)))
		connect := func(code int) {
			t.Helper()
			done := r.Start(r.M.Connect)
			if code == 0 {
				c := s.AcceptConnected(t)
				must(t, r.Join(done))
				wantCode(t, r.M.SetTLSConfig(nil), 211)
				done = r.Start(r.M.Disconnect)
				c.Expect("E0 00")
				_ = c.NetConn().Close()
				must(t, r.Join(done))
				return
			}
			_, _ = s.Accept(t).Next() // which lets the server take part in the handshake
			wantCode(t, r.Join(done), code)
		}
		connect(275)
		c := &tls.Config{RootCAs: roots}
		must(t, r.M.SetTLSConfig(c))
		c.RootCAs = nil // a copy was kept
		connect(0)
		must(t, r.M.SetTLSConfig(nil))
		connect(275)
		must(t, r.M.SetTLSConfig(&tls.Config{RootCAs: roots}))
		must(t, r.M.Reset())
		must(t, r.M.SetRemoteHost(s.Host))
		connect(275)
	})
}
