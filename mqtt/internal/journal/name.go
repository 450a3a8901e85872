package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

const maxReadable = 40 // bytes of a file name that are taken from the client identifier

// baseName is the path of a client identifier's files without their extensions: as much of the identifier as any file
// system takes, and a hash that tells it from others which look alike.
func baseName(dir, clientID string) string {
	readable := []byte(clientID[:min(len(clientID), maxReadable)])
	for i, c := range readable {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			readable[i] = '_'
		}
	}
	sum := sha256.Sum256([]byte(clientID))
	return filepath.Join(dir, string(readable)+"-"+hex.EncodeToString(sum[:8]))
}

// The extensions of the files.
const (
	extJournal = ".journal"
	extNew     = ".journal.new"     // a journal that is being written
	extDamaged = ".journal.damaged" // what a damaged journal was before
	extLock    = ".lock"
)
