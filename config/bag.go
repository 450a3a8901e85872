package config

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// Bag is a set of properties that is assigned and read as one JSON object, for
// example ConnectProperties. The values live in the fields of a B; a Bag says what
// they are called and what they accept, is made once and then only read. A key is
// not set when its field has the value that says so: the unset number given to
// BagInt (usually -1), TriUnset, "", or an empty slice.
//
// The methods take no lock for the fields, as those of a Registry.
type Bag[B any] struct {
	keys   []Key
	byName names
}

// NewBag makes a bag of keys, in the order in which Text writes them. The integer
// fields of a new B must hold their unset value; Set with "" sees to that. It
// panics if a name occurs twice: a programming error.
func NewBag[B any](keys ...Key) *Bag[B] {
	keys = slices.Clone(keys)
	b := &Bag[B]{keys: keys, byName: make(names, len(keys))}
	for i := range keys {
		if keys[i].field == nil {
			panic("config: the key " + keys[i].Name + " has no value")
		}
		for name := range keys[i].spellings() {
			b.byName.add(name, i, validName)
		}
	}
	return b
}

// spellings are all accepted names of the key.
func (k *Key) spellings() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, list := range [][]string{{k.Name}, k.AlsoAs, k.Aliases} {
			for _, name := range list {
				if !yield(name) {
					return
				}
			}
		}
	}
}

// Set assigns the keys that a JSON object contains and leaves the others as they
// are; "" unsets all keys.
//
// Integers and booleans may be JSON strings, numbers and booleans, the other keys
// need strings; null, arrays and objects are bad values. "" unsets a key, as does
// -1 for an integer. Names are compared without regard to case.
//
// Errors, after which nothing has changed:
//   - [errors.ErrInvalidArgument] (10022): a bad value, or the number of the key, see [Code]
func (b *Bag[B]) Set(fields *B, text string) error {
	apply, err := b.plan("", text)
	if err != nil {
		return err
	}
	apply(fields)
	return nil
}

// plan checks an assignment and returns what carries it out. owner is the setting
// that error texts name.
func (b *Bag[B]) plan(owner, text string) (apply func(fields *B), err error) {
	text = trim(text)
	if text == "" {
		return b.unset, nil
	}
	if !isObject(text) {
		return nil, b.notObject(owner, text)
	}
	values, err := b.gather(owner, text)
	if err != nil {
		return nil, err
	}
	var steps []func(fields any)
	for i, given := range values {
		if len(given) == 0 {
			continue
		}
		step, bad := b.keys[i].field.plan(given)
		if bad != nil {
			return nil, b.keys[i].fault(subject(owner, b.keys[i].Name), bad)
		}
		steps = append(steps, step)
	}
	return func(fields *B) {
		for _, step := range steps {
			step(fields)
		}
	}, nil
}

// gather sorts the members of an object by key.
func (b *Bag[B]) gather(owner, text string) (values [][]gjson.Result, err error) {
	values = make([][]gjson.Result, len(b.keys))
	used := make(map[string]bool)
	gjson.Parse(text).ForEach(func(name, value gjson.Result) bool {
		i, ok := b.byName.find(name.Str)
		if !ok {
			err = b.unknown(owner, name.Str)
			return false
		}
		key := &b.keys[i]
		switch lower := strings.ToLower(name.Str); {
		case key.Repeatable || len(values[i]) == 0:
			values[i] = append(values[i], value)
			used[lower] = true
		case len(key.AlsoAs) > 0 && !used[lower] && value.String() == values[i][0].String():
			// Text writes such a key under several names, so Set must accept that.
			used[lower] = true
		default:
			err = invalid(subject(owner, key.Name) + " is given twice in one object")
		}
		return err == nil
	})
	return values, err
}

// Text is the JSON object with the keys that are set, in the order of the bag and
// every value as a JSON string, or "" if no key is set.
func (b *Bag[B]) Text(fields *B) string {
	text, _ := b.text(fields, true)
	return text
}

// text is Text; without secrets it leaves the secret keys out and names those that are set.
func (b *Bag[B]) text(fields *B, secrets bool) (text string, left []string) {
	var object []byte
	for i := range b.keys {
		key := &b.keys[i]
		if key.Secret && !secrets {
			for range key.field.texts(fields) {
				left = append(left, key.Name)
			}
			continue
		}
		for text := range key.field.texts(fields) {
			if key.Repeatable { // sjson would overwrite the first one
				object = appendMember(object, key.Name, text)
				continue
			}
			object = setMember(object, key.Name, text)
			for _, name := range key.AlsoAs {
				object = setMember(object, name, text)
			}
		}
	}
	return string(object), left
}

// setMember adds a member under a name that is a valid path, which NewBag made
// sure of, so that sjson cannot fail.
func setMember(object []byte, name, text string) []byte {
	longer, err := sjson.SetBytes(object, name, text)
	if err != nil {
		return appendMember(object, name, text)
	}
	return longer
}

// appendMember adds a member even if the name occurs already.
func appendMember(object []byte, name, text string) []byte {
	separator := byte(',')
	if len(object) == 0 {
		separator = '{'
	} else {
		object = object[:len(object)-1]
	}
	quoted, _ := json.Marshal(text) // a string cannot fail
	object = append(object, separator, '"')
	object = append(append(object, name...), '"', ':')
	return append(append(object, quoted...), '}')
}

// unset gives every key its unset value.
func (b *Bag[B]) unset(fields *B) {
	for i := range b.keys {
		b.keys[i].field.unset(fields)
	}
}

// maxDepth bounds the nesting of what gjson, which recurses, gets to see. Nothing
// deeper than 1 is accepted anyway, but a flat array has its key named.
const maxDepth = 16

// isObject tells whether text is one JSON object and nothing else.
func isObject(text string) bool {
	return text[0] == '{' && shallow(text) && gjson.Valid(text)
}

func shallow(text string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

func (b *Bag[B]) notObject(owner, text string) error {
	if owner == "" {
		owner = "The property bag"
	}
	secret := slices.ContainsFunc(b.keys, func(k Key) bool { return k.Secret })
	return invalid(cannotBe(owner, text, secret) + `; allowed: a JSON object such as {"` +
		b.example() + `":"..."}, or "" to unset all keys`)
}

func (b *Bag[B]) example() string {
	if len(b.keys) == 0 {
		return "name"
	}
	return b.keys[0].Name
}

// unknown shows no value, which may be a secret under a misspelt name.
func (b *Bag[B]) unknown(owner, name string) error {
	text := "There is no key " + quote(name)
	if owner != "" {
		text += " in " + owner
	}
	var candidates []string
	for i := range b.keys {
		candidates = slices.AppendSeq(candidates, b.keys[i].spellings())
	}
	if near := nearest(name, candidates); near != "" {
		text += "; did you mean " + near + "?"
	}
	return invalid(text)
}

// subject names a key in an error text.
func subject(owner, key string) string {
	if owner == "" {
		return "The key " + key
	}
	return "The key " + key + " of " + owner
}
