package config

// Func is a setting that is read and written by functions. get is called once
// here, for the default.
//
// set gets text that CheckText accepts (see Raw) and must change nothing if it
// returns an error; what becomes of the error is told at Check. A Reset calls set
// with the text that get returned here. If get is nil, the setting reads "" and
// a Reset leaves it alone.
func Func(s Setting, get func() string, set func(value string) error, opts ...Option) Row {
	if set == nil && !s.ReadOnly {
		panic("config: " + s.Name + " cannot be assigned; use ReadOnly")
	}
	c := &funcCell{get: get, setter: set}
	if get != nil && !s.ReadOnly {
		c.initial = get()
	}
	return makeRow(s, kindFunc, "string", opts).withCell(c)
}

// ReadOnly is a setting that can only be read: assigning it is 211. get is not
// called before somebody reads.
//
// The other constructors make read-only settings as well if ReadOnly is set in s.
func ReadOnly(s Setting, get func() string, opts ...Option) Row {
	s.ReadOnly = true
	return makeRow(s, kindReadOnly, "string", opts).withCell(&funcCell{get: get})
}

type funcCell struct {
	get     func() string
	setter  func(string) error
	initial string
}

func (c *funcCell) text() string {
	if c.get == nil {
		return ""
	}
	return c.get()
}

func (c *funcCell) set(r *Row, value string) error {
	if err := r.checkText(r.Name, value); err != nil {
		return err
	}
	if err := c.setter(value); err != nil {
		return r.refused(r.Name, value, err)
	}
	return nil
}

func (c *funcCell) reset() {
	if c.get != nil {
		_ = c.setter(c.initial) // what get returned, so set accepts it
	}
}
