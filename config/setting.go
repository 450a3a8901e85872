package config

// The groups of settings, in the order of the documentation.
const (
	GroupMQTT      = "MQTT"
	GroupTCPClient = "TCPClient"
	GroupSSL       = "SSL"
	GroupSocket    = "Socket"
	GroupBase      = "Base"
	GroupComponent = "Component" // settings of this SDK that the documented list lacks
	GroupProperty  = "Property"  // properties of the component that Config reaches
)

// Setting is the documentation of one setting.
type Setting struct {
	// Name is the spelling of the documentation: ASCII letters and digits,
	// beginning with a letter, at most 64 of them. A dot may stand between two
	// such names.
	Name string
	// Group is one of the Group constants.
	Group string
	// Type is what a value looks like, with the unit, for example "int, ms".
	// If it is empty, the constructor of the row fills in the plain type.
	Type string
	// Default is the documented default. If it is empty, NewTable fills in the
	// text of the standard component's value.
	Default string
	// Doc says what the setting does.
	Doc string
	// ReadOnly settings cannot be assigned: 211.
	ReadOnly bool
	// Indexed settings are written NAME[i].
	Indexed bool
	// V5Only settings are sent or filled only on MQTT 5 connections. Assigning
	// one is never an error for that reason.
	V5Only bool
}

// Row is one setting: its documentation and how it is read and written. Rows
// come from the constructors of this package; a Row literal has no value and
// NewTable refuses it.
type Row struct {
	Setting
	// Aliases are further accepted spellings of Name.
	Aliases []string
	// Secret keeps the value out of error texts. Reading the setting still
	// returns it.
	Secret bool
	// Keys are the keys of a row made by JSON, in their order, otherwise none.
	Keys []Key

	opt     options
	cell    cell  // NAME, nil for an indexed row
	array   array // NAME[i], nil for a row without index
	another bool  // documentation only, see Again
}

// cell is the value of a setting without index.
type cell interface {
	text(owner any) string
	// set changes the value only if it returns nil.
	set(owner any, r *Row, value string) error
}

// array is the value of an indexed setting.
type array interface {
	count(owner any) int
	text(owner any, i int) string
	// set is called with an index in range and changes the element only if it
	// returns nil.
	set(owner any, r *Row, i int, value string) error
}

// makeRow fills in what the constructors have in common.
func makeRow(s Setting, kind kind, typ string, list []Option) Row {
	if s.Type == "" {
		s.Type = typ
	}
	o := collect(s.Name, kind, list)
	return Row{Setting: s, Aliases: o.aliases, Secret: o.secret, opt: o}
}

func (r Row) withCell(c cell) Row {
	r.cell = c
	return r
}

// Again lists a setting a second time, in another group of the documentation: it
// appears in Settings, and Config finds the other row of this name. Type,
// Default and Doc are taken from that row where they are empty.
func Again(s Setting) Row {
	return Row{Setting: s, another: true}
}
