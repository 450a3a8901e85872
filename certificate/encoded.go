package certificate

import (
	"crypto/x509"

	"github.com/iotcomponents/iot/errors"
)

// parseEncoded reads the first certificate of a value for Encoded.
func parseEncoded(encoded []byte) (*x509.Certificate, error) {
	found, err := loader{load: loadPublic, what: "value"}.run(encoded, passwords{})
	for _, e := range found {
		if e.cert != nil {
			return e.cert, nil
		}
	}
	return nil, errors.Wrap(errors.ErrInvalidArgument, "Encoded must be a certificate in PEM, DER or Base64.", err)
}
