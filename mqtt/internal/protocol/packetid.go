package protocol

import "iter"

// idTable maps packet identifiers to the messages that use them. It takes memory in pages, so that the few identifiers
// of an ordinary client cost little and all 65,535 are possible.
type idTable struct {
	pages []*idPage // by the identifier's high byte
	spare *idPage
	count int
}

type idPage struct {
	messages [256]*Message
	count    int
}

func (t *idTable) get(id uint16) *Message {
	if int(id>>8) >= len(t.pages) {
		return nil
	}
	p := t.pages[id>>8]
	if p == nil {
		return nil
	}
	return p.messages[id&0xFF]
}

// put sets the message of an identifier that is free.
func (t *idTable) put(id uint16, m *Message) {
	for int(id>>8) >= len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	p := t.pages[id>>8]
	if p == nil {
		p, t.spare = t.spare, nil
		if p == nil {
			p = new(idPage)
		}
		t.pages[id>>8] = p
	}
	p.messages[id&0xFF] = m
	p.count++
	t.count++
}

// remove frees an identifier that is in use.
func (t *idTable) remove(id uint16) {
	p := t.pages[id>>8]
	p.messages[id&0xFF] = nil
	p.count--
	t.count--
	if p.count == 0 {
		t.pages[id>>8], t.spare = nil, p
	}
}

// all iterates over the messages by their identifiers. The one in hand may be removed.
func (t *idTable) all() iter.Seq[*Message] {
	return func(yield func(*Message) bool) {
		for _, p := range t.pages {
			if p == nil {
				continue
			}
			for _, m := range &p.messages {
				if m != nil && !yield(m) {
					return
				}
			}
		}
	}
}

// full reports whether all 256 identifiers around id are in use.
func (t *idTable) full(id uint16) bool {
	return int(id>>8) < len(t.pages) && t.pages[id>>8] != nil && t.pages[id>>8].count == 256
}

const maxIDs = 65535

// takeID returns the next free packet identifier, 0 if there is none. Identifiers ascend from 1 and start again after
// 65,535, so that one that has become free is not used again at once [MQTT5-2.2.1-3] [MQTT311-2.3.1-2].
func (c *Client) takeID() uint16 {
	if c.ids.count+len(c.requests) >= maxIDs {
		return 0
	}
	id := c.nextID
	for {
		id++
		if id == 0 {
			id = 1
		}
		if c.ids.full(id) {
			id |= 0xFF
			continue
		}
		if c.ids.get(id) == nil && c.requests[id] == nil {
			c.nextID = id
			return id
		}
	}
}
