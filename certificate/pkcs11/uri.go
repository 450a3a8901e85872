package pkcs11

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/errors"
)

// uri is a PKCS#11 URI of RFC 7512: what the module, the slot, the token and its objects must have to be meant.
type uri struct {
	want   map[string]string // the attributes of the path, in their plain form
	module string            // module-path
}

// attributes are those that a path may have, each with a function that brings a value into its plain form.
var attributes = map[string]func(value string) (plain string, ok bool){
	"token": anyText, "manufacturer": anyText, "serial": anyText, "model": anyText,
	"object": anyText, "id": anyText, "type": objectType,
	"slot-id": number, "slot-description": anyText, "slot-manufacturer": anyText,
	"library-manufacturer": anyText, "library-description": anyText, "library-version": version,
}

func anyText(value string) (string, bool) { return value, true }

// The kinds of objects that have something to do with a certificate.
const (
	typeCert    = "cert"
	typePrivate = "private"
)

func objectType(value string) (string, bool) { return value, value == typeCert || value == typePrivate }

func number(value string) (string, bool) {
	n, err := strconv.ParseUint(value, 10, strconv.IntSize)
	return strconv.FormatUint(n, 10), err == nil
}

// version adds the minor number, which may be left out when it is 0.
func version(value string) (string, bool) {
	major, minor, both := strings.Cut(value, ".")
	if !both {
		minor = "0"
	}
	a, errA := strconv.ParseUint(major, 10, 8)
	b, errB := strconv.ParseUint(minor, 10, 8)
	return showVersion(byte(a), byte(b)), errA == nil && errB == nil
}

func showVersion(major, minor byte) string {
	return strconv.Itoa(int(major)) + "." + strconv.Itoa(int(minor))
}

// parse reads a PKCS#11 URI. Its errors name attributes but never show a value, which could be a PIN.
func parse(text string) (uri, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || !strings.EqualFold(scheme, "pkcs11") {
		return uri{}, refused(`it does not begin with "pkcs11:".`)
	}
	path, query, _ := strings.Cut(rest, "?")
	want, err := pairs(path, ";")
	if err != nil {
		return uri{}, err
	}
	for name, value := range want {
		plain, known := attributes[name]
		if !known {
			// RFC 7512, 2.4: what is not known matches nothing.
			return uri{}, refused("there is no attribute " + strconv.Quote(name) + "; allowed: " +
				strings.Join(slices.Sorted(maps.Keys(attributes)), ", ") + ".")
		}
		if want[name], ok = plain(value); !ok {
			return uri{}, refused("the attribute " + name + " has a bad value: type is cert or private, slot-id a " +
				"number, library-version one or two numbers.")
		}
	}
	options, err := pairs(query, "&")
	if err != nil {
		return uri{}, err
	}
	for name := range options { // RFC 7512, 2.4: here, what is not known is passed over
		switch name {
		case "pin-value", "pin-source":
			return uri{}, refused("the PIN must not be part of it (" + name +
				"), where it would be shown with Store; " +
				"assign it to StorePassword.")
		case "module-name":
			return uri{}, refused("module-name is not supported; give the file of the module in module-path.")
		}
	}
	u := uri{want: want, module: options["module-path"]}
	if strings.Contains(u.module, "\x00") {
		return uri{}, refused("module-path is not the name of a file.")
	}
	return u, nil
}

// pairs reads attributes of the form name=value.
func pairs(text, separator string) (map[string]string, error) {
	found := map[string]string{}
	if text == "" {
		return found, nil
	}
	for part := range strings.SplitSeq(text, separator) {
		name, escaped, ok := strings.Cut(part, "=")
		if !ok {
			return nil, refused("every attribute needs a name, an equals sign and a value, and " +
				strconv.Quote(separator) +
				" between it and the next.")
		}
		value, err := url.PathUnescape(escaped)
		if err != nil {
			return nil, refused("the attribute " + strconv.Quote(name) + " has a percent sign without two " +
				"hexadecimal digits.")
		}
		if _, twice := found[name]; twice {
			return nil, refused("the attribute " + strconv.Quote(name) + " appears twice.")
		}
		found[name] = value
	}
	return found, nil
}

func refused(detail string) error {
	return errors.New(errors.ErrInvalidArgument, "Store is not a usable PKCS#11 URI: "+detail)
}

// means reports whether an attribute may have this value. An attribute that the URI does not have may have any.
func (u uri) means(name, value string) bool {
	want, ok := u.want[name]
	return !ok || want == value
}

// String returns the URI in a uniform way. There is no secret in it.
func (u uri) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(u.want)) {
		parts = append(parts, name+"="+escape(u.want[name]))
	}
	text := "pkcs11:" + strings.Join(parts, ";")
	if u.module != "" {
		text += "?module-path=" + escape(u.module)
	}
	return text
}

// escape leaves the characters alone that mean nothing in a URI, and the slashes of a path.
func escape(value string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(value))
}
