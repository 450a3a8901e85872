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

// IsSet tells whether t is TriFalse or TriTrue.
func (t Tri) IsSet() bool { return t != TriUnset }

// Or is the boolean of t, or otherwise if t is unset.
func (t Tri) Or(otherwise bool) bool {
	if t == TriUnset {
		return otherwise
	}
	return t == TriTrue
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
