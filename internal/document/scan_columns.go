package document

import "bytes"

// maxHeader bounds the header line of a CSV; a longer one is not a header.
const maxHeader = 8 << 10

// columns follows the records of a CSV (RFC 4180, any of four delimiters) byte
// by byte, and knows what the header says of each column.
type columns struct {
	header    []byte
	hints     []hint // nil until the header has ended
	delimiter byte

	column int
	quoted bool // within quotes
	inside bool // after the field's first byte
	closed bool // right behind a closing quote
}

// hint is what the header says of the column that was reached.
func (c *columns) hint() hint {
	if c.column < len(c.hints) {
		return c.hints[c.column]
	}
	return 0
}

// advance passes text.
func (c *columns) advance(text []byte) {
	for _, b := range text {
		if c.hints == nil {
			c.readHeader(b)
			continue
		}
		c.pass(b)
	}
}

func (c *columns) readHeader(b byte) {
	if b == '"' {
		c.quoted = !c.quoted
	}
	ended := b == '\n' && !c.quoted
	if !ended && len(c.header) < maxHeader {
		c.header = append(c.header, b)
		return
	}
	c.quoted = false
	c.hints = []hint{}
	if ended {
		c.splitHeader()
	}
	c.header = nil
}

// splitHeader takes the most frequent delimiter for the file's.
func (c *columns) splitHeader() {
	c.delimiter = ','
	for _, candidate := range []byte{';', '\t', '|'} {
		if bytes.Count(c.header, []byte{candidate}) > bytes.Count(c.header, []byte{c.delimiter}) {
			c.delimiter = candidate
		}
	}
	for name := range bytes.SplitSeq(c.header, []byte{c.delimiter}) {
		c.hints = append(c.hints, hintsIn(name))
	}
}

func (c *columns) pass(b byte) {
	closed := c.closed
	c.closed = false
	switch {
	case c.quoted:
		c.quoted = b != '"'
		c.closed = b == '"'
	case b == '"' && (!c.inside || closed):
		c.quoted, c.inside = true, true
	case b == '\n':
		c.column, c.inside = 0, false
	case b == c.delimiter:
		c.column++
		c.inside = false
	default:
		c.inside = true
	}
}
