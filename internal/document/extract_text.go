package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// textChunk is how much of a text is in memory at once; progress moves by it.
const textChunk = 256 << 10

// readText streams UTF-8 text. A form feed parts two pages, as printers have it.
func readText(ctx context.Context, in input, p *pass, progress progressFunc) error {
	r := newTextReader(in)
	for ended := false; !ended; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read document: %w", err)
		}
		text, err := r.next()
		ended = errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		writePages(p, text)
		if err := progress(r.read, max(in.size, r.read)); err != nil {
			return err
		}
	}
	if p.pages == 0 || p.open {
		p.endPage()
	}
	return nil
}

func writePages(p *pass, text []byte) {
	for {
		page, rest, found := bytes.Cut(text, []byte{'\f'})
		p.write(page)
		if !found {
			return
		}
		p.endPage()
		text = rest
	}
}

// textReader cuts a stream into pieces of whole code points, without the byte
// order mark.
type textReader struct {
	in     io.Reader
	buf    []byte
	whole  int   // bytes of buf that were given out
	filled int   // bytes of buf that were read; between the two is the start of a code point
	read   int64 // bytes read from in
}

func newTextReader(in io.Reader) *textReader {
	return &textReader{in: in, buf: make([]byte, textChunk)}
}

// next gives the next piece, with io.EOF beside the last one. The piece is valid
// until the next call. Anything but UTF-8 is a Failure.
func (r *textReader) next() ([]byte, error) {
	held := copy(r.buf, r.buf[r.whole:r.filled])
	n, err := io.ReadFull(r.in, r.buf[held:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read document: %w", err)
	}
	first := r.read == 0
	r.read += int64(n)
	r.filled = held + n
	r.whole = r.filled
	if err == nil {
		r.whole -= unfinished(r.buf[:r.filled])
	}
	text := r.buf[:r.whole]
	if !utf8.Valid(text) {
		return nil, unsupported("text that is not valid UTF-8")
	}
	if first {
		text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	}
	return text, err
}

// unfinished is how many bytes at the end begin a code point that goes on.
func unfinished(text []byte) int {
	for n := 1; n <= min(utf8.UTFMax, len(text)); n++ {
		tail := text[len(text)-n:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if utf8.FullRune(tail) {
			return 0
		}
		return n
	}
	return 0
}
