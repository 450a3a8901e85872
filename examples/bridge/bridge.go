package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	ioterrors "github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
)

// bridge runs until ctx ends. It returns when nothing of it is left.
func bridge(ctx context.Context, c *configuration) {
	var all sync.WaitGroup
	for name, m := range c.servers {
		prepare(ctx, c, name, m)
	}
	for name, m := range c.servers {
		all.Go(func() {
			connect(ctx, name, m)
			if err := m.Run(ctx); err != nil { // calls the handlers
				slog.Error("run", "server", name, "error", err)
			}
		})
	}
	all.Wait()
	for name, m := range c.servers {
		if err := m.Disconnect(); err != nil {
			slog.Warn("disconnect", "server", name, "error", err)
		}
	}
}

// prepare gives a component its handlers.
func prepare(ctx context.Context, c *configuration, name string, m *mqtt.MQTT) {
	log := slog.With("server", name)
	var subscriptions []mqtt.Subscription
	for _, f := range c.forwards {
		if f.from != name {
			continue
		}
		m.Handle(f.filter, func(e *mqtt.MessageInEventArgs) { pass(ctx, log, c.servers[f.to], f, e) })
		subscriptions = append(subscriptions, mqtt.Subscription{
			TopicFilter: f.filter, QOS: f.qos,
			NoLocal:           m.Version() == mqtt.MvV5, // what we bring to a server does not come back
			RetainAsPublished: m.Version() == mqtt.MvV5, // RETAIN arrives as it was published
		})
	}
	m.OnConnected = func(e *mqtt.ConnectedEventArgs) {
		if e.StatusCode != 0 {
			return
		}
		log.Info("connected")
		if len(subscriptions) == 0 {
			return
		}
		if _, err := m.SubscribeMany(subscriptions, mqtt.SubscribeProperties{}); err != nil {
			log.Error("subscribe", "error", err)
		}
	}
	m.OnSubscribed = func(e *mqtt.SubscribedEventArgs) {
		if e.ResponseCode >= 128 {
			log.Error("the server refuses a subscription", "filter", e.TopicFilter, "code", e.ResponseCode)
		}
	}
	m.OnDisconnected = func(e *mqtt.DisconnectedEventArgs) { log.Info("disconnected", "why", e.Description) }
	m.OnError = func(e *mqtt.ErrorEventArgs) { log.Error(e.Description, "number", e.ErrorCode) }
}

// connect connects for the first time, as often as it takes. AutoReconnect does the rest.
func connect(ctx context.Context, name string, m *mqtt.MQTT) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := m.ConnectContext(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		slog.Warn("no connection yet", "server", name, "error", err, "next attempt in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// pass brings one message to the other side. It returns when that has accepted it, which with JournalDir means: when it
// is on disk there. Only then the side where it came from acknowledges it, so that a message is always in the care of
// one of them.
func pass(ctx context.Context, log *slog.Logger, to *mqtt.MQTT, f forward, e *mqtt.MessageInEventArgs) {
	p := mqtt.PublishProperties{}
	if e.Properties != nil {
		p = *e.Properties
		p.TopicAlias, p.SubscriptionIdentifiers = 0, nil // those of the other connection
		p.UserProperties = slices.Clone(p.UserProperties)
	}
	p.Retain = f.retain == "Always" || f.retain == "Keep" && e.Retained
	topic, qos := f.topic(e.Topic), min(e.QOS, f.qos)
	for {
		_, err := to.PublishWith(topic, qos, e.MessageB, p)
		switch {
		case err == nil:
			return
		case refusedForGood(err):
			log.Error("not forwarded", "topic", topic, "error", err)
			return
		case ctx.Err() != nil:
			// Returning would acknowledge it. Ended like this, it comes again after the next start.
			log.Error("the bridge ends in front of a full queue", "topic", topic, "error", err)
			os.Exit(1)
		}
		log.Warn("the other side has no room; waiting", "topic", topic, "error", err)
		time.Sleep(100 * time.Millisecond)
	}
}

// refusedForGood tells whether trying again is useless: the topic or the message is not possible there.
func refusedForGood(err error) bool {
	var e *ioterrors.Error
	return errors.As(err, &e) && slices.Contains([]int{
		ioterrors.ErrInvalidTopicName, ioterrors.ErrMalformedMessage, ioterrors.ErrInvalidQoS,
		ioterrors.ErrMessageTooLong,
		ioterrors.ErrInvalidArgument, ioterrors.ErrProtocol,
	}, e.Code)
}
