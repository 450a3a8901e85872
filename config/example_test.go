package config_test

import (
	"fmt"

	"github.com/iotcomponents/iot/config"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// thermometer is a small component with four settings and a property bag.
type thermometer struct {
	interval int
	celsius  bool
	password string
	properties
}

type properties struct {
	alias  int
	unit   string
	labels []config.Pair
}

func newThermometer() *thermometer {
	return &thermometer{interval: 60, celsius: true, properties: properties{alias: -1}}
}

func (t *thermometer) settings() *config.Registry { return thermometerTable.Of(t) }

var (
	thermometerTable = config.NewTable(
		newThermometer(),
		config.Int(config.Setting{
			Name: "Interval", Group: config.GroupComponent, Type: "int, s",
			Doc: "Time between two readings.",
		}, func(t *thermometer) *int { return &t.interval }, 1, 3600),
		config.Bool(config.Setting{
			Name: "Celsius", Group: config.GroupComponent,
			Doc: "Unit of the readings.",
		}, func(t *thermometer) *bool { return &t.celsius }),
		config.String(config.Setting{
			Name: "Password", Group: config.GroupComponent,
			Doc: "Password of the sensor.",
		}, func(t *thermometer) *string { return &t.password }, config.Secret()),
		config.ReadOnly(config.Setting{
			Name: "Model", Group: config.GroupBase,
			Doc: "Name of the sensor.",
		}, func(*thermometer) string { return "T-1000" }),
		config.JSON(config.Setting{
			Name: "Properties", Group: config.GroupMQTT, V5Only: true,
			Doc: "Properties of every message.",
		}, func(t *thermometer) *properties { return &t.properties }, propertiesBag),
	)

	propertiesBag = config.NewBag[properties](
		config.BagInt("TopicAlias", func(p *properties) *int { return &p.alias }, 1, 65535, -1, config.Spec(0x23)),
		config.BagString("ContentType", func(p *properties) *string { return &p.unit }, nil, config.Spec(0x03)),
		config.BagPairs("UserProperty", func(p *properties) *[]config.Pair { return &p.labels }, config.Spec(0x26)),
	)
)

func Example() {
	t := newThermometer()
	for _, s := range []string{
		"interval = 0x1E", "Interval",
		"Celsius=no", "Celsius",
		"Model",
		`Properties={"TopicAlias":7,"UserProperty":"room:1","UserProperty":"floor:2"}`, "Properties",
		`Properties={"TopicAlias":""}`, "Properties",
		"Interval=0",
		"Celsius=warm",
		"Password=\x00",
		"Model=T-2000",
		"Intervall=5",
		`Properties={"TopicAlias":65536,"ContentType":"text/plain"}`, "Properties",
	} {
		value, err := t.settings().Config(s)
		switch {
		case err != nil:
			fmt.Println(err)
		case value != "":
			fmt.Println(value)
		}
	}
	// Output:
	// 30
	// False
	// T-1000
	// {"TopicAlias":"7","UserProperty":"room:1","UserProperty":"floor:2"}
	// {"UserProperty":"room:1","UserProperty":"floor:2"}
	// [10022] Invalid argument. Interval cannot be "0"; allowed: an integer from 1 to 3600
	// [10022] Invalid argument. Celsius cannot be "warm"; allowed: True, False, 0, 1, Yes or No
	// [10022] Invalid argument. Password cannot have the given value (not shown): U+0000 is not allowed
	// [211] Action impossible in the present state. The setting Model is read-only
	// [10022] Invalid argument. There is no setting "Intervall"; did you mean Interval?
	// [10022] Invalid argument. The key TopicAlias of Properties cannot be "65536"; allowed: an integer from 1 to 65535, or "" or -1 to unset it
	// {"UserProperty":"room:1","UserProperty":"floor:2"}
}

func ExampleRegistry_Settings() {
	for s := range newThermometer().settings().Settings() {
		fmt.Printf("%s | %s | %s | %q | %v | %s\n", s.Group, s.Name, s.Type, s.Default, s.ReadOnly, s.Doc)
	}
	// Output:
	// Component | Interval | int, s | "60" | false | Time between two readings.
	// Component | Celsius | bool | "True" | false | Unit of the readings.
	// Component | Password | string | "" | false | Password of the sensor.
	// Base | Model | string | "" | true | Name of the sensor.
	// MQTT | Properties | JSON | "" | false | Properties of every message.
}

func ExampleBag() {
	type will struct {
		delay       int64
		correlation []byte
	}
	bag := config.NewBag[will](
		config.BagInt("WillDelayInterval", func(w *will) *int64 { return &w.delay }, 0, 4294967295, -1),
		config.BagHex("CorrelationData", func(w *will) *[]byte { return &w.correlation }, 65535),
	)
	w := &will{delay: -1}
	fmt.Println(bag.Set(w, `{"WillDelayInterval":"20","CorrelationData":"CAFE"}`))
	fmt.Println(bag.Text(w))
	fmt.Println(ioterrors.Code(bag.Set(w, `{"WillDelayInterval":"soon"}`)))
	// Output:
	// <nil>
	// {"WillDelayInterval":"20","CorrelationData":"cafe"}
	// 10022
}
