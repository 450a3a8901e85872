package main

import (
	"bufio"
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/mochi-mqtt/server/v2/packets"
)

// server logs one user in and knows nothing else of MQTT. It has nothing to do with the client.
type server struct {
	url            string
	user, password string
	forge          bool // pretend to know the password
	listener       net.Listener
	ended          sync.WaitGroup
}

func startServer(user, password string, forge bool) *server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	s := &server{url: "mqtt://" + listener.Addr().String(), user: user, password: password, forge: forge, listener: listener}
	s.ended.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // stop
			}
			if err := s.logIn(conn); err == nil {
				_, _ = io.Copy(io.Discard, conn) // until the client leaves
			}
			_ = conn.Close()
		}
	})
	return s
}

func (s *server) stop() {
	_ = s.listener.Close()
	s.ended.Wait()
}

const (
	scramMethod = "SCRAM-SHA-256"
	scramSalt   = "0123456789abcdef"
	scramRounds = 4096
)

// logIn is the server's side of a login.
func (s *server) logIn(conn net.Conn) error {
	r := bufio.NewReader(conn)
	connect, err := readPacket(r)
	if err != nil {
		return err
	}
	if connect.Properties.AuthenticationMethod != scramMethod {
		return answer(conn, packets.Connack, packets.ErrBadAuthenticationMethod.Code, "")
	}
	first, plain := strings.CutPrefix(string(connect.Properties.AuthenticationData), "n,,")
	client := scramAttributes([]byte(first))
	if !plain || client["n"] != s.user {
		return answer(conn, packets.Connack, packets.ErrNotAuthorized.Code, "")
	}
	nonce := client["r"] + rand.Text()
	challenge := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString([]byte(scramSalt)), scramRounds)
	if err := answer(conn, packets.Auth, packets.CodeContinueAuthentication.Code, challenge); err != nil {
		return err
	}
	auth, err := readPacket(r)
	if err != nil {
		return err
	}
	final, encoded, _ := strings.Cut(string(auth.Properties.AuthenticationData), ",p=")
	proof, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(proof) != sha256.Size || final != "c=biws,r="+nonce {
		return answer(conn, packets.Connack, packets.ErrNotAuthorized.Code, "")
	}
	salted, err := pbkdf2.Key(sha256.New, s.password, []byte(scramSalt), scramRounds, sha256.Size)
	if err != nil {
		return err
	}
	message := first + "," + challenge + "," + final
	stored := sha256.Sum256(scramMAC(salted, "Client Key"))
	subtle.XORBytes(proof, proof, scramMAC(stored[:], message))
	if key := sha256.Sum256(proof); !bytes.Equal(key[:], stored[:]) {
		return answer(conn, packets.Connack, packets.ErrNotAuthorized.Code, "")
	}
	signature := scramMAC(scramMAC(salted, "Server Key"), message)
	if s.forge {
		signature[0]++
	}
	return answer(conn, packets.Connack, packets.CodeSuccess.Code, "v="+base64.StdEncoding.EncodeToString(signature))
}

// readPacket reads CONNECT or AUTH.
func readPacket(r *bufio.Reader) (*packets.Packet, error) {
	first, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	p := &packets.Packet{ProtocolVersion: 5}
	if err := p.FixedHeader.Decode(first); err != nil {
		return nil, err
	}
	length, _, err := packets.DecodeLength(r)
	if err != nil {
		return nil, err
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	switch p.FixedHeader.Type {
	case packets.Connect:
		return p, p.ConnectDecode(body)
	case packets.Auth:
		return p, p.AuthDecode(body)
	}
	return nil, fmt.Errorf("packet type %d", p.FixedHeader.Type)
}

// answer writes CONNACK or AUTH.
func answer(conn net.Conn, kind, reason byte, data string) error {
	p := &packets.Packet{FixedHeader: packets.FixedHeader{Type: kind}, ProtocolVersion: 5, ReasonCode: reason}
	if data != "" {
		p.Properties.AuthenticationMethod, p.Properties.AuthenticationData = scramMethod, []byte(data)
	}
	var packet bytes.Buffer
	encode := p.ConnackEncode
	if kind == packets.Auth {
		encode = p.AuthEncode
	}
	if err := encode(&packet); err != nil {
		return err
	}
	_, err := conn.Write(packet.Bytes())
	return err
}
