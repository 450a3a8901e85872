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
