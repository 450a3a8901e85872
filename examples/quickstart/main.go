// Quickstart shows the whole way of an MQTT message. It connects, subscribes to three topic filters, publishes at QoS
// 0, 1 and 2, receives its own messages in a DoEvents loop and disconnects; first in MQTT 3.1.1, then in MQTT 5.0.
//
//	go run ./examples/quickstart                   against a server inside this program
//	go run ./examples/quickstart -host localhost   against a server of yours
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/mqtttest"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings as arguments, so that a test can call it. It returns the exit code: 1 when
// something went wrong on the way, 2 for a command line that it does not understand.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	}
	if err := show(o, stdout); err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 1
	}
	return 0
}

// options are what the command line says.
type options struct {
	host           string // "" = the server inside this program
	port           int
	versions       []mqtt.MQTTVersions
	user, password string
	seconds        int // how long each version may take
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{seconds: 10}
	var version int
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.host, "host", "", "name or address of an MQTT server; without it, one inside this program")
	flags.IntVar(&o.port, "port", 1883, "port of the server")
	flags.IntVar(&version, "version", 0, "3 = MQTT 3.1.1, 5 = MQTT 5.0, 0 = both, one after the other")
	flags.StringVar(&o.user, "user", "", "user name")
	flags.StringVar(&o.password, "password", "", "password")
	if err := flags.Parse(args); err != nil {
		return nil, err // Parse has written it, and the usage
	}
	refuse := func(format string, args ...any) (*options, error) {
		err := fmt.Errorf(format, args...)
		fmt.Fprintln(stderr, err)
		flags.Usage()
		return nil, err
	}
	if flags.NArg() > 0 {
		return refuse("unexpected argument %q", flags.Arg(0))
	}
	switch version {
	case 0:
		o.versions = []mqtt.MQTTVersions{mqtt.MvV3, mqtt.MvV5}
	case 3:
		o.versions = []mqtt.MQTTVersions{mqtt.MvV3}
	case 5:
		o.versions = []mqtt.MQTTVersions{mqtt.MvV5}
	default:
		return refuse("-version %d: only 0, 3 and 5 are possible", version)
	}
	if o.host == "" {
		var superfluous string
		flags.Visit(func(f *flag.Flag) {
			if f.Name != "version" {
				superfluous = f.Name
			}
		})
		if superfluous != "" {
			return refuse("-%s says something about a server, and there is no -host", superfluous)
		}
	}
	return o, nil
}

// show runs the demonstration once for each version.
func show(o *options, out io.Writer) error {
	if o.host == "" {
		server, err := mqtttest.Start()
		if err != nil {
			return err
		}
		defer server.Close()
		o.host, o.port = server.Host(), server.Port()
		fmt.Fprintf(out, "A server inside this program listens at %s.\n\n",
			net.JoinHostPort(o.host, strconv.Itoa(o.port)))
	}
	for _, version := range o.versions {
		if err := newDemo(o, version, out).run(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "Everything that was published has arrived.")
	return nil
}

// routes are what is published, and the filters that catch it. No topic matches two of the filters: a server may
// deliver such a message once or once per filter, and the output should be the same with every server.
var routes = []struct {
	filter, topic, payload string
	qos                    int
}{
	{"temperature/+", "temperature/kitchen", "21.5", 0}, // + stands for one level
	{"state/#", "state/door/front", "closed", 1},        // # stands for all that follow
	{"command", "command", "open the window", 2},
}

// demo is one connection and what happens on it.
type demo struct {
	client   *mqtt.MQTT
	options  *options
	version  mqtt.MQTTVersions
	out      io.Writer
	root     string // what all topics of this run begin with
	deadline time.Time

	// missing has what was asked for and has not happened yet. Handlers take things out, await waits for none to be
	// left. No lock: handlers run inside DoEvents and Connect, so on the goroutine that called them.
	missing map[string]bool
	ended   bool
	failure error // told by an event
}

func newDemo(o *options, version mqtt.MQTTVersions, out io.Writer) *demo {
	d := &demo{
		client: mqtt.New(), options: o, version: version, out: out, missing: make(map[string]bool),
		// On a server that others use as well, only topics that nobody else has make sure that what arrives is ours.
		root:     "iot/quickstart/" + strings.ToLower(rand.Text()[:6]) + "/",
		deadline: time.Now().Add(time.Duration(o.seconds) * time.Second),
	}
	c := d.client
	c.OnConnected = d.onConnected
	c.OnSubscribed = d.onSubscribed
	c.OnMessageOut = d.onMessageOut
	c.OnMessageIn = d.onMessageIn
	c.OnError = d.onError
	c.OnDisconnected = d.onDisconnected
	return d
}

func (d *demo) run() error {
	for _, step := range []func() error{d.connect, d.subscribe, d.publish, d.disconnect} {
		if err := step(); err != nil {
			_ = d.client.Disconnect() // the reason why we leave is worth more than how leaving goes
			return err
		}
	}
	return nil
}

// connect waits until the server has accepted us, or for the time limit.
func (d *demo) connect() error {
	c, o := d.client, d.options
	d.print("connecting", net.JoinHostPort(o.host, strconv.Itoa(o.port)), "")
	for _, err := range []error{
		c.SetVersion(d.version),
		c.SetCleanSession(true), // nothing of an earlier run, and nothing kept for a later one
		c.SetUser(o.user),
		c.SetPassword(o.password),
		c.SetTimeout(o.seconds),
	} {
		if err != nil {
			return err
		}
	}
	return c.ConnectTo(o.host, o.port)
}

// subscribe asks for all three filters and waits for the three answers.
func (d *demo) subscribe() error {
	for _, r := range routes {
		filter := d.root + r.filter
		d.missing[answerTo(filter)] = true
		if err := d.client.Subscribe(filter, r.qos); err != nil {
			return err
		}
	}
	return d.await()
}

// publish sends all three messages, and waits until they are sent and have come back.
func (d *demo) publish() error {
	for _, r := range routes {
		topic := d.root + r.topic
		d.missing[sending(topic)], d.missing[arrival(topic)] = true, true
		if err := d.client.PublishMessage(topic, r.qos, r.payload); err != nil {
			return err
		}
	}
	return d.await()
}

func (d *demo) disconnect() error {
	if err := d.client.Disconnect(); err != nil {
		return err
	}
	return d.failure
}

// await is the loop of the program: DoEvents calls the handlers, which note what has happened.
func (d *demo) await() error {
	for len(d.missing) > 0 {
		if err := d.client.DoEvents(); err != nil {
			return err
		}
		switch missing := strings.Join(slices.Sorted(maps.Keys(d.missing)), ", "); {
		case d.failure != nil:
			return d.failure
		case missing == "":
		case d.ended:
			return fmt.Errorf("the server ended the connection; missing: %s", missing)
		case time.Now().After(d.deadline):
			return fmt.Errorf("not done after %d s; missing: %s", d.options.seconds, missing)
		}
	}
	return d.failure
}

// The names of things that may be missing.
func answerTo(filter string) string { return "the answer to the subscription of " + filter }
func sending(topic string) string   { return "the end of sending to " + topic }
func arrival(topic string) string   { return "the message on " + topic }

func (d *demo) onConnected(e *mqtt.ConnectedEventArgs) {
	if e.StatusCode == 0 { // else ConnectTo returns the error too
		d.print("connected", d.client.RemoteHost(), "as client %s", d.client.ClientId())
	}
}

func (d *demo) onSubscribed(e *mqtt.SubscribedEventArgs) {
	delete(d.missing, answerTo(e.TopicFilter))
	if e.ResponseCode >= 128 {
		d.fail(fmt.Errorf("the server refused the subscription of %s with code %d", e.TopicFilter, e.ResponseCode))
		return
	}
	// A server may grant less than was asked for: RabbitMQ has no QoS 2.
	d.print("subscribed", e.TopicFilter, "granted QoS %d", e.QOS)
}

func (d *demo) onMessageOut(e *mqtt.MessageOutEventArgs) {
	delete(d.missing, sending(e.Topic))
	confirmed := "confirmed by the server"
	if e.QOS == 0 {
		confirmed = "which nobody confirms"
	}
	d.print("sent", e.Topic, "QoS %d, %s", e.QOS, confirmed)
}

func (d *demo) onMessageIn(e *mqtt.MessageInEventArgs) {
	delete(d.missing, arrival(e.Topic))
	d.print("received", e.Topic, "QoS %d, %q", e.QOS, e.Message)
}

func (d *demo) onError(e *mqtt.ErrorEventArgs) {
	d.fail(&errors.Error{Code: e.ErrorCode, Description: e.Description})
}

func (d *demo) onDisconnected(e *mqtt.DisconnectedEventArgs) {
	d.ended = true
	if e.StatusCode != 0 {
		d.fail(&errors.Error{Code: e.StatusCode, Description: e.Description})
		return
	}
	d.print("disconnected", "", "")
}

// fail keeps the first reason; what follows from it says less.
func (d *demo) fail(err error) {
	if d.failure == nil {
		d.failure = err
	}
}

// print writes one line of the output, aligned.
func (d *demo) print(event, subject, format string, args ...any) {
	version := "3.1.1"
	if d.version == mqtt.MvV5 {
		version = "5.0"
	}
	line := fmt.Sprintf("%-5s  %-12s  %-41s  %s", version, event, subject, fmt.Sprintf(format, args...))
	fmt.Fprintln(d.out, strings.TrimRight(line, " "))
}
