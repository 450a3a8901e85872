package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// pingCommand measures round trips.
type pingCommand struct {
	connection
	Count    int           `short:"C" default:"4" help:"How many."`
	Interval time.Duration `name:"interval" default:"1s" help:"Time between two."`
}

// Run connects and pings.
func (c *pingCommand) Run() error {
	m, err := c.component(receiveMaximum)
	if err != nil {
		return err
	}
	answered := 0
	m.OnPing = func(e *mqtt.PingEventArgs) {
		answered++
		fmt.Printf("PINGRESP from %s: %v\n", c.Host, e.RoundTrip.Round(time.Microsecond))
	}
	start := time.Now()
	if err := m.Connect(); err != nil {
		return err
	}
	fmt.Printf("connected to %s in %v\n", c.Host, time.Since(start).Round(time.Microsecond))
	for i := range c.Count {
		if i > 0 {
			time.Sleep(c.Interval)
		}
		if err := m.Ping(); err != nil {
			return err
		}
		for answered == i && m.Connected() {
			if err := m.DoEvents(); err != nil {
				return err
			}
		}
	}
	return m.Disconnect()
}

// benchCommand measures throughput.
type benchCommand struct {
	connection
	Messages int `short:"C" default:"10000" help:"How many messages."`
	Size     int `name:"size" default:"64" help:"Bytes of payload of each."`
}

// Run has messages come back to the component that publishes them.
func (c *benchCommand) Run() error {
	m, err := c.component(receiveMaximum)
	if err != nil {
		return err
	}
	topic := "mqtt/bench"
	if len(c.Topics) > 0 {
		topic = c.Topics[0]
	}
	received := 0
	m.OnMessageIn = func(*mqtt.MessageInEventArgs) { received++ }
	if err := first(m.Connect(), m.SubscribeAndWait(topic, c.QoS)); err != nil {
		return err
	}
	start := time.Now()
	payload := make([]byte, c.Size)
	for range c.Messages {
		if err := m.PublishData(topic, c.QoS, payload); err != nil {
			return err
		}
	}
	for received < c.Messages && m.Connected() && m.Stats().LastActivity.After(time.Now().Add(-10*time.Second)) {
		if err := m.DoEvents(); err != nil {
			return err
		}
	}
	took := time.Since(start)
	fmt.Printf("%d of %d messages of %d bytes, QoS %d, went there and back in %v: %.0f a second\n",
		received, c.Messages, c.Size, c.QoS, took.Round(time.Millisecond), float64(received)/took.Seconds())
	return m.Disconnect()
}

// settingsCommand searches the reference.
type settingsCommand struct {
	Word string `arg:"" optional:"" help:"A word in the name or the text of a setting."`
}

// Run prints the settings with their documentation.
func (c *settingsCommand) Run() error {
	found := 0
	for s := range mqtt.New().Settings().Settings() {
		if !strings.Contains(strings.ToLower(s.Name+" "+s.Doc), strings.ToLower(c.Word)) {
			continue
		}
		found++
		fmt.Printf("%s (%s, default %q)\n    %s\n", s.Name, s.Type, s.Default, s.Doc)
	}
	if found == 0 {
		return fmt.Errorf("no setting has %q in its name or text", c.Word)
	}
	return nil
}
