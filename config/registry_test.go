package config_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iotcomponents/iot/config"
	ioterrors "github.com/iotcomponents/iot/errors"
)

func TestForms(t *testing.T) {
	for _, test := range []struct{ set, get, want string }{
		// integers
		{"TopicAlias=1", "TopicAlias", "1"},
		{"TopicAlias=65535", "TopicAlias", "65535"},
		{"TopicAlias=0xFf", "TopicAlias", "255"},
		{"TopicAlias=0X10", "TopicAlias", "16"},
		{"TopicAlias=007", "TopicAlias", "7"},
		{"TopicAlias=-1", "TopicAlias", "-1"},
		{"TopicAlias=", "TopicAlias", "-1"},
		{"SessionExpInterval=4294967295", "SessionExpInterval", "4294967295"},
		{"SessionExpInterval=0xFFFFFFFF", "SessionExpInterval", "4294967295"},
		{"FirewallType=10", "FirewallType", "10"},
		{"SSLSecurityFlags=0x80000021", "SSLSecurityFlags", "2147483681"},
		{"Delay=-10", "Delay", "-10"},
		{"Delay=-0", "Delay", "0"},
		{"Delay=2147483647", "Delay", "2147483647"},
		// names and spaces
		{"topicalias=2", "TOPICALIAS", "2"},
		{" \tTopicAlias \r\n = \t3\r\n ", "  topicAlias  ", "3"},
		// booleans
		{"Retain=True", "Retain", "True"},
		{"Retain=yEs", "Retain", "True"},
		{"Retain=1", "Retain", "True"},
		{"Retain=fALSE", "Retain", "False"},
		{"Retain=No", "Retain", "False"},
		{"Retain=0", "Retain", "False"},
		// text
		{"ResponseTopic=a=b=c", "ResponseTopic", "a=b=c"},
		{"ResponseTopic= a b ", "ResponseTopic", "a b"},
		{"ResponseTopic=a[1]", "ResponseTopic", "a[1]"},
		{"ResponseTopic=", "ResponseTopic", ""},
		{"FirewallPassword=\u00a0x\u00a0", "FirewallPassword", "\u00a0x\u00a0"},
		{"Delimiter=::", "topicdelimiter", "::"},
		// lists
		{"TopicQOSArray=0, 1 ,0x2", "TopicQOSArray", "0,1,2"},
		{"TopicQOSArray=", "TopicQOSArray", ""},
		{"TopicNLArray=true, false, 1", "TopicNLArray", "True,False,True"},
		{"TLSGroups= p256 ;x25519", "TLSGroups", "p256;x25519"},
		{"TLSGroups=", "TLSGroups", ""},
		// functions
		{"CodePage=437", "CodePage", "437"},
		{"SendCustomPacket=C000", "SendCustomPacket", ""},
		// read-only
		{"Retain=1", "BuildInfo", "v1"},
		{"Retain=1", "SessionPresent", "False"},
		// indexed
		{`ConnectProperties={"UserProperty":"a:b"}`, "OutgoingUserPropName[0]", "a"},
		{`ConnectProperties={"UserProperty":"a:b"}`, "IncomingUserPropName [ 0x0 ] ", "a"},
		// bags
		{`ConnectProperties={"SessionExpInterval":"20"}`, "SessionExpInterval", "20"},
		{`ConnectProperties={"ContentType":"a=b"}`, "ConnectProperties", `{"ContentType":"a=b"}`},
		{`ConnectProperties=`, "ConnectProperties", ""},
	} {
		d := newDevice()
		if got := d.must(t, test.set); got != "" {
			t.Errorf("%q returned %q", test.set, got)
		}
		if got := d.must(t, test.get); got != test.want {
			t.Errorf("after %q: %s is %q, want %q", test.set, test.get, got, test.want)
		}
	}
}

func TestIndexedAssignment(t *testing.T) {
	d := newDevice()
	d.props = make([]config.Pair, 2)
	d.must(t, "outgoinguserpropname[ 1 ] = n=1 ")
	d.must(t, "OutgoingUserPropValue[1]=v")
	if want := (config.Pair{Name: "n=1", Value: "v"}); d.props[1] != want {
		t.Errorf("%q, want %q", d.props[1], want)
	}
}

func TestFaults(t *testing.T) {
	const integer, boolean = "an integer from ", "True, False, 0, 1, Yes or No"
	for _, test := range []struct {
		in    string
		code  int
		parts []string
	}{
		// names
		{"", 10022, []string{"name of the setting is missing"}},
		{"=", 10022, []string{"missing"}},
		{"[0]=1", 10022, []string{"missing"}},
		{"TopicAlas=1", 10022, []string{`"TopicAlas"`, "did you mean TopicAlias?"}},
		{"RetainFlag=1", 10022, []string{`"RetainFlag"`}},
		{"TopicAlias]=1", 10022, []string{`"TopicAlias]"`}},
		{"Topic\x00Alias", 10022, []string{`"Topic\x00Alias"`}},
		{"FirewalPassword=hush", 10022, []string{"did you mean FirewallPassword?"}},
		// Below 1 and above 65535 the value would be cut to 16 bits in the packet.
		{"TopicAlias=0", 10022, []string{"TopicAlias ", `"0"`, integer + "1 to 65535, or -1 for none"}},
		{"TopicAlias=65536", 10022, []string{`"65536"`}},
		{"TopicAlias=-2", 10022, []string{`"-2"`}},
		{"TopicAlias=1.0", 10022, []string{`"1.0"`}},
		{"TopicAlias=1 2", 10022, []string{`"1 2"`}},
		{"TopicAlias=+1", 10022, []string{`"+1"`}},
		{"TopicAlias=0x", 10022, []string{`"0x"`}},
		{"TopicAlias=-", 10022, []string{`"-"`}},
		{"TopicAlias=1_0", 10022, []string{`"1_0"`}},
		{"TopicAlias=18446744073709551617", 10022, []string{`"18446744073709551617"`}}, // would wrap to 1
		{"TopicAlias=0x10000000000000001", 10022, []string{`"0x10000000000000001"`}},
		{"LogLevel=", 10022, []string{"LogLevel ", `""`, integer + "0 to 3"}},
		{"SessionExpInterval=4294967296", 10022, []string{integer + "0 to 4294967295"}}, // would wrap to 0
		{"FirewallType=4", 10022, []string{"one of 0, 1, 2, 3, 10"}},
		{"SSLSecurityFlags=2", 10022, []string{`"2"`, "0x80000031"}},
		{"Delay=-11", 10022, []string{"an integer, at least -10"}},
		{"Delay=13", 10022, []string{`Delay cannot be "13": brings bad luck`}},
		// booleans
		{"Retain=", 10022, []string{"Retain ", `""`, boolean}},
		{"Retain=maybe", 10022, []string{`"maybe"`, boolean}},
		{"Retain=Yeſ", 10022, []string{boolean}}, // U+017F folds to s in Unicode
		{"Retain=-1", 10022, []string{boolean}},
		// text
		{"ResponseTopic=a/#", 502, []string{"ResponseTopic ", `"a/#"`, "wildcards are not allowed"}},
		{"ResponseTopic=\xff", 502, []string{`"\xff"`, "UTF-8"}},
		{"ResponseTopic=a\x00", 502, []string{`"a\x00"`, "U+0000"}},
		{"TopicDelimiter= ", 10022, []string{`TopicDelimiter cannot be ""`, "at least one character"}},
		// lists
		{"TopicQOSArray=0,3", 505, []string{"TopicQOSArray: element 1 ", `"3"`, integer + "0 to 2"}},
		{"TopicQOSArray=0,", 505, []string{"element 1", `""`}},
		{"TopicQOSArray=,", 505, []string{"element 0"}},
		{"TopicNLArray=true,x", 10022, []string{"TopicNLArray: element 1 ", `"x"`, boolean}},
		{"TLSGroups=p256;p257", 10022, []string{"element 1", `"p257"`, "x25519, p256"}},
		{"TLSGroups=;", 10022, []string{"element 0"}},
		// functions
		{"CodePage=1", 434, []string{"no page 1"}},
		{"CodePage=", 10022, []string{`CodePage cannot be "": a number is needed`}},
		{"SendCustomPacket=\x00", 10022, []string{"SendCustomPacket"}},
		// read-only
		{"BuildInfo=x", 211, []string{"BuildInfo is read-only"}},
		{"SessionPresent=x", 211, []string{"SessionPresent"}},
		{"IncomingUserPropName[0]=x", 211, []string{"IncomingUserPropName"}},
		{"IncomingUserPropName[9]=x", 211, []string{"IncomingUserPropName"}},
		// indexes
		{"OutgoingUserPropName", 10022, []string{"needs an index", "OutgoingUserPropName[0]"}},
		{"OutgoingUserPropName=x", 10022, []string{"needs an index"}},
		{"OutgoingUserPropName[", 10022, []string{`"["`, "between brackets"}},
		{"OutgoingUserPropName[0=x", 10022, []string{`"[0"`}},
		{"OutgoingUserPropName[0]x=x", 10022, []string{`"[0]x"`}},
		{"OutgoingUserPropName[]=x", 10022, []string{`""`, "allowed: 0 to 1"}},
		{"OutgoingUserPropName[a]=x", 10022, []string{`"a"`, "allowed: 0 to 1"}},
		{"OutgoingUserPropName[2]=x", 10022, []string{`index of OutgoingUserPropName cannot be "2"`, "allowed: 0 to 1"}},
		{"OutgoingUserPropName[-1]", 10022, []string{`"-1"`}},
		{"OutgoingUserPropName[4294967296]", 10022, []string{`"4294967296"`}}, // would wrap to 0 on 32 bits
		{"OutgoingUserPropName[0]=\xff", 10022, []string{`OutgoingUserPropName[0] cannot be "\xff"`}},
		{"OutgoingUserPropName[1]=" + strings.Repeat("x", 65536), 10022, []string{"65535 bytes"}},
		{"TopicAlias[0]=1", 10022, []string{"TopicAlias takes no index"}},
		{"ResponseTopic[", 10022, []string{"takes no index"}},
		// bags
		{"ConnectProperties={", 10022, []string{"ConnectProperties ", "a JSON object"}},
		{`ConnectProperties={"MaximumPacketSize":0}`, 10022, []string{"The key MaximumPacketSize of ConnectProperties ", `"0"`}},
	} {
		d := newDevice()
		d.props = []config.Pair{{Name: "a"}, {Name: "b"}}
		before := d.snapshot()
		got, err := d.r.Config(test.in)
		if err == nil || got != "" {
			t.Errorf("Config(%.80q) = %q, %v", test.in, got, err)
			continue
		}
		t.Run("", func(t *testing.T) { wantFault(t, err, test.code, test.parts...) })
		if after := d.snapshot(); after != before {
			t.Errorf("Config(%.80q) failed and changed\n%s to\n%s", test.in, before, after)
		}
	}
}

func TestNoElements(t *testing.T) {
	_, err := newDevice().r.Config("OutgoingUserPropName[0]=x")
	wantFault(t, err, 10022, "there are no elements")
}

// A secret stays out of every text, also where the row's own functions quote it.
func TestSecretNeverQuoted(t *testing.T) {
	d := newDevice()
	for _, test := range []struct {
		in   string
		code int
	}{
		{"FirewallPassword=hush\x00", 10022},
		{"FirewallPassword=number-hush", 434},
		{"FirewallPassword=" + strings.Repeat("hush", 300), 10022},
		{"FirewallPassword[0]=hush", 10022},
		{"FirewallPassword[=hush", 10022},
		{"FirewallPasword=hush", 10022},
		{`ConnectProperties={"AuthenticationData":"hush"}`, 10022},
		{`ConnectProperties={"AuthenticationDate":"hush"}`, 10022},
		{`ConnectProperties={"AuthenticationData":"hush"`, 10022},
		{`ConnectProperties=hush`, 10022},
	} {
		_, err := d.r.Config(test.in)
		wantFault(t, err, test.code)
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%.60q: %s", test.in, err)
		}
	}
	d.must(t, "FirewallPassword=hush")
	if got := d.must(t, "FirewallPassword"); got != "hush" {
		t.Errorf("reading returned %q", got)
	}
}

func TestQuotedValueIsCut(t *testing.T) {
	_, err := newDevice().r.Config("LogLevel=" + strings.Repeat("ä", 1<<20))
	wantFault(t, err, 10022, `"`+strings.Repeat("ä", 64)+`"...`)
	_, err = newDevice().r.Config(strings.Repeat("ä", 1<<20) + "=1")
	wantFault(t, err, 10022, `"`+strings.Repeat("ä", 64)+`"...`)
}

func TestHostileStrings(t *testing.T) {
	big := func(s string) string { return strings.Repeat(s, 1<<20/len(s)) }
	for _, name := range []string{
		"TopicAlias", "Retain", "ResponseTopic", "FirewallPassword", "TopicQOSArray", "TopicNLArray",
		"TLSGroups", "CodePage", "OutgoingUserPropName[0]", "ConnectProperties", "BuildInfo", "Unknown",
		"TopicAlias[", big("["), big("="), "\xff\xfe", "\x00",
	} {
		for _, value := range []string{
			"", "\x00", "\xff", "\xed\xa0\x80", big("a"), big("\x00"), big("\xff"), big(","), big("0,"),
			big("9"), big("[") + big("]"), big("{"), big(`{"a":`), big(" "), big("="), big(`"`), big(`\`),
		} {
			d := newDevice()
			d.props = make([]config.Pair, 1)
			before := d.snapshot()
			if _, err := d.r.Config(name + "=" + value); err != nil {
				if n := len(err.Error()); n > 1500 {
					t.Errorf("%.20q: error text of %d bytes", name, n)
				}
				if d.snapshot() != before {
					t.Errorf("%.20q=%.20q failed and changed something", name, value)
				}
			}
		}
	}
}

func TestBeforeAndAfter(t *testing.T) {
	d := newDevice()
	d.must(t, "LocalPort=1883")
	d.connected = true
	for _, value := range []string{"1", "1883", "bad"} {
		_, err := d.r.Config("LocalPort=" + value)
		wantFault(t, err, 106, "disconnect first")
	}
	if got := d.must(t, "LocalPort"); got != "1883" {
		t.Errorf("LocalPort is %s", got)
	}
	d.must(t, "Retain=1")
	d.must(t, "Retain=1")
	d.must(t, "Retain")
	_, _ = d.r.Config("Retain=x")
	if d.changes != 2 {
		t.Errorf("After called %d times, want 2", d.changes)
	}
}

// Who has a copy of a list keeps what it says when another one is assigned.
func TestListsAreNotShared(t *testing.T) {
	list := []int{1, 2}
	old := list
	r := config.NewTable(new([]int), config.IntList(config.Setting{Name: "L"}, identity[[]int], 0, 9)).Of(&list)
	if _, err := r.Config("L=3,4"); err != nil || !slices.Equal(list, []int{3, 4}) || !slices.Equal(old, []int{1, 2}) {
		t.Error(list, old, err)
	}
}

func TestSettings(t *testing.T) {
	d := newDevice()
	var all []config.Setting
	for s := range d.r.Settings() {
		all = append(all, s)
	}
	if len(all) != 23 || all[0].Name != "TopicAlias" || all[21].Name != "ConnectProperties" {
		t.Fatalf("%d settings: %v", len(all), all)
	}
	for name, want := range map[string][2]string{
		"TopicAlias": {"int", "-1"}, "SessionExpInterval": {"int64", "0"}, "Retain": {"bool", "False"},
		"TopicDelimiter": {"string", ","}, "TopicQOSArray": {"list of int", ""}, "TLSGroups": {"list", ""},
		"CodePage": {"string", "65001"}, "BuildInfo": {"string", ""}, "ConnectProperties": {"JSON", ""},
	} {
		row, ok := d.r.Find(strings.ToUpper(name))
		if !ok || row.Type != want[0] || row.Default != want[1] {
			t.Errorf("%s: %v %q %q, want %q", name, ok, row.Type, row.Default, want)
		}
	}
	again := all[22]
	if again.Name != "LogLevel" || again.Group != config.GroupBase || again.Type != "int" || again.Default != "1" || again.Doc == "" {
		t.Errorf("%+v", again)
	}
	for s := range d.r.Settings() { // stopping early
		if s.Name != "TopicAlias" {
			t.Error(s)
		}
		break
	}
	for row := range d.r.Rows() {
		if got, want := row.Keys != nil, row.Name == "ConnectProperties"; got != want {
			t.Errorf("%s has keys: %v", row.Name, got)
		}
		if got, want := row.Indexed, strings.Contains(row.Name, "UserProp"); got != want {
			t.Errorf("%s is indexed: %v", row.Name, got)
		}
		if got, want := row.Secret, row.Name == "FirewallPassword"; got != want {
			t.Errorf("%s is secret: %v", row.Name, got)
		}
	}
	if _, ok := d.r.Find("nothing"); ok {
		t.Error("found nothing")
	}
}

// Components of one table have their values for themselves, also their lists and bags.
func TestComponentsShareTheTable(t *testing.T) {
	a, b, standard := newDevice(), newDevice(), newDevice().snapshot()
	a.must(t, "TopicAlias=5")
	a.must(t, "TopicQOSArray=1")
	a.must(t, `ConnectProperties={"ContentType":"a"}`)
	b.must(t, "TopicAlias=6")
	if a.alias != 5 || b.alias != 6 || b.qos != nil || b.content != "" {
		t.Errorf("%s and %s", a.snapshot(), b.snapshot())
	}
	if got := newDevice().snapshot(); got != standard {
		t.Errorf("a new one has %s, want %s", got, standard)
	}
}

// The table is only read: each component needs a lock of its own, and no two the same. The race detector judges.
func TestComponentsOnGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d := newDevice()
			for _, s := range []string{"Retain=1", "TopicQOSArray=0,1", "CodePage=437", `ConnectProperties={"UserProperty":"a:b"}`, "OutgoingUserPropName[0]=n"} {
				if _, err := d.r.Config(s); err != nil {
					t.Error(s, err)
				}
			}
		})
	}
	wg.Wait()
}

// What the table says about type and default is not replaced.
func TestWrittenDocumentation(t *testing.T) {
	r := config.NewTable(new(int), config.Int(config.Setting{Name: "A", Default: "0 = system", Type: "int, ms"}, identity[int], 0, 1)).Of(new(int))
	row, _ := r.Find("A")
	if row.Default != "0 = system" || row.Type != "int, ms" {
		t.Errorf("%+v", row.Setting)
	}
}

func TestRowsStopEarly(t *testing.T) {
	for row := range newDevice().r.Rows() {
		if row.Name != "TopicAlias" {
			t.Error(row.Name)
		}
		break
	}
}

func TestZeroRegistry(t *testing.T) {
	var r config.Registry
	_, err := r.Config("A")
	wantFault(t, err, 10022, `"A"`)
}

// Mistakes in a component's table are found when it is made.
func TestProgrammingErrorsPanic(t *testing.T) {
	s := func(name string) config.Setting { return config.Setting{Name: name} }
	flag := func(name string, opts ...config.Option) config.Row {
		return config.Bool(s(name), identity[bool], opts...)
	}
	table := func(rows ...config.Row) { config.NewTable(new(bool), rows...) }
	tri := func(name string, opts ...config.Option) config.Key {
		return config.BagBool(name, identity[config.Tri], opts...)
	}
	bag := func(keys ...config.Key) { config.NewBag[config.Tri](keys...) }
	for what, f := range map[string]func(){
		"duplicate name":       func() { table(flag("A"), flag("a")) },
		"duplicate alias":      func() { table(flag("A", config.Alias("a"))) },
		"empty name":           func() { table(flag("")) },
		"name with a bracket":  func() { table(flag("A[")) },
		"long name":            func() { table(flag(strings.Repeat("a", 65))) },
		"row literal":          func() { table(config.Row{Setting: s("A")}) },
		"again without row":    func() { table(config.Again(s("A"))) },
		"another owner":        func() { config.NewTable(new(int), flag("A")) },
		"unfit option":         func() { flag("A", config.Unset(-1)) },
		"unfit option of key":  func() { tri("A", config.Unset(-1)) },
		"unset does not fit":   func() { config.Int(s("A"), identity[int8], 0, 9, config.Unset(200)) },
		"range does not fit":   func() { config.BagInt("A", identity[int8], 0, 200, -1) },
		"no setter":            func() { config.Func[bool](s("A"), nil, nil) },
		"space as separator":   func() { config.WordList(s("A"), identity[[]string], " ", nil, "") },
		"second name of pairs": func() { config.BagPairs("A", identity[[]config.Pair], config.AlsoAs("B")) },
		"duplicate key":        func() { bag(tri("A"), tri("a")) },
		"duplicate emit name":  func() { bag(tri("A", config.AlsoAs("A"))) },
		"key literal":          func() { bag(config.Key{Name: "A"}) },
		"key with a dot":       func() { bag(tri("A.b")) },
	} {
		t.Run(what, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

// Check is asked for every kind of row, with the value as it would be read back,
// and its error leaves the field alone.
func TestCheckOfEveryKind(t *testing.T) {
	var asked []string
	no := config.Check(func(v string) error {
		asked = append(asked, v)
		return errors.New("not today")
	})
	type owner struct {
		flag    bool
		number  int
		list    []int
		content string
	}
	s := func(name string) config.Setting { return config.Setting{Name: name} }
	var o owner
	r := config.NewTable(new(owner),
		config.Bool(s("Flag"), func(o *owner) *bool { return &o.flag }, no),
		config.Int(s("Number"), func(o *owner) *int { return &o.number }, 0, 99, no),
		config.IntList(s("List"), func(o *owner) *[]int { return &o.list }, 0, 9, no),
		config.JSON(s("Bag"), func(o *owner) *string { return &o.content }, config.NewBag[string](config.BagString("C", identity[string], nil)), no),
	).Of(&o)
	for _, in := range []string{"Flag=yes", "Number=0x10", "List= 1, 2", `Bag={"C": "x"}`} {
		_, err := r.Config(in)
		wantFault(t, err, 10022, "not today")
	}
	if want := []string{"True", "16", "1,2", `{"C": "x"}`}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if o.flag || o.number != 0 || o.list != nil || o.content != "" {
		t.Errorf("%+v", o)
	}
}

func TestRaw(t *testing.T) {
	var text string
	r := config.NewTable(new(string), config.String(config.Setting{Name: "A"}, identity[string], config.Raw())).Of(&text)
	if _, err := r.Config("A=\xff\x00"); err != nil || text != "\xff\x00" {
		t.Errorf("%q %v", text, err)
	}
}

// IntFunc reads integers as every row does, and what assign refuses changes nothing.
func TestIntFunc(t *testing.T) {
	n := 5
	r := config.NewTable(new(5), config.IntFunc(config.Setting{Name: "N"}, func(n *int) int { return *n }, func(n *int, v int) error {
		switch v {
		case 7:
			return ioterrors.New(ioterrors.ErrCodePage, "seven")
		case 8:
			return errors.New("eight is not possible")
		}
		*n = v
		return nil
	}, 0, 100)).Of(&n)
	for value, code := range map[string]int{"": 10022, "x": 10022, "-1": 10022, "101": 10022, "7": 434, "8": 10022} {
		_, err := r.Config("N=" + value)
		if got := ioterrors.Code(err); got != code || n != 5 {
			t.Errorf("%q: %v, and N is %d", value, err, n)
		}
	}
	if _, err := r.Config("N=0x10"); err != nil || n != 16 {
		t.Errorf("%v, and N is %d", err, n)
	}
	if got, _ := r.Config("N"); got != "16" {
		t.Errorf("N reads %q", got)
	}
	if row, _ := r.Find("N"); row.Default != "5" {
		t.Errorf("the default of N is %q", row.Default)
	}
}
