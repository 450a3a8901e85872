package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/iotcomponents/iot/mqtt"
)

// subCommand is mosquitto_sub.
type subCommand struct {
	connection
	Count        int      `short:"C" help:"End after so many messages."`
	Wait         int      `short:"W" help:"End after so many seconds."`
	NoStale      bool     `short:"R" help:"Leave retained messages out."`
	RetainedOnly bool     `name:"retained-only" help:"End with the first message that is not retained."`
	RemoveOld    bool     `name:"remove-retained" help:"Remove the retained messages that come from the server."`
	AsPublished  bool     `name:"retain-as-published" help:"Messages keep their retain flag (MQTT 5)."`
	FilterOut    []string `short:"T" name:"filter-out" sep:"none" help:"Leave messages of these topics out."`
	Unsubscribe  []string `short:"U" sep:"none" help:"Topic filters to unsubscribe from."`
	Exit         bool     `short:"E" help:"End when the server has answered."`
	Verbose      bool     `short:"v" help:"Print the topics too."`
	NoEOL        bool     `short:"N" help:"No line end after a payload."`
	Format       string   `short:"F" help:"How messages are printed; see man mosquitto_sub."`
}

// Run prints messages until it is told to end.
func (c *subCommand) Run() error { return c.told(c.receive()) }

func (c *subCommand) receive() error {
	most := receiveMaximum
	if c.Count > 0 {
		most = min(most, c.Count) // what comes beyond it is for others
	}
	m, err := c.component(most)
	if err != nil {
		return err
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	if len(c.Topics) == 0 && len(c.Unsubscribe) == 0 {
		return fmt.Errorf("you must specify a topic to subscribe to (-t) or unsubscribe from (-U)")
	}
	for _, filter := range slices.Concat(c.Topics, c.FilterOut, c.Unsubscribe) {
		if !isFilter(filter) {
			return fmt.Errorf("invalid topic filter %q, are all '+' and '#' wildcards correct?", filter)
		}
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	received, refused := 0, error(nil)
	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) {
		switch {
		case ctx.Err() != nil || e.Retained && c.NoStale || c.isFilteredOut(e.Topic):
			return
		case c.RetainedOnly && !e.Retained:
			cancel()
			return
		case c.RemoveOld && e.Retained:
			if _, err := m.PublishWith(e.Topic, 1, nil, mqtt.PublishProperties{Retain: true}); err != nil {
				refused = err
			}
		}
		os.Stdout.Write(format(e))
		if received++; received == c.Count {
			cancel()
			m.Disconnect()
		}
	}
	if c.RemoveOld {
		m.OnMessageAck = func(*mqtt.MessageAckEventArgs) {} // so that PUBACK leaves ahead of what the handler publishes
	}
	answers := 0
	answered := func() {
		if answers--; answers == 0 && c.Exit {
			cancel()
		}
	}
	m.OnSubAck = func(e *mqtt.SubAckEventArgs) {
		all := true
		for _, code := range e.ReasonCodes {
			all = all && code >= 128
		}
		if all {
			refused = &exitCode{0, "all subscription requests were denied"}
			cancel()
		}
		answered()
	}
	m.OnUnsubAck = func(*mqtt.UnsubAckEventArgs) { answered() }
	m.OnDisconnected = func(*mqtt.DisconnectedEventArgs) { cancel() }
	if err := m.Connect(); err != nil {
		return err
	}
	answers = 1 + len(c.Unsubscribe)
	if len(c.Topics) == 0 {
		answers--
	}
	if err := c.subscribe(m); err != nil {
		return err
	}
	timedOut := false
	if c.Wait > 0 {
		timer := time.AfterFunc(time.Duration(c.Wait)*time.Second, func() {
			timedOut = true // read after Run, which cancel ends
			cancel()
		})
		defer timer.Stop()
	}
	err = first(m.Run(ctx), refused, m.Disconnect())
	if err == nil && timedOut {
		return &exitCode{exitTimeout, "Timed out"}
	}
	return err
}

// subscribe sends one SUBSCRIBE for all filters, and an UNSUBSCRIBE for each of -U.
func (c *subCommand) subscribe(m *mqtt.MQTT) error {
	if len(c.Topics) > 0 {
		var list []mqtt.Subscription
		for _, topic := range c.Topics {
			list = append(list, mqtt.Subscription{TopicFilter: topic, QOS: c.QoS, RetainAsPublished: c.AsPublished})
		}
		p := mqtt.SubscribeProperties{UserProperties: c.Properties.user("SUBSCRIBE")}
		for _, got := range c.Properties.list {
			if got.command == "SUBSCRIBE" && got.name == "subscription-identifier" {
				if _, err := fmt.Sscan(got.value, &p.SubscriptionIdentifier); err != nil {
					return err
				}
			}
		}
		if _, err := m.SubscribeMany(list, p); err != nil {
			return err
		}
	}
	for _, filter := range c.Unsubscribe {
		p := mqtt.UnsubscribeProperties{UserProperties: c.Properties.user("UNSUBSCRIBE")}
		if _, err := m.UnsubscribeWith(filter, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *subCommand) isFilteredOut(topic string) bool {
	for _, filter := range c.FilterOut {
		if matches(filter, topic) {
			return true
		}
	}
	return false
}
