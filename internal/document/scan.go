package document

import "bytes"

const (
	// lookBehind is the text before the next byte that stays in memory: the
	// local part of an address and the context before it.
	lookBehind = maxLocal + contextBefore + 4

	// lookAhead is how much must follow a byte before it is looked at: the
	// domain of an address, which is longer than any number with what follows.
	lookAhead = maxDomain + 4

	// scanPiece bounds what is in memory beside these two.
	scanPiece = 64 << 10
)

// scanner finds values by rule in a stream of text. It finds the same however
// the stream is cut: every decision depends on lookBehind and lookAhead bytes
// around it only, and nothing is decided before those are there.
//
// It is one pass over byte classes: digits and @ are looked at, all else is
// passed over.
type scanner struct {
	buf     []byte
	next    int // the next byte of buf to look at
	taken   int // end of the last match in buf; no other begins before it
	where   cursor
	columns *columns // nil unless the text is CSV
	card    tally
	ssn     tally
	email   tally
}

func newScanner(csv bool) *scanner {
	s := &scanner{
		where: cursor{page: 1, line: 1},
		card:  tally{framework: "PCI-DSS", rule: "payment_card", base: 7},
		ssn:   tally{framework: "HIPAA", rule: "us_ssn", base: 6},
		email: tally{framework: "GDPR", rule: "email", base: 2},
	}
	if csv {
		s.columns = &columns{}
	}
	return s
}

// write takes the next piece of the page.
func (s *scanner) write(text []byte) {
	for len(text) > 0 {
		n := min(scanPiece, len(text))
		s.buf = append(s.buf, text[:n]...)
		text = text[n:]
		s.run(len(s.buf) - lookAhead)
		s.forget(max(0, s.next-lookBehind))
	}
}

// endPage decides what is left of the page and begins the next one.
func (s *scanner) endPage() {
	s.run(len(s.buf))
	s.next = len(s.buf)
	s.forget(s.next)
	s.where.page++
	s.where.line = 1
	s.where.char++ // the form feed between two pages
}

// forget drops the first n bytes of buf.
func (s *scanner) forget(n int) {
	s.advance(n)
	s.buf = s.buf[:copy(s.buf, s.buf[n:])]
	s.next -= n
	s.taken = max(0, s.taken-n)
	s.where.index -= n
}

// run looks at the bytes before limit. A match may reach beyond it.
func (s *scanner) run(limit int) {
	for s.next < limit {
		s.next += plainBytes(s.buf[s.next:limit])
		switch {
		case s.next == limit:
		case s.buf[s.next] == '@':
			s.findEmail()
		default:
			s.findNumber()
		}
	}
}

// plainBytes is how many bytes text begins with at which nothing is looked at.
func plainBytes(text []byte) int {
	for i, b := range text {
		if b == '@' || isDigit(b) {
			return i
		}
	}
	return len(text)
}

// findNumber looks at a group of digits and passes it.
func (s *scanner) findNumber() {
	if begins(s.buf, s.next) && (s.findCard() || s.findSSN()) {
		return
	}
	for s.next < len(s.buf) && isDigit(s.buf[s.next]) {
		s.next++
	}
}

// hint is what the column's header says of the value at i, 0 without one.
func (s *scanner) hint(i int) hint {
	if s.columns == nil {
		return 0
	}
	s.advance(i)
	return s.columns.hint()
}

// take records the match buf[start:end]; start is not before taken.
func (s *scanner) take(t *tally, start, end int, confidence float64, mask string) {
	s.taken = end
	s.next = max(s.next, end)
	s.advance(start)
	first := s.where
	last := first
	last.advance(s.buf, end)
	t.add(confidence, mask, Place{Page: first.page, Line: first.line, Start: first.char, End: last.char})
}

// advance moves cursor and columns forward to index i of buf.
func (s *scanner) advance(i int) {
	if i <= s.where.index {
		return
	}
	if s.columns != nil {
		s.columns.advance(s.buf[s.where.index:i])
	}
	s.where.advance(s.buf, i)
}

// findings gives what was found, by framework and rule.
func (s *scanner) findings() []Finding {
	found := []Finding{}
	for _, t := range []*tally{&s.email, &s.ssn, &s.card} {
		if t.count > 0 {
			found = append(found, t.finding())
		}
	}
	return found
}

// cursor is a position in the text.
type cursor struct {
	index int // in the scanner's buf
	page  int
	line  int
	char  int // code points before it
}

// advance moves to index i of buf. Every byte that does not continue a code
// point counts as one, wherever the text is cut.
func (c *cursor) advance(buf []byte, i int) {
	text := buf[c.index:i]
	chars := 0
	for _, b := range text {
		if b&0xC0 != 0x80 {
			chars++
		}
	}
	c.line += bytes.Count(text, []byte{'\n'})
	c.char += chars
	c.index = i
}
