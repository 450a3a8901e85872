package packet

import "encoding/binary"

// fieldReader reads the fields of a packet one after the other. Where it cannot go on it takes the rest, so that
// nothing is left to read.
type fieldReader struct {
	fields  []Field
	packet  Type
	version Version
	b       []byte
	at      int // may lie behind b
	end     int // of the packet, or of the list of properties
	size    int // of the packet
}

// rest takes all that is left of the packet.
func (r *fieldReader) rest() {
	if r.at < r.size {
		r.fields = append(r.fields, Field{Form: FieldRest, Secret: true, Begin: r.at, End: r.size})
	}
	r.at, r.end = r.size, r.size
}

// has reports whether n more bytes can be read, and takes the rest if not.
func (r *fieldReader) has(n int) bool {
	if r.at+n <= min(r.end, len(r.b)) {
		return true
	}
	r.rest()
	return false
}

// uint takes an integer of n bytes.
func (r *fieldReader) uint(n int) (value uint32, ok bool) {
	if !r.has(n) {
		return 0, false
	}
	for _, c := range r.b[r.at : r.at+n] {
		value = value<<8 | uint32(c)
	}
	r.at += n
	return value, true
}

// varint takes a Variable Byte Integer.
func (r *fieldReader) varint() (value int, ok bool) {
	if !r.has(1) {
		return 0, false
	}
	value, size := readVarint(r.b[r.at:min(r.end, len(r.b))])
	if size <= 0 {
		r.rest()
		return 0, false
	}
	r.at += size
	return value, true
}

// binary takes a length and as many bytes, which need not all be there.
func (r *fieldReader) binary() (value []byte, ok bool) {
	if !r.has(2) {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(r.b[r.at:]))
	if r.at+2+n > r.end {
		r.rest()
		return nil, false
	}
	r.at += 2
	value = r.view(n)
	r.at += n
	return value, true
}

// view is what there is of the next n bytes.
func (r *fieldReader) view(n int) []byte {
	from, to := min(r.at, len(r.b)), min(r.at+n, len(r.b))
	return r.b[from:to:to]
}

func (r *fieldReader) number(name string, n int) {
	begin := r.at
	if v, ok := r.uint(n); ok {
		r.fields = append(r.fields, Field{Name: name, Number: v, Begin: begin, End: r.at})
	}
}

// code reads a byte that stands for something.
func (r *fieldReader) code(name string, meaning func(byte) string) byte {
	begin := r.at
	v, ok := r.uint(1)
	if ok {
		f := Field{Name: name, Form: FieldCode, Number: v, Meaning: meaning(byte(v)), Begin: begin, End: r.at}
		r.fields = append(r.fields, f)
	}
	return byte(v)
}

// text reads a text or binary field.
func (r *fieldReader) text(name string, secret bool) {
	begin := r.at + 2
	if value, ok := r.binary(); ok {
		r.fields = append(r.fields, Field{
			Name: name, Form: FieldText, Text: value, Secret: secret, Begin: begin,
			End: r.at,
		})
	}
}

// payload reads what follows to the end of the packet.
func (r *fieldReader) payload() {
	if n := r.end - r.at; n > 0 {
		f := Field{Name: "Payload", Form: FieldText, Text: r.view(n), Secret: true, Begin: r.at, End: r.end}
		r.fields = append(r.fields, f)
		r.at = r.end
	}
}

func (r *fieldReader) properties() {
	if r.version != V5 {
		return
	}
	n, ok := r.varint()
	if !ok {
		return
	}
	if r.at+n > r.size {
		r.rest()
		return
	}
	for r.end = r.at + n; r.at < r.end; {
		r.property()
	}
	r.end = r.size
}

func (r *fieldReader) property() {
	v, _ := r.uint(1)
	id, begin := PropertyID(v), r.at
	switch id.rule().kind {
	case kindFlag:
		r.number(id.String(), 1)
	case kindTwo:
		r.number(id.String(), 2)
	case kindFour:
		r.number(id.String(), 4)
	case kindVarint:
		if n, ok := r.varint(); ok {
			r.fields = append(r.fields, Field{Name: id.String(), Number: uint32(n), Begin: begin, End: r.at})
		}
	case kindText, kindBinary:
		r.text(id.String(), id == PropAuthenticationData || id == PropCorrelationData)
	case kindPair:
		name, _ := r.binary()
		if value, ok := r.binary(); ok { // not if the name is not all there
			r.fields = append(r.fields, Field{
				Name: id.String(), Form: FieldPair, Text: name, Value: value,
				Begin: begin, End: r.at,
			})
		}
	default:
		r.rest()
	}
}
