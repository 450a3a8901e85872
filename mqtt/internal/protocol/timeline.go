package protocol

// timeline holds packets that were sent and not answered, in the order in which they were sent, which is the order in
// which equal time limits end. What was answered meanwhile is skipped when it comes to the head: the cost is one step
// in and one step out. The time of a packet begins when it was written, so that queueing it need not read the clock.
type timeline struct {
	// clock returns where the owner of an identifier keeps the time of its last transmission, nil if that was answered.
	clock func(c *Client, id uint16) *Time

	queue   []sent
	head    int
	stamped int // entries before it have their time
	taken   int // entries before it are in what the writer has taken
}

// sent is one transmission. It has no pointer, since there may be very many.
type sent struct {
	id uint16
	at Time // when it was written; notWritten until then
}

const notWritten = Time(-1)

// current reports whether s is the last transmission of a packet that still waits for its answer.
func (l *timeline) current(c *Client, s *sent) bool {
	at := l.clock(c, s.id)
	return at != nil && *at == s.at
}

// push adds a transmission, whose owner has the time notWritten. Beside the packets in flight all other entries are
// settled; they are dropped when they outnumber the rest, so that one packet which is never answered does not make the
// queue grow behind it.
func (l *timeline) push(c *Client, id uint16) {
	if len(l.queue) > 2*(c.ids.count+len(c.requests))+1024 {
		current, stamped, taken := l.queue[:0], 0, 0
		for i := l.head; i < len(l.queue); i++ {
			if s := l.queue[i]; l.current(c, &s) {
				current = append(current, s)
				if i < l.stamped {
					stamped++
				}
				if i < l.taken {
					taken++
				}
			}
		}
		l.queue, l.head, l.stamped, l.taken = current, 0, stamped, taken
	}
	l.queue = append(l.queue, sent{id, notWritten})
}

// take tells that the writer has taken all that was queued.
func (l *timeline) take() { l.taken = len(l.queue) }

// stamp gives the transmissions that the writer had taken their time.
func (l *timeline) stamp(c *Client, now Time) {
	for ; l.stamped < l.taken; l.stamped++ {
		s := &l.queue[l.stamped]
		if at := l.clock(c, s.id); at != nil && *at == notWritten {
			*at = now
		}
		s.at = now
	}
}

// next returns the transmission at the head, after dropping what is settled; nil if there is none.
func (l *timeline) next(c *Client) *sent {
	for l.head < len(l.queue) {
		if s := &l.queue[l.head]; l.current(c, s) {
			return s
		}
		l.head++
	}
	l.queue, l.head, l.stamped, l.taken = l.queue[:0], 0, 0, 0
	return nil
}

// deadline reports when the transmission at the head is limit old; Never without a limit.
func (l *timeline) deadline(c *Client, limit Time) Time {
	if limit == 0 {
		return Never
	}
	s := l.next(c)
	if s == nil || s.at == notWritten {
		return Never
	}
	return s.at + limit
}

// due removes and returns the identifier at the head if its transmission is limit old at now; 0 if it is not.
func (l *timeline) due(c *Client, now, limit Time) uint16 {
	if l.deadline(c, limit) > now {
		return 0
	}
	s := l.queue[l.head]
	l.head++
	return s.id
}
