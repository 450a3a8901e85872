package certificate

import (
	"bytes"
	"crypto/aes"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	stderrors "errors"
	"math/big"
	"os"
	"testing"
)

// kdf makes the settings of a key derivation.
func kdf(t *testing.T, oid asn1.ObjectIdentifier, parameters any) algorithmIdentifier {
	t.Helper()
	der, err := asn1.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	return algorithmIdentifier{oid, asn1.RawValue{FullBytes: der}}
}

// TestWorkIsBounded: settings that would take minutes or gigabytes are refused before anything is computed. A test
// that hangs or dies here has lost a bound.
func TestWorkIsBounded(t *testing.T) {
	type pbkdf2Settings struct {
		Salt       []byte
		Iterations int64
	}
	type scryptSettings struct {
		Salt    []byte
		N, R, P int64
	}
	salt := []byte("saltsalt")
	for name, settings := range map[string]algorithmIdentifier{
		"PBKDF2 iterations":   kdf(t, oidPBKDF2, pbkdf2Settings{salt, 1 << 31}),
		"PBKDF2 overflow":     kdf(t, oidPBKDF2, pbkdf2Settings{salt, 1<<63 - 1}),
		"PBKDF2 none":         kdf(t, oidPBKDF2, pbkdf2Settings{salt, 0}),
		"PBKDF2 negative":     kdf(t, oidPBKDF2, pbkdf2Settings{salt, -1}),
		"scrypt memory":       kdf(t, oidScrypt, scryptSettings{salt, 1 << 30, 8, 1}),
		"scrypt block":        kdf(t, oidScrypt, scryptSettings{salt, 2, 1 << 40, 1}),
		"scrypt parallel":     kdf(t, oidScrypt, scryptSettings{salt, 2, 1, 1 << 40}),
		"scrypt all in bound": kdf(t, oidScrypt, scryptSettings{salt, 1 << 20, 2, 1 << 20}),
		"scrypt negative":     kdf(t, oidScrypt, scryptSettings{salt, -2, 1, 1}),
		"scrypt no power":     kdf(t, oidScrypt, scryptSettings{salt, 3, 1, 1}),
		"unknown":             {Algorithm: oidDSA},
		"no settings":         {Algorithm: oidPBKDF2},
		"no scrypt settings":  {Algorithm: oidScrypt},
	} {
		if _, err := deriveKey(settings, []byte("x"), 32, new(work)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, parameters := range map[string]any{
		"iterations": pbeParams{salt, 1 << 40},
		"none":       pbeParams{salt, 0},
		"salt":       pbeParams{make([]byte, 65), 1},
	} {
		for oid, c := range pkcs12Ciphers {
			if _, err := decryptPBE12(c, kdf(t, oidDSA, parameters).Parameters.FullBytes, make([]byte, 8), nil, new(work)); err == nil {
				t.Errorf("%s %s: accepted", oid, name)
			}
		}
	}
}

// TestWorkAddsUp: many small efforts are bounded like one large one.
func TestWorkAddsUp(t *testing.T) {
	w := new(work)
	for range 49 {
		if err := w.add(1000, 1000); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.add(1_000_001, 1); !stderrors.Is(err, errTooMuchWork) {
		t.Error("more than all was accepted")
	}
	if err := w.add(1_000_000, 1); err != nil {
		t.Error(err)
	}
	if err := w.addKey(maxKey + 1); err == nil {
		t.Error("an endless key was accepted")
	}
}

// TestOpenSSHRounds: an OpenSSH key with 2^31 rounds would take months.
func TestOpenSSHRounds(t *testing.T) {
	data, err := os.ReadFile("testdata/ssh-ecdsa")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	settings := []byte{0, 0, 0, 16} // the salt, of 16 bytes, in front of the rounds
	at := bytes.Index(block.Bytes, settings) + len(settings) + 16
	if binary.BigEndian.Uint32(block.Bytes[at:]) != 4 {
		t.Fatal("the rounds are not where they should be")
	}
	block.Bytes[at] = 0x7F
	if _, err := loadPEM(pem.EncodeToMemory(block), passwords{work: new(work)}); !stderrors.Is(err, errTooMuchWork) {
		t.Error(err)
	}
}

// TestEndlessFile: a device that never ends does not fill the memory.
func TestEndlessFile(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Log("no /dev/zero on this system; TestUnreadable covers the bound")
		return
	}
	_, err := FromFile("/dev/zero")
	if err == nil {
		t.Error("accepted")
	}
}

// TestNumbers: numbers that make no key, each of which made some program loop or crash.
func TestNumbers(t *testing.T) {
	n := big.NewInt
	huge := new(big.Int).Lsh(n(1), maxRSA)
	for name, k := range map[string]rsaNumbers{
		"zero":             {n(0), n(3), n(1), nil, nil},
		"even modulus":     {n(1 << 40), n(3), n(1 << 20), nil, nil},
		"huge modulus":     {huge, n(3), n(3), nil, nil},
		"exponent 1":       {n(35), n(1), n(5), nil, nil},
		"huge exponent":    {n(35), huge, n(5), nil, nil},
		"zero primes":      {n(35), n(5), n(5), n(0), n(0)},
		"prime 1":          {n(35), n(5), n(5), n(1), n(35)},
		"negative primes":  {n(35), n(5), n(5), n(-5), n(-7)},
		"unrelated d":      {n(35), n(5), n(4), nil, nil},
		"d above n":        {n(35), n(5), n(36), nil, nil},
		"modulus a prime":  {n(1_000_003), n(5), n(400_001), nil, nil},
		"missing exponent": {n(35), nil, n(5), nil, nil},
	} {
		if _, err := k.privateKey(new(work)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, d := range map[string][4]*big.Int{
		"zero p":   {n(0), n(3), n(2), n(1)},
		"huge p":   {huge, n(3), n(2), n(1)},
		"q over p": {n(7), n(11), n(2), n(1)},
		"g over p": {n(11), n(5), n(12), n(1)},
		"zero x":   {n(11), n(5), n(3), n(0)},
		"x over q": {n(11), n(5), n(3), n(5)},
	} {
		if _, err := newDSA(d[0], d[1], d[2], d[3], new(work)); err == nil {
			t.Errorf("DSA %s: accepted", name)
		}
	}
}

// TestCCM decrypts with the key, the nonce and the text of packet vector 1 of RFC 3610, but without its header, so that
// the ciphertext was made anew, by the AESCCM of Python's cryptography module (OpenSSL).
func TestCCM(t *testing.T) {
	unhex := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	block, err := aes.NewCipher(unhex("C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF"))
	if err != nil {
		t.Fatal(err)
	}
	nonce := unhex("00000003020100A0A1A2A3A4A5")
	data := unhex("588c979a61c663d2f066d0c2c0f989806d5f6b61dac3847c2051a7ae200bcf")
	plain, err := decryptCCM(block, nonce, data, 8)
	if err != nil || hex.EncodeToString(plain) != "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e" {
		t.Errorf("%x %v", plain, err)
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		if _, err := decryptCCM(block, nonce, damaged, 8); !stderrors.Is(err, errPassword) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for name, bad := range map[string]struct {
		nonce, data []byte
		tag         int
	}{
		"no nonce":    {nil, data, 8},
		"long nonce":  {make([]byte, 14), data, 8},
		"odd tag":     {nonce, data, 7},
		"long tag":    {nonce, data, 18},
		"no room":     {nonce, data[:7], 8},
		"length over": {nonce, make([]byte, 70000), 8},
	} {
		if _, err := decryptCCM(block, bad.nonce, bad.data, bad.tag); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestBER turns BER into DER and refuses what is neither.
func TestBER(t *testing.T) {
	for name, test := range map[string]struct{ ber, der string }{
		"DER":                 {"3003020101", "3003020101"},
		"no ASN.1":            {"FFFF", "FFFF"},
		"indefinite":          {"30800201010000", "3003020101"},
		"nested":              {"3080308002010100000000", "30053003020101"},
		"in pieces":           {"2480040101040202030000", "0403010203"},
		"pieces of pieces":    {"30802480240304010104010200000000", "300404020102"},
		"pieces, definite":    {"2406040101040102", "04020102"},
		"context tag":         {"A0800401010000", "A003040101"},
		"long length":         {"3080048180" + zeros(128) + "0000", "308183048180" + zeros(128)},
		"without end":         {"3080020101", ""},
		"behind the end":      {"308002010100000201", ""},
		"other pieces":        {"24800201010000", ""},
		"length over the end": {"308004050000", ""},
		"high tag":            {"30801F0101000000", ""},
	} {
		ber, err := hex.DecodeString(test.ber)
		if err != nil {
			t.Fatal(name, err)
		}
		der, err := derOf(ber)
		if (err == nil) != (test.der != "") || err == nil && hex.EncodeToString(der) != string(bytes.ToLower([]byte(test.der))) {
			t.Errorf("%s: %x %v", name, der, err)
		}
	}
	// Each level costs a stack frame, so the depth has a bound. Without it this would end the program.
	deep := bytes.Repeat([]byte{0x30, 0x80}, maxStore/2)
	if _, err := loadP7B(deep, passwords{work: new(work)}); err == nil {
		t.Error("endless nesting was accepted")
	}
}

func zeros(n int) string { return hex.EncodeToString(make([]byte, n)) }
