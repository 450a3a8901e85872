package packet

import "strings"

// UserProperty is one pair of a User Property. Names may repeat and the order is kept.
type UserProperty struct{ Name, Value string }

// Pair is a caller's own type of a user property, so that its lists need no copy.
type Pair interface{ ~struct{ Name, Value string } }

// ReadUserProperties returns the User Properties of p, with two allocations whatever their number. A server may send
// many that are small, so that the list takes several times the bytes of the packet.
func ReadUserProperties[P Pair](p Properties) []P {
	count, size := 0, 0
	for name, value := range p.UserProperties() {
		count++
		size += len(name) + len(value)
	}
	if count == 0 {
		return nil
	}
	var texts strings.Builder
	texts.Grow(size) // so that no text moves any more
	text := func(b []byte) string {
		begin := texts.Len()
		texts.Write(b)
		return texts.String()[begin:]
	}
	list := make([]P, 0, count)
	for name, value := range p.UserProperties() {
		list = append(list, P{Name: text(name), Value: text(value)})
	}
	return list
}

// CheckUserProperties returns the first pair that cannot be sent, nil if all can.
func CheckUserProperties[P Pair](list []P) *PropertyError {
	for _, pair := range list {
		u := UserProperty(pair)
		if err := CheckText(u.Name); err != nil {
			return &PropertyError{ID: PropUserProperty, Problem: err.Error(), OfName: true}
		}
		if err := CheckText(u.Value); err != nil {
			return &PropertyError{ID: PropUserProperty, Problem: err.Error(), Text: u.Name}
		}
	}
	return nil
}

// AppendUserProperties appends pairs in their order [MQTT5-3.3.2-18].
func AppendUserProperties[P Pair](p Properties, list []P) Properties {
	for _, pair := range list {
		u := UserProperty(pair)
		p = p.AppendUserProperty(u.Name, u.Value)
	}
	return p
}

// ConvertUserProperties copies a list from one caller's type to another's.
func ConvertUserProperties[To, From Pair](list []From) []To {
	var converted []To
	for _, pair := range list {
		converted = append(converted, To(UserProperty(pair)))
	}
	return converted
}
