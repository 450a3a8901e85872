package config

// Tri is a boolean that may also be unset, the value of a boolean key of a bag.
// The zero value is unset.
type Tri uint8

// The values of Tri.
const (
	TriUnset Tri = iota
	TriFalse
	TriTrue
)

// TriOf is the Tri of a boolean.
func TriOf(b bool) Tri {
	if b {
		return TriTrue
	}
	return TriFalse
}

// String is "true", "false" or "", as in the JSON text of a bag.
func (t Tri) String() string {
	switch t {
	case TriFalse:
		return "false"
	case TriTrue:
		return "true"
	}
	return ""
}
