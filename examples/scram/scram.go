package main

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

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
	if err != nil || iterations < 4096 || iterations > 1_000_000 || !strings.HasPrefix(a["r"], s.nonce) ||
		a["r"] == s.nonce {
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
