package mqtt_test

import (
	"bufio"
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net"
	"strings"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// scramServer is the server's side, for one user, as a value: packets of a connection go in, answers come out.
type scramServer struct {
	user, password string
	forge          bool // pretend to know the password

	stands    bool
	message   string // what both sides sign, so far
	nonce     string
	signature []byte
}

const scramSalt = "0123456789abcdef"

// answer answers CONNECT and AUTH; with last it closes the connection. Other packets have no answer.
func (s *scramServer) answer(t packet.Type, body []byte) (reply []byte, last bool) {
	switch t {
	case packet.CONNECT:
		_, p, err := packet.DecodeConnect(body)
		data, _ := p.Properties.Bytes(packet.PropAuthenticationData)
		method, _ := p.Properties.Bytes(packet.PropAuthenticationMethod)
		if err != nil || string(method) != "SCRAM-SHA-256" {
			return s.refuse(packet.BadAuthenticationMethod)
		}
		s.stands = false
		return s.challenge(data)
	case packet.AUTH:
		p, err := packet.DecodeAuth(packet.FromClient, body)
		data, _ := p.Properties.Bytes(packet.PropAuthenticationData)
		switch {
		case err != nil || p.Reason == packet.ReAuthenticate && !s.stands:
			return s.refuse(packet.ProtocolError)
		case p.Reason == packet.ReAuthenticate:
			return s.challenge(data)
		case !s.proves(string(data)):
			return s.refuse(packet.NotAuthorized)
		}
		properties := s.properties("v=" + base64.StdEncoding.EncodeToString(s.signature))
		if s.stands {
			return packet.AppendAuth(nil, &packet.Auth{Properties: properties}), false
		}
		s.stands = true
		return packet.AppendConnack(nil, packet.V5, &packet.Connack{Properties: properties}), false
	}
	return nil, false
}

// challenge answers the first message of a login.
func (s *scramServer) challenge(data []byte) ([]byte, bool) {
	first, is := strings.CutPrefix(string(data), "n,,")
	if !is || scramAttributes(data)["n"] != s.user {
		return s.refuse(packet.NotAuthorized)
	}
	s.nonce = scramAttributes(data)["r"] + rand.Text()
	text := "r=" + s.nonce + ",s=" + base64.StdEncoding.EncodeToString([]byte(scramSalt)) + ",i=4096"
	s.message = first + "," + text
	return packet.AppendAuth(nil, &packet.Auth{Reason: packet.ContinueAuthentication, Properties: s.properties(text)}), false
}

// proves checks the client's proof against the stored key, and makes the server's signature.
func (s *scramServer) proves(final string) bool {
	unsigned, encoded, _ := strings.Cut(final, ",p=")
	proof, _ := base64.StdEncoding.DecodeString(encoded)
	salted, err := pbkdf2.Key(sha256.New, s.password, []byte(scramSalt), 4096, sha256.Size)
	if err != nil || unsigned != "c=biws,r="+s.nonce || len(proof) != sha256.Size {
		return false
	}
	s.message += "," + unsigned
	stored := sha256.Sum256(scramMAC(salted, "Client Key"))
	subtle.XORBytes(proof, proof, scramMAC(stored[:], s.message))
	key := sha256.Sum256(proof)
	s.signature = scramMAC(scramMAC(salted, "Server Key"), s.message)
	if s.forge {
		s.signature[0]++
		return true
	}
	return bytes.Equal(key[:], stored[:])
}

func (s *scramServer) properties(data string) packet.Properties {
	return packet.Properties(nil).AppendString(packet.PropAuthenticationMethod, "SCRAM-SHA-256").AppendString(packet.PropAuthenticationData, data)
}

func (s *scramServer) refuse(reason packet.ReasonCode) ([]byte, bool) {
	if s.stands {
		return packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Reason: reason}), true
	}
	return packet.AppendConnack(nil, packet.V5, &packet.Connack{Reason: reason}), true
}

// startSCRAMServer starts a server on a free loopback port that logs in one user and knows nothing else; stop ends it.
func startSCRAMServer(user, password string) (host string, port int, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s := &scramServer{user: user, password: password}
			r := bufio.NewReader(conn)
			for last := false; !last; {
				h, body, err := readPacket(r)
				if err != nil {
					break
				}
				var reply []byte
				reply, last = s.answer(h.Type(), body)
				_, _ = conn.Write(reply)
			}
			_ = conn.Close()
		}
	}()
	address := listener.Addr().(*net.TCPAddr)
	return address.IP.String(), address.Port, func() { listener.Close(); <-done }
}

// readPacket reads one packet of a client.
func readPacket(r *bufio.Reader) (packet.Header, []byte, error) {
	for n := 2; ; n++ {
		start, err := r.Peek(n)
		if err != nil {
			return packet.Header{}, nil, err
		}
		h, complete, err := packet.ReadHeader(packet.V5, packet.FromClient, start)
		if err != nil {
			return packet.Header{}, nil, err
		}
		if complete {
			whole := make([]byte, h.PacketSize())
			_, err := io.ReadFull(r, whole)
			return h, whole[h.Size:], err
		}
	}
}
