package errors_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/iotcomponents/iot/errors"
)

func ExampleNew() {
	err := errors.New(errors.ErrNotConnected, `Publish "a/b" needs a connection.`)
	fmt.Println(err)
	fmt.Println(errors.New(errors.ErrNotConnected, ""))
	// Output:
	// [212] Action impossible while not connected. Publish "a/b" needs a connection.
	// [212] Action impossible while not connected.
}

func ExampleWrap() {
	cause := stderrors.New("407 Proxy Authentication Required")
	err := errors.Wrap(errors.ErrProxy, "CONNECT broker.example:1883", cause)
	fmt.Println(err)
	fmt.Println(stderrors.Is(err, cause))
	// Output:
	// [118] The proxy could not make the connection. CONNECT broker.example:1883: 407 Proxy Authentication Required
	// true
}

func ExampleCode() {
	outcomes := []error{
		nil,
		fmt.Errorf("sending the reading: %w", errors.New(errors.ErrNotConnected, "")),
		errors.New(errors.ErrTimeout, ""),
		errors.New(errors.ErrInvalidTopicName, `"a/#" has a wildcard.`),
		io.ErrShortWrite,
	}
	for _, err := range outcomes {
		switch code := errors.Code(err); code {
		case 0:
			fmt.Println("done")
		case errors.ErrNotConnected:
			fmt.Println("connect first")
		case errors.ErrTimeout:
			fmt.Println("try again")
		case -1:
			fmt.Println("not of this component:", err)
		default:
			fmt.Println("show to the user:", code)
		}
	}
	// Output:
	// done
	// connect first
	// try again
	// show to the user: 502
	// not of this component: short write
}

// The number and the description of a wrapped error, by the standard library.
func ExampleError() {
	err := fmt.Errorf("start: %w", errors.New(errors.ErrNoRemotePort, "Set RemotePort before Connect."))
	var numbered *errors.Error
	if stderrors.As(err, &numbered) {
		fmt.Println(numbered.Code)
		fmt.Println(numbered.Description)
	}
	// Output:
	// 116
	// RemotePort is zero. Set RemotePort before Connect.
}

// errors.Is compares by number with a target that New makes.
func ExampleError_Is() {
	err := fmt.Errorf("start: %w", errors.New(errors.ErrAlreadyConnected, "Connect was called twice."))
	fmt.Println(stderrors.Is(err, errors.New(errors.ErrAlreadyConnected, "")))
	fmt.Println(stderrors.Is(err, errors.New(errors.ErrNotConnected, "")))
	// Output:
	// true
	// false
}

func ExampleFromOS() {
	_, err := os.ReadFile("no-such-folder/session.json")
	fmt.Println(errors.FromOS(err).Code)

	err = &net.DNSError{Err: "no such host", Name: "broker.invalid", IsNotFound: true}
	fmt.Println(errors.FromOS(err))

	err = fmt.Errorf("waiting for CONNACK: %w", context.DeadlineExceeded)
	numbered := errors.FromOS(err)
	fmt.Println(numbered)
	fmt.Println(stderrors.Is(numbered, context.DeadlineExceeded))
	// Output:
	// 302
	// [11001] Host not found. lookup broker.invalid: no such host
	// [201] The time limit has passed. waiting for CONNACK: context deadline exceeded
	// true
}

func ExampleDescription() {
	fmt.Println(errors.Description(errors.ErrInvalidQoS))
	fmt.Printf("%q\n", errors.Description(12345))
	// Output:
	// The quality of service is not valid.
	// ""
}

func ExampleAll() {
	for entry := range errors.All() {
		if entry.Group == "WebSocket" {
			fmt.Println(entry.Code, entry.Name, entry.Raised)
		}
	}
	// Output:
	// 4001 ErrWebSocketSend true
	// 4002 ErrWebSocketClose true
	// 4003 ErrWebSocketProtocol true
}
