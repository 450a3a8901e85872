// TLS proves both sides by certificates: the server's is of an authority of one's own, and the client has one too. The
// program makes all the files first, in an empty folder, so that it needs none.
//
//	go run ./examples/tls                                  with a broker inside the program
//	go run ./examples/tls mqtts://broker.lan:8883 FOLDER   with a server of yours
//
// FOLDER has the files ca.crt, client.crt and client.key.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/iotcomponents/iot/certificate"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/examples/broker"
	"github.com/iotcomponents/iot/mqtt"
)

func main() {
	var server, folder string
	if len(os.Args) == 3 {
		server, folder = os.Args[1], os.Args[2]
	} else {
		temporary, err := os.MkdirTemp("", "tls-example-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(temporary)
		b := startServer(temporary)
		defer b.Stop()
		server, folder = b.URL, temporary
	}

	// The server's certificate is of our authority, not of one that the system knows, and we show none of our own.
	m := mqtt.New()
	if err := m.SetRemoteHost(server); err != nil {
		log.Fatal(err)
	}
	try("nothing configured", m)

	// ca.crt is the authority. Now the server is trusted, but it wants a certificate of the client.
	if _, err := m.Config("OpenSSLCAFile=" + filepath.Join(folder, "ca.crt")); err != nil {
		log.Fatal(err)
	}
	try("the authority is known", m)

	// A certificate and its key. As PFX it would be CstPFXFile, the file and its password.
	var pair []byte
	for _, file := range []string{"client.crt", "client.key"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			log.Fatal(err)
		}
		pair = append(pair, text...)
	}
	cert, err := certificate.FromStoreB(certificate.CstPEMKeyBlob, pair, "", "*")
	if err != nil {
		log.Fatal(err)
	}
	if err := m.SetSSLCert(cert); err != nil {
		log.Fatal(err)
	}
	try("and we have a certificate", m)
}

// try connects, and tells how that goes.
func try(what string, m *mqtt.MQTT) {
	switch err := m.Connect(); errors.Code(err) {
	case 0:
		version, _ := m.Config("SSLNegotiatedVersion")
		fmt.Printf("%s: connected by %s\n", what, version)
		if err := m.Disconnect(); err != nil {
			log.Fatal(err)
		}
	case 275:
		fmt.Printf("%s: 275, we do not trust the server\n", what)
	case 281:
		fmt.Printf("%s: 281, the server wants a certificate of ours\n", what)
	default:
		log.Fatal(err)
	}
}

// startServer makes the files and starts a broker that uses them.
func startServer(folder string) *broker.Server {
	makeFiles(folder)
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.crt"), filepath.Join(folder, "server.key"))
	if err != nil {
		log.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		log.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	b, err := broker.Start(broker.Options{TLS: &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
	}})
	if err != nil {
		log.Fatal(err)
	}
	return b
}
