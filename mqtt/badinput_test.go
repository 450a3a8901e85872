package mqtt_test

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	registry "github.com/iotcomponents/iot/config"
	"github.com/iotcomponents/iot/errors"
	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
)

// Bad input, of every kind and at every place: the documented number, a message that says what is allowed, nothing
// changed. What is documented stands in testdata.

// hostileTexts are what no number, word or list is.
var hostileTexts = []string{"", "x", "\xff\xfe", "\xed\xa0\x80", "a\x00b", strings.Repeat("x", 1<<20), strings.Repeat("\x00", 1<<20), "{", "%s%n", "ａ１"}

// guidance is how a message says what is allowed, or which rule was broken.
var guidance = regexp.MustCompile(strings.Join([]string{
	`allowed`, `possible`, ` takes `, ` may send `, `; write `, ` exist\.`, `Disconnect first`, `read-only`, ` is needed`, ` needs `, ` must `, ` instead`, `given twice`, // what would have been right
	`UTF-8`, `U\+0000`, `65535 bytes`, `is empty`, `wildcard`, `whole (last )?level`, `share name`, `printable`, // the rules of texts and topics
	`There is no (setting|key) `, `remove it or set another`, `not what SaveSession returned`, `unix:///path`, `lready connect`, `ServerTopicAliasMax|the server`, `CONNECT`,
}, "|"))

// wantFault checks an error: its number, and a text that names what is at fault, says what is allowed and can be shown to
// people whatever the input was.
func wantFault(t testing.TB, err error, code int, subjects ...string) {
	t.Helper()
	wantCode(t, err, code)
	if err == nil {
		return
	}
	text := err.Error()
	if len(text) > 500 {
		t.Errorf("a message of %d bytes: %.200q", len(text), text)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		t.Errorf("a message that cannot be shown: %.200q", text)
	}
	if !guidance.MatchString(text) {
		t.Errorf("%q does not say what is allowed", text)
	}
	for _, subject := range subjects {
		if !strings.Contains(text, subject) {
			t.Errorf("%.200q does not name %s", text, subject)
		}
	}
}

// settingFacts are the rows of the table of settings that the component has, by name; a setting in two groups once.
func settingFacts(t *testing.T) map[string]fact {
	known := make(map[string]fact)
	m := recorded(t)
	for _, row := range facts(t, "settings.tsv") {
		name := strings.TrimSuffix(row["name"], "[i]")
		if _, exists := m.Settings().Find(name); exists { // TestReferenceSettings tells what is missing
			known[name] = row
		}
	}
	return known
}

// Every setting with everything that it cannot or hardly can be.
func TestHostileSettings(t *testing.T) {
	documented := settingFacts(t)
	for row := range mqtt.New().Settings().Rows() {
		want, known := documented[row.Name]
		if !known {
			continue // TestReferenceSettings tells
		}
		t.Run(row.Name, func(t *testing.T) {
			m := recorded(t)
			name := row.Name
			if row.Indexed {
				name += "[1]"
				config(t, m, "OutgoingUserPropCount=2")
			}
			for _, value := range hostileValues(row, want) {
				before := snapshot(m)
				_, err := m.Config(name + "=" + value)
				read, code := oracle(row, want, value)
				if row.Indexed && row.ReadOnly {
					wantFault(t, err, code, row.Name)
					continue
				}
				if code != 0 {
					wantFault(t, err, code, row.Name)
					wantUnchanged(t, m, before, value)
				} else if now := config(t, m, name); err != nil || now != read {
					t.Errorf("%.100q: %v; it is %.100q, want %.100q", value, err, now, read)
				}
				if t.Failed() {
					t.Fatalf("the value was %.100q", value)
				}
			}
		})
	}
}

// hostileValues makes values for a setting of which most are bad.
func hostileValues(row registry.Row, want fact) []string {
	list := slices.Clone(hostileTexts)
	kind, _, _ := strings.Cut(row.Type, ",")
	switch kind {
	case "bool":
		list = append(list, "2", "-1", "Tru", "True,False", "Ye\u017f", "0x1", "on")
	case "int", "int64", "list of int":
		list = append(list, "1.5", "1e3", "0x", "0xG", "x1", "--1", "- 1", "1_000", "0b1", "True", "99999999999999999999", "-99999999999999999999",
			"0x1FFFFFFFFFFFFFFFF", strings.Repeat("9", 1<<20), strings.Repeat("0", 100)+"1")
		for _, bound := range bounds(want["accepts"]) {
			for d := int64(-1); d <= 1; d++ {
				list = append(list, strconv.FormatInt(bound+d, 10))
			}
		}
	}
	switch kind {
	case "list", "list of int", "list of bool":
		first, _, _ := strings.Cut(want.here("default"), ",")
		list = append(list, ",", ";", first+",", ","+first, first+",,"+first, first+" "+first, strings.Repeat(",", 1<<20), first+","+hostileTexts[5])
	case "JSON":
		list = append(list, "[]", "null", "0", `""`, "{}x", `{"`, `{"":""}`, `{"NoSuchKey":"1"}`, `{"a\u0000":"1"}`, strings.Repeat("{", 1<<20), strings.Repeat(`{"a":`, 1<<17),
			`{"NoSuchKey":"`+strings.Repeat("x", 1<<20)+`"}`, `{"`+strings.Repeat("x", 1<<20)+`":""}`, "{\"\xff\":\"\"}")
	case "string":
		list = append(list, "a=b", "a\r\nb", "+", "a/#", strings.Repeat("x", 65535), strings.Repeat("x", 65536), "C000", "C0 01", "C", "30 FF FF FF FF 7F")
	}
	return list
}

// bounds are the numbers in the column "accepts".
func bounds(accepts string) []int64 {
	var list []int64
	for _, digits := range regexp.MustCompile(`0x[0-9A-F]+|-?\d+`).FindAllString(accepts, -1) {
		n, _ := strconv.ParseInt(digits, 0, 64)
		list = append(list, n)
	}
	return list
}

// oracle says by the tables what a setting does with a value: what is read back, or the number of the error.
func oracle(row registry.Row, want fact, value string) (read string, code int) {
	bad, _ := strconv.Atoi(want["bad"])
	value = strings.Trim(value, " \t\r\n")
	kind, separator, _ := strings.Cut(row.Type, ", ")
	switch kind {
	case "bool":
		return oracleOf(oracleBool(value))(bad)
	case "int", "int64":
		if row.Name == "CodePage" {
			if !fits(value, "0..4294967295") {
				return "", 10022 // 434 is for numbers
			}
			return oracleOf(oracleInt(value, "1"))(bad) // of those that are tried here only 1 is a page
		}
		if (row.Name == "SessionExpInterval" || row.Name == "ClientTopicAliasMax") && (value == "-1" || value == "") {
			return "0", 0 // not sent means the same
		}
		return oracleOf(oracleInt(value, want["accepts"]))(bad)
	case "list", "list of int", "list of bool":
		if value == "" {
			return "", 0
		}
		if len(separator) != 1 {
			separator = ","
		}
		var elements []string
		for element := range strings.SplitSeq(value, separator) {
			element = strings.Trim(element, " \t\r\n")
			text, ok := element, element != "" && (row.Default == element || strings.HasPrefix(row.Default, element+","))
			switch kind {
			case "list of int":
				text, ok = oracleInt(element, want["accepts"])
			case "list of bool":
				text, ok = oracleBool(element)
			}
			if !ok {
				return "", bad
			}
			elements = append(elements, text)
		}
		return strings.Join(elements, separator), 0
	case "JSON":
		return oracleOf("", value == "" && !row.ReadOnly)(bad)
	}
	if want["accepts"] == "setter" { // a property: Config and its setter say the same
		return value, max(errors.Code(setter(mqtt.New(), row.Name, value)), 0)
	}
	plain := utf8.ValidString(value) && !strings.Contains(value, "\x00")
	switch want["accepts"] {
	case "bytes":
		return value, 0
	case "not empty":
		plain = plain && value != ""
	case "topic":
		plain = plain && len(value) <= 65535 && !strings.ContainsAny(value, "+#")
	case "hosts":
		const fullWidth = "ａ１" // which is a1 for IDNA
		plain = plain && len(value) <= 253 &&
			(value == fullWidth || !strings.ContainsFunc(value, func(r rune) bool { return r > 'z' || r < '0' || r == '=' })) // of the texts that are tried here
	case "file":
		if plain && value != "" {
			return "", 302 // no file has such a name
		}
	case "order":
		plain = value == "Listed"
	case "policy":
		plain = value == "Refuse"
	case "headers":
		plain = plain && value == "" // no text that is tried here is a header line
	case "packet":
		if value == "C000" {
			return "", 212
		}
		return "", bad
	case "":
		return "", bad // read-only
	}
	if row.Indexed && len(value) > 65535 {
		plain = false // it goes into a packet
	}
	return oracleOf(value, plain)(bad)
}

func oracleOf(text string, ok bool) func(bad int) (string, int) {
	return func(bad int) (string, int) {
		if ok {
			return text, 0
		}
		return "", bad
	}
}

func oracleBool(value string) (text string, ok bool) {
	switch strings.ToLower(value) {
	case "true", "yes", "1":
		return "True", true
	case "false", "no", "0":
		return "False", true
	}
	return "", false
}

var integer = regexp.MustCompile(`^(-?[0-9]+|0[xX][0-9a-fA-F]+)$`)

func oracleInt(value, accepts string) (text string, ok bool) {
	if value == "" {
		return "-1", strings.HasPrefix(accepts, "-1 ")
	}
	if !fits(value, accepts) {
		return "", false
	}
	return parseInteger(value).String(), true
}

func parseInteger(digits string) *big.Int {
	n, isDecimal := new(big.Int).SetString(digits, 10)
	if !isDecimal {
		n, _ = new(big.Int).SetString(digits, 0)
	}
	return n
}

// fits tells whether an integer is one of those that the column "accepts" lists. A range without end goes on to the
// largest number of 32 bits.
func fits(value, accepts string) bool {
	if len(value) > 1000 || !integer.MatchString(value) {
		return false
	}
	n := parseInteger(value)
	if !n.IsInt64() {
		return false
	}
	if mask, isMask := strings.CutPrefix(accepts, "bits "); isMask {
		return n.Sign() >= 0 && n.Int64()&^bounds(mask)[0] == 0
	}
	for part := range strings.FieldsSeq(accepts) {
		low, high, isRange := strings.Cut(part, "..")
		least, _ := strconv.ParseInt(low, 10, 64)
		most := least
		switch {
		case isRange && high == "":
			most = math.MaxInt32
		case isRange:
			most, _ = strconv.ParseInt(high, 10, 64)
		}
		if least <= n.Int64() && n.Int64() <= most {
			return true
		}
	}
	return false
}

// Settings while connected and connecting: those that are fixed then refuse what they have already, with the number of the
// table; the others take it.
func TestSettingsWhileConnected(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s := memory(t, mqtt.MvV5)
		m := r.M
		config(t, m, "OutgoingUserPropCount=1")
		try := func(when string) {
			t.Helper()
			for name, row := range settingFacts(t) {
				if row.is("read-only") || name == "SendCustomPacket" || name == "Connected" {
					continue
				}
				if strings.HasSuffix(row["name"], "[i]") {
					name += "[0]"
				}
				before := snapshot(m)
				value := config(t, m, name)
				if slices.Contains([]string{"LocalHost", "LocalPort", "RemoteHost", "MQTT.KeepAliveInterval"}, name) {
					value = "" // what is read is the address in use
				}
				for _, v := range []string{value, "bad\x00"} {
					if name == "Password" && v != value {
						continue // any bytes
					}
					_, err := m.Config(name + "=" + v)
					switch code, _ := strconv.Atoi(row["fixed"]); {
					case code != 0:
						wantFault(t, err, code, name)
					case v == value && err != nil:
						t.Errorf("%s, %s=%q: %v", when, name, v, err)
					}
				}
				wantUnchanged(t, m, before, when+", "+name)
			}
		}
		done := r.Start(m.Connect)
		c := s.Accept(t)
		c.ExpectConnect()
		try("connecting")
		c.SendConnack(false, 0, nil)
		must(t, r.Join(done))
		try("connected")
		c.ExpectNothing()
		c.Close()
	})
}
