package errors_test

import "github.com/iotcomponents/iot/errors"

// The exported API is a contract: ported programs compile against these signatures. What differs does not compile here.
var (
	_ interface {
		error
		Unwrap() error
	} = (*errors.Error)(nil)
	_ = struct {
		Code        int
		Description string
		Err         error
		ReasonCode  int
	}(errors.Error{})

	_ func(code int, detail string) *errors.Error = errors.New
	_ func(err error) int                         = errors.Code
	_ func(code int) string                       = errors.Description
	_ func(err error) *errors.Error               = errors.FromOS

	// An index of 0 in an array of one element compiles only while the constant has this value. The other numbers stand in
	// testdata.
	_ = []int{
		[1]int{}[errors.ErrProtocol-500], [1]int{}[errors.ErrPacketIdsExhausted-501], [1]int{}[errors.ErrInvalidTopicName-502],
		[1]int{}[errors.ErrInvalidTopicFilter-503], [1]int{}[errors.ErrMalformedMessage-504], [1]int{}[errors.ErrInvalidQoS-505],
	}
)
