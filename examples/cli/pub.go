package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// pubCommand is mosquitto_pub.
type pubCommand struct {
	connection
	Message     *string `short:"m" name:"message" help:"The payload."`
	File        string  `short:"f" name:"file" help:"The payload is this file."`
	Lines       bool    `short:"l" name:"stdin-line" help:"A message for each line of the standard input."`
	Stdin       bool    `short:"s" name:"stdin-file" help:"The payload is the standard input."`
	Null        bool    `short:"n" name:"null-message" help:"No payload."`
	Retain      bool    `short:"r" help:"The server keeps the message for those who subscribe later."`
	Repeat      int     `name:"repeat" default:"1" help:"How often the message is published."`
	RepeatDelay float64 `name:"repeat-delay" help:"Seconds between these."`
}

// Run publishes.
func (c *pubCommand) Run() error { return c.told(c.publish()) }

func (c *pubCommand) publish() error {
	m, err := c.component(receiveMaximum)
	if err != nil {
		return err
	}
	sources := 0
	for _, given := range []bool{c.Message != nil, c.File != "", c.Lines, c.Stdin, c.Null} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return errors.New("only one type of message can be sent at once")
	case len(c.Topics) != 1 || sources == 0:
		return &usageError{"both topic and message must be supplied, and one topic"}
	case strings.ContainsAny(c.Topics[0], "+#"):
		return fmt.Errorf("invalid publish topic %q, does it contain '+' or '#'?", c.Topics[0])
	}
	p, err := c.Properties.publish()
	if err != nil {
		return err
	}
	p.Retain = c.Retain
	payload, err := c.payload()
	if err != nil {
		return err
	}
	if err := m.Connect(); err != nil {
		return err
	}
	if c.Lines {
		err = c.publishLines(m, p)
	} else {
		err = c.publishOne(m, p, payload)
	}
	return first(err, m.Disconnect())
}

// payload is what is published, unless it comes line by line.
func (c *pubCommand) payload() ([]byte, error) {
	switch {
	case c.Message != nil:
		return []byte(*c.Message), nil
	case c.File != "":
		return os.ReadFile(c.File)
	case c.Stdin:
		return io.ReadAll(os.Stdin)
	}
	return nil, nil
}

func (c *pubCommand) publishOne(m *mqtt.MQTT, p mqtt.PublishProperties, payload []byte) error {
	for i := range c.Repeat {
		if i > 0 && c.RepeatDelay > 0 {
			time.Sleep(time.Duration(c.RepeatDelay * float64(time.Second)))
		}
		if err := m.PublishAndWaitWith(c.Topics[0], c.QoS, payload, p); err != nil {
			return err
		}
	}
	return nil
}

// publishLines publishes each line without waiting for the answer to the last, and then waits for all.
func (c *pubCommand) publishLines(m *mqtt.MQTT, p mqtt.PublishProperties) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 256<<20)
	for lines.Scan() {
		if _, err := m.PublishWith(c.Topics[0], c.QoS, append([]byte(nil), lines.Bytes()...), p); err != nil {
			return err
		}
	}
	for m.Connected() && m.Stats().InFlight+m.Stats().Queued > 0 {
		if err := m.DoEvents(); err != nil {
			return err
		}
	}
	return lines.Err()
}
