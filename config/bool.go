package config

const allowedBool = "True, False, 0, 1, Yes or No"

// Bool is a setting that is True or False.
func Bool[O any](s Setting, at func(*O) *bool, opts ...Option) Row {
	return makeRow(s, kindBool, "bool", opts).withCell(&boolCell{ofOwner(at)})
}

type boolCell struct{ at func(owner any) *bool }

func (c *boolCell) text(owner any) string { return formatBool(*c.at(owner)) }

func (c *boolCell) set(owner any, r *Row, value string) error {
	v, ok := parseBool(value)
	if !ok {
		return r.bad(r.Name, value, allowedBool)
	}
	if err := r.run(r.Name, formatBool(v)); err != nil {
		return err
	}
	*c.at(owner) = v
	return nil
}

// BoolFunc is Bool for a value that is read and assigned by functions. assign must change nothing if it returns an
// error; what becomes of the error is told at Check.
func BoolFunc[O any](s Setting, get func(*O) bool, assign func(*O, bool) error, opts ...Option) Row {
	return makeRow(s, kindBool, "bool", opts).withCell(&boolFuncCell{ofOwner(get), ofOwnerAnd(assign)})
}

type boolFuncCell struct {
	get    func(owner any) bool
	assign func(owner any, v bool) error
}

func (c *boolFuncCell) text(owner any) string { return formatBool(c.get(owner)) }

func (c *boolFuncCell) set(owner any, r *Row, value string) error {
	v, ok := parseBool(value)
	if !ok {
		return r.bad(r.Name, value, allowedBool)
	}
	if err := r.run(r.Name, formatBool(v)); err != nil {
		return err
	}
	if err := c.assign(owner, v); err != nil {
		return r.refused(r.Name, value, err)
	}
	return nil
}
