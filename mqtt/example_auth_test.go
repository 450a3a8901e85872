package mqtt_test

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/mqtt"
)

// SCRAM begin

// scram is the client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677).
type scram struct {
	user, password string // ASCII; other passwords have to be prepared as RFC 4013 says

	first     string // our first message, without its header
	nonce     string
	signature []byte // what the server has to prove
}

// begin makes the first message of a login.
func (s *scram) begin() []byte {
	s.nonce, s.signature = rand.Text(), nil
	s.first = "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.user) + ",r=" + s.nonce
	return []byte("n,," + s.first)
}

// answer proves to the server that we know the password.
func (s *scram) answer(challenge []byte) ([]byte, error) {
	a := scramAttributes(challenge)
	salt, err := base64.StdEncoding.DecodeString(a["s"])
	iterations, _ := strconv.Atoi(a["i"])
	if err != nil || iterations < 4096 || iterations > 1_000_000 || !strings.HasPrefix(a["r"], s.nonce) || a["r"] == s.nonce {
		return nil, errors.New("the server's challenge is none of SCRAM-SHA-256")
	}
	salted, err := pbkdf2.Key(sha256.New, s.password, salt, iterations, sha256.Size)
	if err != nil {
		return nil, err
	}
	final := "c=biws,r=" + a["r"]
	message := s.first + "," + string(challenge) + "," + final
	key := scramMAC(salted, "Client Key")
	stored := sha256.Sum256(key)
	proof := scramMAC(stored[:], message)
	subtle.XORBytes(proof, proof, key)
	s.signature = scramMAC(scramMAC(salted, "Server Key"), message)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

// verify checks that the server knows the password too.
func (s *scram) verify(last []byte) error {
	signature, err := base64.StdEncoding.DecodeString(scramAttributes(last)["v"])
	if err != nil || s.signature == nil || !hmac.Equal(signature, s.signature) {
		return errors.New("the server does not know the password")
	}
	s.signature = nil // it counts once
	return nil
}

// scramAttributes reads a message such as "r=abc,s=def,i=4096".
func scramAttributes(message []byte) map[string]string {
	attributes := make(map[string]string)
	for a := range strings.SplitSeq(string(message), ",") {
		name, value, _ := strings.Cut(a, "=")
		attributes[name] = value
	}
	return attributes
}

func scramMAC(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// SCRAM end

// A login with SCRAM-SHA-256, and a new authentication on the standing connection. docs/authentication.md shows it too.
func ExampleMQTT_Auth() {
	host, port, stop := startSCRAMServer("user1", "pass1") // in the test; stop ends it
	defer stop()

	// program begin
	m := mqtt.New()
	m.SetVersion(mqtt.MvV5)
	login := &scram{user: "user1", password: "pass1"}
	again := false

	// Every attempt to connect begins a login of its own.
	m.OnBeforeConnect = func(e *mqtt.BeforeConnectEventArgs) {
		properties := `{"AuthenticationMethod":"SCRAM-SHA-256","AuthenticationData":"%x"}`
		if _, err := m.Config("ConnectProperties=" + fmt.Sprintf(properties, login.begin())); err != nil {
			log.Print(err)
		}
	}
	m.OnAuth = func(e *mqtt.AuthEventArgs) {
		var err error
		if e.ReasonCode == 24 { // the server waits for an answer
			var answer []byte
			if answer, err = login.answer(e.AuthData); err == nil {
				err = m.Auth(false, mqtt.AuthProperties{AuthData: answer})
			}
		} else { // the authentication that Auth(true) began is over
			err = login.verify(e.AuthData)
			again = err == nil
		}
		if err != nil {
			log.Print(err)
			m.DisconnectWith(128, mqtt.DisconnectProperties{})
		}
	}
	m.OnConnAck = func(e *mqtt.ConnAckEventArgs) {
		if e.ReasonCode != 0 {
			return // Connect returns an error
		}
		var properties struct{ AuthenticationData string }
		json.Unmarshal([]byte(e.Properties), &properties)
		last, _ := hex.DecodeString(properties.AuthenticationData)
		if err := login.verify(last); err != nil { // also when there is no data
			log.Print(err)
			m.DisconnectWith(128, mqtt.DisconnectProperties{})
		}
	}

	if err := m.ConnectTo(host, port); err != nil {
		log.Fatal(err) // for example: [500] The server refused the connection: CONNACK with 135 (0x87) Not authorized.
	}
	fmt.Println("connected:", m.Connected()) // false if OnConnAck has disconnected

	// Later, for example before a ticket ends. Messages flow meanwhile.
	if err := m.Auth(true, mqtt.AuthProperties{AuthData: login.begin()}); err != nil {
		log.Fatal(err)
	}
	for !again && m.Connected() {
		m.DoEvents()
	}
	fmt.Println("authenticated again:", again)
	m.Disconnect()
	// program end

	// Output:
	// connected: true
	// authenticated again: true
}
