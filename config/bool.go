package config

const allowedBool = "True, False, 0, 1, Yes or No"

// Bool is a setting that is True or False.
func Bool(s Setting, p *bool, opts ...Option) Row {
	return makeRow(s, kindBool, "bool", opts).withCell(&boolCell{p, *p})
}

type boolCell struct {
	p       *bool
	initial bool
}

func (c *boolCell) text() string { return formatBool(*c.p) }

func (c *boolCell) set(r *Row, value string) error {
	v, ok := parseBool(value)
	if !ok {
		return r.bad(r.Name, value, allowedBool)
	}
	if err := r.run(r.Name, formatBool(v)); err != nil {
		return err
	}
	*c.p = v
	return nil
}

func (c *boolCell) reset() { *c.p = c.initial }
