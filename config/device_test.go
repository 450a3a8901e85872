package config_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/config"
	ioterrors "github.com/iotcomponents/iot/errors"
)

// device is a component with a setting of every kind.
type device struct {
	alias     int
	interval  int64
	logLevel  int
	fwType    int
	flags     int64
	delay     int
	retain    bool
	topic     string
	password  string
	delimiter string
	qos       []int
	noLocal   []bool
	groups    []string
	page      string
	sent      []string
	props     []config.Pair
	port      int

	connected bool
	changes   int // calls of After

	maxAlias   uint16
	packetSize int64
	problem    config.Tri
	wildcard   config.Tri
	content    string
	response   string
	auth       []byte

	r *config.Registry
}

func newDevice() *device {
	d := standardDevice()
	d.r = deviceTable.Of(d)
	return d
}

func standardDevice() *device {
	return &device{alias: -1, interval: 0, logLevel: 1, delimiter: ",", page: "65001", packetSize: -1}
}

// identity is for values that are their own owner.
func identity[T any](p *T) *T { return p }

var deviceBag = config.NewBag[device](
	config.BagInt("ClientTopicAliasMax", func(d *device) *uint16 { return &d.maxAlias }, 0, 65535, 0, config.Alias("TopicAliasMaximum"), config.Spec(0x22)),
	config.BagInt("MaximumPacketSize", func(d *device) *int64 { return &d.packetSize }, 1, math.MaxUint32, -1, config.Spec(0x27),
		config.Default("no limit"), config.Doc("Largest packet.")),
	config.BagInt("SessionExpInterval", func(d *device) *int64 { return &d.interval }, 0, math.MaxUint32, 0),
	config.BagBool("RequestProblemInformation", func(d *device) *config.Tri { return &d.problem }, config.Default("True")),
	config.BagPairs("UserProperty", func(d *device) *[]config.Pair { return &d.props }, config.Alias("UserProperties"), config.Spec(0x26)),
	config.BagBool("WildcardSubscriptionAvailable", func(d *device) *config.Tri { return &d.wildcard }, config.AlsoAs("WildcardSubscriptionAvaiable")),
	config.BagString("ContentType", func(d *device) *string { return &d.content }, nil),
	config.BagString("ResponseTopic", func(d *device) *string { return &d.response }, noWildcard, config.Alias("ReponseTopic"), config.Code(502)),
	config.BagHex("AuthenticationData", func(d *device) *[]byte { return &d.auth }, 8, config.Secret()),
)
var deviceTable = makeDeviceTable()

func makeDeviceTable() *config.Table[device] {
	set := func(name string) config.Setting {
		return config.Setting{Name: name, Group: config.GroupMQTT, Doc: "Doc of " + name + "."}
	}
	count := func(d *device) int { return len(d.props) }
	return config.NewTable(
		standardDevice(),
		config.Int(set("TopicAlias"), func(d *device) *int { return &d.alias }, 1, 65535, config.Unset(-1)),
		config.Int64(set("SessionExpInterval"), func(d *device) *int64 { return &d.interval }, 0, math.MaxUint32),
		config.Int(set("LogLevel"), func(d *device) *int { return &d.logLevel }, 0, 3),
		config.Int(set("FirewallType"), func(d *device) *int { return &d.fwType }, 0, 10, config.OneOf(0, 1, 2, 3, 10)),
		config.Int64(set("SSLSecurityFlags"), func(d *device) *int64 { return &d.flags }, 0, math.MaxUint32, config.Bits(0x80000031)),
		config.Int(set("Delay"), func(d *device) *int { return &d.delay }, -10, math.MaxInt, config.Check(func(v string) error {
			if v == "13" {
				return errors.New("brings bad luck")
			}
			return nil
		})),
		config.Bool(set("Retain"), func(d *device) *bool { return &d.retain }, config.After(func(d *device) { d.changes++ })),
		config.String(set("ResponseTopic"), func(d *device) *string { return &d.topic }, config.Check(noWildcard), config.Code(502)),
		config.String(set("FirewallPassword"), func(d *device) *string { return &d.password }, config.Secret(), config.Check(func(v string) error {
			if strings.HasPrefix(v, "number") {
				return ioterrors.New(434, "quotes "+v)
			}
			if len(v) > 1000 {
				return fmt.Errorf("%s is too long", v)
			}
			return nil
		})),
		config.String(set("TopicDelimiter"), func(d *device) *string { return &d.delimiter }, config.Alias("Delimiter"), config.Check(func(v string) error {
			if v == "" {
				return errors.New("at least one character is needed")
			}
			return nil
		})),
		config.IntList(set("TopicQOSArray"), func(d *device) *[]int { return &d.qos }, 0, 2, config.Code(505)),
		config.BoolList(set("TopicNLArray"), func(d *device) *[]bool { return &d.noLocal }),
		config.WordList(set("TLSGroups"), func(d *device) *[]string { return &d.groups }, ";", func(w string) bool { return w == "x25519" || w == "p256" },
			"x25519, p256"),
		config.Func(set("CodePage"), func(d *device) string { return d.page }, func(d *device, v string) error {
			if v == "1" {
				return ioterrors.New(434, "no page 1")
			}
			if v == "" {
				return errors.New("a number is needed")
			}
			d.page = v
			return nil
		}),
		config.Func(set("SendCustomPacket"), nil, func(d *device, v string) error {
			d.sent = append(d.sent, v)
			return nil
		}),
		config.Int(set("LocalPort"), func(d *device) *int { return &d.port }, 0, 65535, config.Before(func(d *device) error {
			if d.connected {
				return ioterrors.New(106, "disconnect first")
			}
			return nil
		})),
		config.ReadOnly(set("BuildInfo"), func(*device) string { return "v1" }),
		config.Bool(config.Setting{Name: "SessionPresent", ReadOnly: true}, func(*device) *bool { return new(bool) }),
		config.IndexedString(set("OutgoingUserPropName"), count, func(d *device, i int) *string { return &d.props[i].Name },
			config.Check(config.CheckMQTTString)),
		config.IndexedString(set("OutgoingUserPropValue"), count, func(d *device, i int) *string { return &d.props[i].Value }),
		config.ReadOnlyIndexed(set("IncomingUserPropName"), count, func(d *device, i int) string { return d.props[i].Name }),
		config.JSON(set("ConnectProperties"), identity[device], deviceBag),
		config.Again(config.Setting{Name: "LogLevel", Group: config.GroupBase}),
	)
}

func noWildcard(v string) error {
	if strings.ContainsAny(v, "+#") {
		return errors.New("wildcards are not allowed")
	}
	return nil
}

// snapshot is everything an assignment can change.
func (d *device) snapshot() string {
	return fmt.Sprintf("%d %d %d %d %d %d %t %q %q %q %v %v %q %q %q %q %d %d|%d %d %v %v %q %q %x|%s",
		d.alias, d.interval, d.logLevel, d.fwType, d.flags, d.delay, d.retain, d.topic, d.password, d.delimiter,
		d.qos, d.noLocal, d.groups, d.page, d.sent, d.props, d.port, d.changes,
		d.maxAlias, d.packetSize, d.problem, d.wildcard, d.content, d.response, d.auth, deviceBag.Text(d))
}

// must assigns or reads and fails the test on an error.
func (d *device) must(t testing.TB, s string) string {
	t.Helper()
	v, err := d.r.Config(s)
	if err != nil {
		t.Fatalf("Config(%.80q): %v", s, err)
	}
	return v
}

// wantFault checks number and text of an error.
func wantFault(t testing.TB, err error, code int, parts ...string) {
	t.Helper()
	if got := ioterrors.Code(err); got != code {
		t.Fatalf("number %d, want %d (%v)", got, code, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error text lacks %q: %s", part, err)
		}
	}
	if n := len(err.Error()); n > 1500 {
		t.Errorf("error text of %d bytes", n)
	}
}
