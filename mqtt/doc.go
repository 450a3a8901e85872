// Package mqtt is an MQTT 3.1.1 and 5.0 client as a component: an MQTT value with properties, settings that are
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
// # Events
//
// Handlers run one at a time, in the order in which things happened, never nested, and only on the goroutine that pumps:
// inside DoEvents, inside Run, or inside a blocking method such as Connect while nobody else pumps. With the setting
// BackgroundEvents a goroutine of the component pumps. A handler may call every method; only DoEvents and Run return
// error 143 there.
//
// What does not depend on the pump: keep-alive, the acknowledgments of what was published, repetition. A program that
// does not pump for a minute loses neither its connection nor a message. What depends on it: received messages. A QoS 1
// message is acknowledged, and a QoS 2 message completed, when the pump delivers it and not before; what was never
// delivered is delivered again by the server. When too much waits for the pump the component stops reading, so that the
// server slows down.
//
// # Errors
//
// Every error is an *errors.Error of this module with a documented number; errors.Code finds it. A failed method has
// changed nothing and has sent nothing, unless its documentation says otherwise.
//
// # Goroutines
//
// All methods may be called from any goroutine. A connected component has two goroutines of its own, an idle one none.
package mqtt
