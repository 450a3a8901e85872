// Command mqtt publishes and subscribes from the command line, with the flags of mosquitto_pub and mosquitto_sub.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	iot "github.com/iotcomponents/iot/errors"
)

// helpFlag is --help alone: -h is the host, as it is for mosquitto's tools.
type helpFlag bool

// BeforeReset prints the help of the command that was given.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	_ = ctx.PrintUsage(false)
	ctx.Exit(0)
	return nil
}

// program is the command line.
type program struct {
	Help helpFlag `help:"Show this help."`

	Pub      pubCommand      `cmd:"" help:"Publish messages, as mosquitto_pub does."`
	Sub      subCommand      `cmd:"" help:"Print messages, as mosquitto_sub does."`
	Ping     pingCommand     `cmd:"" help:"Measure the time to a server and back."`
	Bench    benchCommand    `cmd:"" help:"Measure how many messages a second go to a server and back."`
	Settings settingsCommand `cmd:"" help:"List the settings of the component that have a word in name or text."`
}

// exitCode is an error that ends the program with a code of its own; text is printed unless it is empty.
type exitCode struct {
	code int
	text string
}

func (e *exitCode) Error() string { return e.text }

// usageError is arguments that do not fit together; the usage is printed beside it, as mosquitto's tools do.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// The exit codes are libmosquitto's numbers, as those of mosquitto_pub and mosquitto_sub.
const (
	exitFailure = 1
	exitTimeout = 27
)

func main() {
	parser := kong.Must(&program{}, kong.Name("mqtt"), kong.NoDefaultHelp(), kong.WithHyphenPrefixedParameters(true),
		kong.Description("MQTT 3.1.1 and 5 from the command line."))
	ctx, err := parser.Parse(withConfigFile(os.Args[1:]))
	if err == nil {
		err = ctx.Run()
	}
	if usage := new(usageError); errors.As(err, &usage) {
		_ = ctx.PrintUsage(false)
	}
	code, text := codeOf(err)
	if text != "" {
		fmt.Fprintln(os.Stderr, "Error:", text)
	}
	os.Exit(code)
}

// codeOf is the program's exit code for an error, and what it tells.
func codeOf(err error) (code int, text string) {
	var own *exitCode
	var numbered *iot.Error
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &own):
		return own.code, own.text
	case errors.As(err, &numbered) && numbered.ReasonCode != 0:
		return numbered.ReasonCode, err.Error() // the server's answer to CONNECT
	}
	return exitFailure, err.Error()
}

// told is an error that --quiet does not print.
func (c *connection) told(err error) error {
	if code, _ := codeOf(err); c.Quiet && err != nil {
		return &exitCode{code: code}
	}
	return err
}
