package transport

import (
	"os"

	"github.com/iotcomponents/iot/errors"
)

// keyLog appends the secrets of sessions to a file. It opens the file for each line, of which a handshake has a
// handful, so that no file has to be kept open as long as the connection.
type keyLog string

func (name keyLog) open() (*os.File, error) {
	return os.OpenFile(string(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

func (name keyLog) Write(line []byte) (int, error) {
	f, err := name.open()
	if err != nil {
		return 0, err
	}
	n, err := f.Write(line)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return n, err
}

// useKeyLog switches SSLKeyLogFile on. Errors: 302.
func (s *security) useKeyLog() *errors.Error {
	name := keyLog(s.settings.KeyLogFile)
	if name == "" {
		return nil
	}
	f, err := name.open()
	if err != nil {
		return errors.Wrap(errors.ErrFileNotOpened, "SSLKeyLogFile cannot be opened.", err)
	}
	_ = f.Close()
	s.config.KeyLogWriter = name
	s.trace.note(NoteInformation, "SSLKeyLogFile is set: whoever reads that file can decrypt the connection.")
	return nil
}
