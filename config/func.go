package config

// Func is a setting that is read and written by functions.
//
// set gets valid UTF-8 without U+0000 (see Raw) and must change nothing if it
// returns an error; what becomes of the error is told at Check. If get is nil, the
// setting reads "".
func Func[O any](s Setting, get func(*O) string, set func(owner *O, value string) error, opts ...Option) Row {
	if set == nil && !s.ReadOnly {
		panic("config: " + s.Name + " cannot be assigned; use ReadOnly")
	}
	c := &funcCell{setter: ofOwnerAnd(set)}
	if get != nil {
		c.get = ofOwner(get)
	}
	return makeRow(s, kindFunc, "string", opts).withCell(c)
}

// ReadOnly is a setting that can only be read: assigning it is 211. get is not
// called before somebody reads.
//
// The other constructors make read-only settings as well if ReadOnly is set in s.
func ReadOnly[O any](s Setting, get func(*O) string, opts ...Option) Row {
	s.ReadOnly = true
	return makeRow(s, kindReadOnly, "string", opts).withCell(&funcCell{get: ofOwner(get)})
}

type funcCell struct {
	get    func(owner any) string // nil = it reads ""
	setter func(owner any, value string) error
}

func (c *funcCell) text(owner any) string {
	if c.get == nil {
		return ""
	}
	return c.get(owner)
}

func (c *funcCell) set(owner any, r *Row, value string) error {
	if err := r.checkText(r.Name, value); err != nil {
		return err
	}
	if err := c.setter(owner, value); err != nil {
		return r.refused(r.Name, value, err)
	}
	return nil
}
