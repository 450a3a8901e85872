package config

// IndexedString is a setting NAME[i]. count is the present number of elements,
// at returns element i, which is in range. A Reset makes the elements "".
func IndexedString(s Setting, count func() int, at func(i int) *string, opts ...Option) Row {
	s.Indexed = true
	r := makeRow(s, kindIndexed, "string", opts)
	r.array = &textArray{count, at}
	return r
}

// ReadOnlyIndexed is a setting NAME[i] that can only be read.
func ReadOnlyIndexed(s Setting, count func() int, at func(i int) string, opts ...Option) Row {
	s.Indexed, s.ReadOnly = true, true
	r := makeRow(s, kindReadOnly, "string", opts)
	r.array = &readOnlyArray{count, at}
	return r
}

type textArray struct {
	length func() int
	at     func(i int) *string
}

func (a *textArray) count() int        { return a.length() }
func (a *textArray) text(i int) string { return *a.at(i) }

func (a *textArray) set(r *Row, i int, value string) error {
	if err := r.checkText(r.Name+"["+formatInt(int64(i))+"]", value); err != nil {
		return err
	}
	*a.at(i) = value
	return nil
}

func (a *textArray) reset() {
	for i := range a.length() {
		*a.at(i) = ""
	}
}

type readOnlyArray struct {
	length func() int
	at     func(i int) string
}

func (a *readOnlyArray) count() int        { return a.length() }
func (a *readOnlyArray) text(i int) string { return a.at(i) }
func (a *readOnlyArray) reset()            {}

func (a *readOnlyArray) set(r *Row, _ int, _ string) error { return readOnly(r.Name) }
