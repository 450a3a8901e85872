package config

const allowedBool = "True, False, 0, 1, Yes or No"

// Bool is a setting that is True or False.
func Bool(s Setting, p *bool, opts ...Option) Row {
	return BoolAt(s, func() *bool { return p }, opts...)
}

// BoolAt is Bool for a field that is not always at the same place: at tells where it is now.
func BoolAt(s Setting, at func() *bool, opts ...Option) Row {
	return makeRow(s, kindBool, "bool", opts).withCell(&boolCell{at, *at()})
}

type boolCell struct {
	at      func() *bool
	initial bool
}

func (c *boolCell) text() string { return formatBool(*c.at()) }

func (c *boolCell) set(r *Row, value string) error {
	v, ok := parseBool(value)
	if !ok {
		return r.bad(r.Name, value, allowedBool)
	}
	if err := r.run(r.Name, formatBool(v)); err != nil {
		return err
	}
	*c.at() = v
	return nil
}

func (c *boolCell) reset() { *c.at() = c.initial }
