package certificate

import (
	stderrors "errors"
	"math"
)

// The store says how often a password is hashed, how many keys there are and how long they are. These bounds keep a
// hostile store from keeping the program busy or filling its memory; real stores stay far below.
const (
	maxWork   = 50_000_000 // for all keys of a store together, in iterations of PBKDF2: about ten seconds
	maxMemory = 256 << 20  // of one hash, in bytes
	maxKey    = 24 << 10   // of a private key, in bytes of DER; RSA with 16384 bits needs 10 KiB
	maxRSA    = 16384      // of an RSA modulus, in bits
)

// What one step of the slower functions costs, in iterations of PBKDF2. Measured, and rounded up.
const (
	bcryptRound = 30_000 // one round of OpenSSH's bcrypt_pbkdf
	argon2KiB   = 4      // one KiB of memory filled once by Argon2
	scryptKiB   = 16     // one KiB of memory filled and read by scrypt
	dsaKey      = 50_000 // the public key of a private one
)

var errTooMuchWork = stderrors.New("its keys and password settings would take too long to compute")

// work counts what opening one store has cost so far.
type work struct{ done int64 }

// add accounts for count steps of a given cost, before they are done.
func (w *work) add(count, cost int64) error {
	if count < 0 || count > math.MaxInt32 || count*cost > maxWork-w.done {
		return errTooMuchWork
	}
	w.done += count * cost
	return nil
}

// addKey accounts for checking the numbers of a private key, given its length in bytes.
func (w *work) addKey(length int) error {
	if length > maxKey {
		return stderrors.New("the private key is too long")
	}
	return w.add(1, int64(length)*int64(length)/2000)
}

// addFactor accounts for one power modulo an RSA modulus.
func (w *work) addFactor(bits int) error {
	return w.add(1, int64(bits)*int64(bits)*int64(bits)/400_000)
}
