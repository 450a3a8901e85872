package certificate

import (
	stderrors "errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// readFile reads a file of bounded size: a device that never ends must not fill the memory.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, "opened", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxStore+1))
	if err != nil {
		return nil, fileError(name, "read", err)
	}
	return data, nil
}

func fileError(name, action string, cause error) error {
	if looksLikeContents(name) {
		// The cause repeats the name.
		var path *fs.PathError
		if stderrors.As(cause, &path) {
			cause = path.Err
		}
		return errors.Wrap(errors.ErrFileNotOpened, "Store is not the name of a file; for contents there are the "+
			"store types ending in Blob", cause)
	}
	return errors.Wrap(errors.ErrFileNotOpened, "The certificate file "+strconv.Quote(name)+" cannot be "+action, cause)
}

// looksLikeContents reports whether a name is contents that were assigned with the wrong StoreType. Such a name may be
// a private key, which must not get into the text of an error.
func looksLikeContents(name string) bool {
	const longest = 255 // what file systems allow for one part of a path
	if len(name) > longest || strings.HasPrefix(name, "{") || strings.HasPrefix(name, "<") {
		return true
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) {
		return true
	}
	binary := unBase64([]byte(name))
	return len(binary) < len(name) && len(binary) > 0 && binary[0] == 0x30 // DER in Base64
}

// shownStore is the name of a store for the text of an error.
func shownStore(name string) string {
	if looksLikeContents(name) {
		return "(contents, for which there are the store types ending in Blob)"
	}
	return strconv.Quote(name)
}
