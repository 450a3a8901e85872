package config

// JSON is a setting whose value is a property bag. Errors name the setting and
// the key. A Reset unsets all keys.
func JSON(s Setting, bag *Bag, opts ...Option) Row {
	r := makeRow(s, kindJSON, "JSON", opts)
	r.Bag = bag
	return r.withCell(bagCell{bag})
}

type bagCell struct{ bag *Bag }

func (c bagCell) text() string { return c.bag.Text() }

func (c bagCell) set(r *Row, value string) error {
	apply, err := c.bag.plan(r.Name, value)
	if err != nil {
		return err
	}
	if err := r.run(r.Name, value); err != nil {
		return err
	}
	apply()
	return nil
}

func (c bagCell) reset() { c.bag.Reset() }
