package mqtt_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	registry "github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/firewall"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

// The tables in testdata are what the documentation says: names, types, defaults, read-only flags, errors. The tests here
// walk them and the code, and fail where one has what the other lacks.

// fact is a row of such a table, by the names of the columns.
type fact map[string]string

// facts reads a table. Lines that begin with # are comments, the first other line names the columns.
func facts(t testing.TB, file string) []fact {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	must(t, err)
	var columns []string
	var rows []fact
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if columns == nil {
			columns = cells
			continue
		}
		if len(cells) > len(columns) {
			t.Fatalf("%s has a row with too many cells: %q", file, line)
		}
		row := make(fact)
		for i, cell := range cells {
			row[columns[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// here is what holds in this component: the column "here" where it deviates from the documentation on purpose.
func (f fact) here(column string) string {
	if f["here"] != "" {
		return f["here"]
	}
	return f[column]
}

func (f fact) is(column string) bool { return f[column] == "yes" }

// wantSame reports what a list of the code lacks and what it has too much; with order also where it is in another one.
func wantSame(t *testing.T, what string, got, want []string, order bool) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s: the documented %s is missing", what, name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s: %s is in no table", what, name)
		}
	}
	both := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(other, s) })
	}
	if !order {
		return
	}
	want = both(want, got)
	for i, name := range both(got, want) {
		if i >= len(want) || name != want[i] {
			t.Errorf("%s: %s comes too early or twice, want %q there", what, name, want[min(i, len(want)-1)])
			return
		}
	}
}

// typeName is the type as the tables write it.
func typeName(t reflect.Type) string {
	s := strings.ReplaceAll(t.String(), "[]uint8", "[]byte")
	return strings.ReplaceAll(s, "github.com/iotcomponents/iot/mqtt.", "mqtt.") // inside type arguments
}

// Every setting: group, name, type, default, whether it is read-only, indexed, of v5 only, secret, and its place.
func TestReferenceSettings(t *testing.T) {
	rows := facts(t, "settings.tsv")
	m := recorded(t)
	documented := make(map[string]fact)
	var want, got, ours []string
	for _, row := range rows {
		id := row["group"] + " " + row["name"]
		documented[id] = row
		if row["number"] == "ours" {
			ours = append(ours, id)
		} else {
			want = append(want, id)
		}
	}
	for setting := range m.Settings().Rows() {
		id := setting.Group + " " + setting.Name
		if setting.Indexed {
			id += "[i]"
		}
		if !slices.Contains(ours, id) {
			got = append(got, id)
		}
		row, known := documented[id]
		if !known {
			continue
		}
		wantSetting(t, m, id, setting, row)
	}
	wantSame(t, "settings", got, want, true)
	for i, row := range rows {
		if n := row["number"]; n != "+" && n != "ours" && n != fmt.Sprint(i+1) {
			t.Errorf("row %d of the table has number %s", i+1, n)
		}
	}
}

func wantSetting(t *testing.T, m *mqtt.MQTT, id string, got registry.Row, want fact) {
	t.Helper()
	for _, field := range []struct{ what, got, want string }{
		{"type", got.Type, want["type"]},
		{"read-only", boolWord(got.ReadOnly), want["read-only"]},
		{"v5 only", boolWord(got.V5Only), want["v5"]},
		{"secret", boolWord(got.Secret), want["secret"]},
		{"aliases", strings.Join(got.Aliases, " "), want["alias"]},
	} {
		if field.got != field.want {
			t.Errorf("%s: %s is %q, want %q", id, field.what, field.got, field.want)
		}
	}
	if got.Doc == "" {
		t.Errorf("%s has no documentation", id)
	}
	if got.Indexed {
		if _, err := m.Config(got.Name + "[0]"); err == nil {
			t.Errorf("%s has an element at first", id)
		}
		return
	}
	value := config(t, m, got.Name)
	switch standard := want.here("default"); {
	case standard == "-":
		if value == "" {
			t.Errorf("%s is empty", id)
		}
	case value != standard:
		t.Errorf("%s: a new component has %q, want %q", id, value, standard)
	case !got.ReadOnly && got.Default != standard:
		t.Errorf("%s: the documented default is %q, want %q", id, got.Default, standard)
	}
}

func boolWord(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// Every key of every property bag.
func TestReferenceBags(t *testing.T) {
	want := make(map[string][]string)
	for _, row := range facts(t, "bags.tsv") {
		want[row["bag"]] = append(want[row["bag"]], keyText(row["key"], row["type"], row["default"], row["min"], row["max"], row["spec"], row["also"], row["aliases"]))
	}
	for setting := range mqtt.New().Settings().Rows() {
		if len(setting.Keys) == 0 {
			continue
		}
		var got []string
		for _, k := range setting.Keys {
			bound := func(n int64) string {
				if n == 0 && (k.Max == 0 || k.Type == "hex") {
					return ""
				}
				return fmt.Sprint(n)
			}
			got = append(got, keyText(k.Name, k.Type, k.Default, bound(k.Min), bound(k.Max), fmt.Sprintf("0x%02X", k.SpecID), strings.Join(k.AlsoAs, " "), strings.Join(k.Aliases, " ")))
			if k.Doc == "" {
				t.Errorf("%s has no documentation for %s", setting.Name, k.Name)
			}
			if k.Repeatable != (k.Type == "name:value") {
				t.Errorf("%s: %s is repeatable: %v", setting.Name, k.Name, k.Repeatable)
			}
			if k.Secret != slices.Contains([]string{"AuthenticationData", "Password", "StoreB", "StorePassword", "KeyPassword"}, k.Name) {
				t.Errorf("%s: %s is secret: %v", setting.Name, k.Name, k.Secret)
			}
		}
		wantSame(t, setting.Name, got, want[setting.Name], false)
		delete(want, setting.Name)
	}
	for bag := range want {
		t.Errorf("there is no property bag %s", bag)
	}
}

func keyText(cells ...string) string { return strings.Join(cells, " | ") }

// Every property and method: name, signature, and the default of a property.
func TestReferenceMethods(t *testing.T) {
	var want []string
	for _, row := range facts(t, "properties.tsv") {
		want = append(want, row["name"]+" func() "+row["type"])
		if !row.is("read-only") {
			want = append(want, "Set"+row["name"]+" func("+row["type"]+") error")
		}
	}
	for _, row := range facts(t, "methods.tsv") {
		want = append(want, row["name"]+" "+row["signature"])
	}
	wantSame(t, "methods", methodsOf(reflect.TypeFor[*mqtt.MQTT]()), want, false)
}

func TestReferenceDefaults(t *testing.T) {
	m := reflect.ValueOf(mqtt.New())
	for _, row := range facts(t, "properties.tsv") {
		getter := m.MethodByName(row["name"])
		if !getter.IsValid() {
			continue // TestReferenceMethods tells
		}
		value := getter.Call(nil)[0]
		if row["default"] != "empty" {
			if got := fmt.Sprint(value); got != row["default"] {
				t.Errorf("%s is %s at first, want %s", row["name"], got, row["default"])
			}
			continue
		}
		switch v := value.Interface().(type) {
		case *mqtt.MQTTMessageList:
			if v.Count() != 0 {
				t.Errorf("%s is not empty at first", row["name"])
			}
		case *firewall.Firewall:
			if *v != (firewall.Firewall{}) {
				t.Errorf("%s is %+v at first", row["name"], v)
			}
		default:
			if value.IsNil() {
				t.Errorf("%s is nil at first", row["name"])
			}
		}
	}
}

// Every event: the callback, its argument type, and the fields of that in their order. The component has no other
// exported fields.
func TestReferenceEvents(t *testing.T) {
	want := make(map[string][]string)
	var events []string
	for _, row := range facts(t, "events.tsv") {
		event := "On" + row["event"] + " func(*mqtt." + row["args"] + ")"
		if !slices.Contains(events, event) {
			events = append(events, event)
		}
		if row["field"] != "" {
			want[event] = append(want[event], row["field"]+" "+row["type"])
		}
	}
	var got []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[mqtt.MQTT]()) {
		if !f.IsExported() {
			continue
		}
		event := f.Name + " " + typeName(f.Type)
		got = append(got, event)
		if f.Type.Kind() == reflect.Func && slices.Contains(events, event) {
			wantSame(t, f.Name, fieldsOf(f.Type.In(0).Elem()), want[event], true)
		}
	}
	wantSame(t, "exported fields", got, events, true)
	if n := len(mqtttest.Events()); n != len(got) {
		t.Errorf("the recorder knows %d events of %d", n, len(got))
	}
}

// Every member of the other types.
func TestReferenceTypes(t *testing.T) {
	want := make(map[string][]string)
	for _, row := range facts(t, "types.tsv") {
		want[row["type"]] = append(want[row["type"]], row["member"]+" "+row.here("signature"))
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[*mqtt.MQTTMessage](), reflect.TypeFor[*mqtt.MQTTMessageList](),
		reflect.TypeFor[mqtt.UserProperty](), reflect.TypeFor[mqtt.PublishProperties](), reflect.TypeFor[mqtt.SubscribeProperties](), reflect.TypeFor[mqtt.Subscription](),
		reflect.TypeFor[mqtt.UnsubscribeProperties](), reflect.TypeFor[mqtt.DisconnectProperties](), reflect.TypeFor[mqtt.AuthProperties](),
	} {
		if typ.Kind() == reflect.Pointer {
			name := typ.Elem().Name()
			wantSame(t, name, append(methodsOf(typ), fieldsOf(typ.Elem())...), want[name], false)
			delete(want, name)
			continue
		}
		wantSame(t, typ.Name(), append(fieldsOf(typ), methodsOf(typ)...), want[typ.Name()], true)
		delete(want, typ.Name())
	}
	for name := range want {
		t.Errorf("the type %s is not compared", name)
	}
}

// fieldsOf lists the exported fields of a struct with their types.
func fieldsOf(t reflect.Type) []string {
	var list []string
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() {
			list = append(list, f.Name+" "+typeName(f.Type))
		}
	}
	return list
}

// methodsOf lists the exported methods of a type with their signatures.
func methodsOf(t reflect.Type) []string {
	var list []string
	v := reflect.New(t).Elem()
	for i := range t.NumMethod() {
		list = append(list, t.Method(i).Name+" "+typeName(v.Method(i).Type()))
	}
	return list
}
