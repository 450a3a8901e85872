package main

import (
	"bufio"
	"bytes"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
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
	s := &server{
		url: "mqtt://" + listener.Addr().String(), user: user, password: password, forge: forge,
		listener: listener,
	}
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
	method, data, err := readPacket(r)
	if err != nil {
		return err
	}
	if method != scramMethod {
		return answer(conn, typeCONNACK, badAuthentication, "")
	}
	first, plain := strings.CutPrefix(data, "n,,")
	client := scramAttributes([]byte(first))
	if !plain || client["n"] != s.user {
		return answer(conn, typeCONNACK, notAuthorized, "")
	}
	nonce := client["r"] + rand.Text()
	challenge := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString([]byte(scramSalt)), scramRounds)
	if err := answer(conn, typeAUTH, continueAuthentication, challenge); err != nil {
		return err
	}
	if _, data, err = readPacket(r); err != nil {
		return err
	}
	final, encoded, _ := strings.Cut(data, ",p=")
	proof, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(proof) != sha256.Size || final != "c=biws,r="+nonce {
		return answer(conn, typeCONNACK, notAuthorized, "")
	}
	salted, err := pbkdf2.Key(sha256.New, s.password, []byte(scramSalt), scramRounds, sha256.Size)
	if err != nil {
		return err
	}
	message := first + "," + challenge + "," + final
	stored := sha256.Sum256(scramMAC(salted, "Client Key"))
	subtle.XORBytes(proof, proof, scramMAC(stored[:], message))
	if key := sha256.Sum256(proof); !bytes.Equal(key[:], stored[:]) {
		return answer(conn, typeCONNACK, notAuthorized, "")
	}
	signature := scramMAC(scramMAC(salted, "Server Key"), message)
	if s.forge {
		signature[0]++
	}
	return answer(conn, typeCONNACK, success, "v="+base64.StdEncoding.EncodeToString(signature))
}

// readPacket reads CONNECT or AUTH of MQTT 5, and returns its authentication method and data.
func readPacket(r *bufio.Reader) (method, data string, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return "", "", err
	}
	length, err := binary.ReadUvarint(r) // MQTT writes lengths as Go's varints
	if err != nil || length > 1<<16 {
		return "", "", errors.New("no packet of MQTT")
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", "", err
	}
	// In front of the properties stand name, version, flags and keep-alive of CONNECT, or the reason code of AUTH.
	start := map[byte]int{0x10: 10, 0xF0: 1}[first]
	if start == 0 || len(body) < start {
		return "", "", fmt.Errorf("packet type 0x%X", first)
	}
	size, n := binary.Uvarint(body[start:])
	properties := body[start+max(n, 0):]
	if n <= 0 || size > uint64(len(properties)) {
		return "", "", errors.New("a length is wrong")
	}
	return authentication(properties[:size])
}

// authentication looks for the properties 0x15 and 0x16 among those that CONNECT and AUTH may have.
func authentication(properties []byte) (method, data string, err error) {
	numbers := map[byte]int{0x11: 4, 0x17: 1, 0x19: 1, 0x21: 2, 0x22: 2, 0x27: 4} // and their sizes
	texts := map[byte]int{0x15: 1, 0x16: 1, 0x1F: 1, 0x26: 2}                     // and how many each has
	for len(properties) > 0 {
		id := properties[0]
		properties = properties[1:]
		if numbers[id] == 0 && texts[id] == 0 || len(properties) < numbers[id] {
			return "", "", fmt.Errorf("property 0x%X", id)
		}
		properties = properties[numbers[id]:]
		for range texts[id] {
			if len(properties) < 2 || len(properties) < 2+int(binary.BigEndian.Uint16(properties)) {
				return "", "", fmt.Errorf("property 0x%X", id)
			}
			end := 2 + int(binary.BigEndian.Uint16(properties))
			switch text := string(properties[2:end]); id {
			case 0x15:
				method = text
			case 0x16:
				data = text
			}
			properties = properties[end:]
		}
	}
	return method, data, nil
}

// The packets and reason codes of the answers.
const (
	typeCONNACK, typeAUTH = 0x20, 0xF0

	success, continueAuthentication  = 0x00, 0x18
	notAuthorized, badAuthentication = 0x87, 0x8C
)

// answer writes CONNACK or AUTH.
func answer(conn net.Conn, packet, reason byte, data string) error {
	var properties []byte
	if data != "" {
		for id, text := range []string{scramMethod, data} {
			properties = append(properties, 0x15+byte(id))
			properties = append(binary.BigEndian.AppendUint16(properties, uint16(len(text))), text...)
		}
	}
	var body []byte
	if packet == typeCONNACK {
		body = append(body, 0) // no session
	}
	body = append(body, reason)
	body = append(binary.AppendUvarint(body, uint64(len(properties))), properties...)
	_, err := conn.Write(append(binary.AppendUvarint([]byte{packet}, uint64(len(body))), body...))
	return err
}
