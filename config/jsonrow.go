package config

// JSON is a setting whose value is a property bag; at is where the bag's fields
// are. Errors name the setting and the key.
func JSON[O, B any](s Setting, at func(*O) *B, bag *Bag[B], opts ...Option) Row {
	r := makeRow(s, kindJSON, "JSON", opts)
	r.Keys = bag.keys
	return r.withCell(&bagCell[B]{ofOwner(at), bag})
}

type bagCell[B any] struct {
	at  func(owner any) *B
	bag *Bag[B]
}

func (c *bagCell[B]) text(owner any) string { return c.bag.Text(c.at(owner)) }

func (c *bagCell[B]) set(owner any, r *Row, value string) error {
	apply, err := c.bag.plan(r.Name, value)
	if err != nil {
		return err
	}
	if err := r.run(r.Name, value); err != nil {
		return err
	}
	apply(c.at(owner))
	return nil
}

func (c *bagCell[B]) public(owner any) (text string, left []string) {
	return c.bag.text(c.at(owner), false)
}

// JSONFunc is JSON for a value that is read and assigned by functions. assign gets the fields that get has returned,
// with the keys of the object in place, and must change nothing if it returns an error; what becomes of the error is
// told at Check.
func JSONFunc[O, B any](
	s Setting, get func(*O) B, assign func(owner *O, fields B) error, bag *Bag[B], opts ...Option,
) Row {
	r := makeRow(s, kindJSON, "JSON", opts)
	r.Keys = bag.keys
	return r.withCell(&bagFuncCell[B]{ofOwner(get), ofOwnerAnd(assign), bag})
}

type bagFuncCell[B any] struct {
	get    func(owner any) B
	assign func(owner any, fields B) error
	bag    *Bag[B]
}

func (c *bagFuncCell[B]) text(owner any) string {
	fields := c.get(owner)
	return c.bag.Text(&fields)
}

func (c *bagFuncCell[B]) public(owner any) (text string, left []string) {
	fields := c.get(owner)
	return c.bag.text(&fields, false)
}

func (c *bagFuncCell[B]) set(owner any, r *Row, value string) error {
	apply, err := c.bag.plan(r.Name, value)
	if err != nil {
		return err
	}
	if err := r.run(r.Name, value); err != nil {
		return err
	}
	fields := c.get(owner)
	apply(&fields)
	if err := c.assign(owner, fields); err != nil {
		return r.refused(r.Name, value, err)
	}
	return nil
}
