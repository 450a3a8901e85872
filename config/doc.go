// Package config is the registry of settings behind the Config method of every
// component.
//
// A component describes each of its settings by one [Row]: the documentation
// (a [Setting]) and where a component has the value. Parsing, validation, error
// texts, masking of secrets and the reference pages all read the same row.
// The rows are one [Table] for all components of a type:
//
//	var table = config.NewTable(newClient(),
//		config.Int(config.Setting{
//			Name: "WillQOS", Group: config.GroupMQTT,
//			Doc: "QoS of the will.",
//		}, func(c *client) *int { return &c.willQOS }, 0, 2, config.Code(505)),
//		config.Bool(config.Setting{
//			Name: "WillRetain", Group: config.GroupMQTT,
//			Doc: "RETAIN flag of the will.",
//		}, func(c *client) *bool { return &c.willRetain }),
//	)
//
//	func (c *client) Config(s string) (string, error) { return table.Of(c).Config(s) }
//
// # Configuration strings
//
// [Registry.Config] understands four forms. Only the first = separates, so a
// value may contain more of them.
//
//	NAME            read a setting
//	NAME=VALUE      assign a setting
//	NAME[i]         read element i of an indexed setting, i from 0
//	NAME[i]=VALUE   assign element i
//
// Names are compared without regard to case. Spaces, tabs and line ends around
// name, index and value are dropped. Booleans are True, False, 0, 1, Yes or No in
// any case and are read back as True or False. Integers are decimal, or
// hexadecimal after 0x, and are read back in decimal. An empty value resets text
// to "", a list to the empty list, and an integer that knows "none" to that; for
// other integers and booleans it is a bad value.
//
// # Property bags
//
// A [Bag] is a setting whose value is a JSON object, for example
// ConnectProperties. Its keys are rows as well, see [Key].
//
// # Texts of settings
//
// [Registry.Load] assigns a text with one NAME=VALUE in each line, all or nothing,
// and [Registry.Text] writes it.
//
// # Errors
//
// Every error is an *errors.Error of this module. A name that does not exist, a
// value that cannot be read or is out of range and a wrong index are 10022, or
// the number the row asks for with [Code]; the text names the setting, the value
// and what is allowed. Assigning a read-only setting is 211. After an error
// nothing has changed.
package config
