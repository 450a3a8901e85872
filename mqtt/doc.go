// Package mqtt is an MQTT 3.1.1 and 5.0 client as a component: an [MQTT] value with properties, settings that are
// strings, events that are callback fields, and numbered errors.
//
//	m := mqtt.New()
//	m.OnMessageIn = func(e *mqtt.MessageInEventArgs) { fmt.Println(e.Topic, e.Message) }
//	if err := m.ConnectTo("localhost", 1883); err != nil { ... }
//	if err := m.Subscribe("sensors/#", 1); err != nil { ... }
//	for {
//		m.DoEvents()
//	}
//
// The examples below are programs that the tests run. The same text as here, sorted by what one looks up, and every
// setting and error number, is in the reference: [properties], [methods], [events], [settings], [errors], [types].
//
// # Connecting
//
// [MQTT.SetRemoteHost] takes a host or a URL, [MQTT.SetVersion] chooses between 3.1.1, the default, and 5.0.
// [MQTT.Connect] waits until the server has accepted the connection, and its error says why it has not.
// [MQTT.ConnectContext] does so under a context, [MQTT.ConnectTo] takes host and port. [MQTT.Disconnect] ends the
// connection in order, [MQTT.Interrupt] at once and without waiting for it. No goroutine, timer or socket of a
// connection that has ended is left.
//
// # Publishing
//
// [MQTT.PublishMessage] and [MQTT.PublishData] return when the message is accepted for sending. A QoS 1 or 2 message is
// kept from then on until the server has acknowledged it, over further connections too, and MessageOut tells that.
// [MQTT.PublishAndWait] waits for it instead. [MQTT.PublishWith] takes the properties of MQTT 5 as a struct; the others
// take them from settings such as Retain and OutgoingMessageProperties.
//
// What is accepted is bounded: when there is no room a publish waits for up to Timeout seconds. With Timeout 0 the
// message that finds no room is accepted with error 10035; further ones are refused until ReadyToSend fires.
//
// # Events
//
// Handlers run one at a time, in the order in which things happened, never nested, and only on the goroutine that
// pumps: inside DoEvents, inside Run, or inside a blocking method such as Connect while nobody else pumps. With the
// setting BackgroundEvents a goroutine of the component pumps. A handler may call every method; only DoEvents and Run
// return error 143 there.
//
// [MQTT.DoEvents] suits a program with a loop, [MQTT.EventsReady] one that selects over channels, [MQTT.Run] one that
// has a goroutine to give.
//
// The arguments belong to the handler only while it runs. Strings and byte slices in them may be kept; byte slices must
// not be written to.
//
// What does not depend on the pump: keep-alive, the acknowledgments of what was published, repetition. A program that
// does not pump for a minute loses neither its connection nor a message. What depends on it: received messages. A QoS 1
// message is acknowledged, and a QoS 2 message completed, when the pump delivers it and not before; what was never
// delivered is delivered again by the server. When too much waits for the pump the component stops reading, so that the
// server slows down.
//
// # Errors
//
// Every error is an *errors.Error of this module with a documented number; its function Code finds it, also in an error
// that wraps it. What happens later than the call, such as the end of a connection, comes as an event with the same
// numbers. A failed method has changed nothing and has sent nothing, unless its documentation says otherwise. Errors
// never show a password or a private key, and Log does not while MaskSensitiveData is True, the default.
//
// # Settings
//
// What is seldom needed is a setting: [MQTT.Config] reads it by "NAME" and assigns it by "NAME=VALUE". Sets of MQTT 5
// properties are settings whose value is JSON. [MQTT.Settings] lists them all with their documentation.
//
// # Sessions
//
// With CleanSession false the server keeps the subscriptions and the messages that a client misses, in MQTT 5 for
// SessionExpInterval seconds, and the component keeps what was not acknowledged, until the next Connect. SaveSession
// and RestoreSession carry the component's side over to another process.
//
// # Goroutines
//
// All methods may be called from any goroutine. A connected component has two goroutines of its own at most, and while
// nothing happens one or none; without a connection it has none.
//
// [properties]: https://github.com/iotcomponents/iot/blob/HEAD/docs/reference/properties.md
// [methods]: https://github.com/iotcomponents/iot/blob/HEAD/docs/reference/methods.md
// [events]: https://github.com/iotcomponents/iot/blob/HEAD/docs/reference/events.md
// [settings]: https://github.com/iotcomponents/iot/blob/HEAD/docs/reference/settings.md
// [errors]: https://github.com/iotcomponents/iot/blob/HEAD/docs/reference/errors.md
// [types]: https://github.com/iotcomponents/iot/blob/HEAD/docs/reference/types.md
package mqtt

//go:generate go run ./internal/docgen ..
//go:generate go run ./internal/conformance ..
