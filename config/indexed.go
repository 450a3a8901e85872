package config

// IndexedString is a setting NAME[i]. count is the present number of elements,
// at returns element i, which is in range.
func IndexedString[O any](s Setting, count func(*O) int, at func(owner *O, i int) *string, opts ...Option) Row {
	s.Indexed = true
	r := makeRow(s, kindIndexed, "string", opts)
	r.array = &textArray{ofOwner(count), ofOwnerAnd(at)}
	return r
}

// ReadOnlyIndexed is a setting NAME[i] that can only be read.
func ReadOnlyIndexed[O any](s Setting, count func(*O) int, at func(owner *O, i int) string, opts ...Option) Row {
	s.Indexed, s.ReadOnly = true, true
	r := makeRow(s, kindReadOnly, "string", opts)
	r.array = &readOnlyArray{ofOwner(count), ofOwnerAnd(at)}
	return r
}

type textArray struct {
	length func(owner any) int
	at     func(owner any, i int) *string
}

func (a *textArray) count(owner any) int          { return a.length(owner) }
func (a *textArray) text(owner any, i int) string { return *a.at(owner, i) }

func (a *textArray) set(owner any, r *Row, i int, value string) error {
	if err := r.checkText(r.Name+"["+formatInt(int64(i))+"]", value); err != nil {
		return err
	}
	*a.at(owner, i) = value
	return nil
}

type readOnlyArray struct {
	length func(owner any) int
	at     func(owner any, i int) string
}

func (a *readOnlyArray) count(owner any) int          { return a.length(owner) }
func (a *readOnlyArray) text(owner any, i int) string { return a.at(owner, i) }

func (a *readOnlyArray) set(_ any, r *Row, _ int, _ string) error { return readOnly(r.Name) }
