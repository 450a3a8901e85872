//go:build !windows

package certificate

import (
	"runtime"

	"github.com/iotcomponents/iot/errors"
)

// loadSystem stands for the stores of Windows on other systems.
func loadSystem(name string, _ bool) ([]entry, error) {
	return nil, errors.New(errors.ErrCertificateStore, "There is no certificate store "+shownStore(name)+
		" of the system on "+runtime.GOOS+"; use a file, for example with StoreType CstPFXFile.")
}
