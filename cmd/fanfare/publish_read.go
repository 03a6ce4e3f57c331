package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fanfare-hub/fanfare"
)

// maxLine leaves room for white space and escapes in an event, in bytes.
const maxLine = 1 << 20

// line is an event of standard input, or what is wrong with it.
type line struct {
	number int // from 1
	event  fanfare.Event
	err    error
}

// lineBatch is a run of lines, and how the input has ended, if it has.
type lineBatch struct {
	lines []line
	err   error
}

// lineReader makes batches of lines: as many as there are, at most what goes in
// one request. It waits for input only when it has nothing to give.
type lineReader struct {
	in     *bufio.Reader
	number int
}

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, maxLine)}
}

// run hands batches over until the input or ctx ends.
func (r *lineReader) run(ctx context.Context, batches chan<- lineBatch) {
	for ended := false; !ended; {
		b := r.batch()
		ended = b.err != nil
		select {
		case batches <- b:
		case <-ctx.Done():
			return
		}
	}
}

func (r *lineReader) batch() lineBatch {
	var b lineBatch
	for size := 0; b.err == nil && len(b.lines) < fanfare.MaxBatchEvents; {
		var text []byte
		text, b.err = r.line()
		tooLong := errors.Is(b.err, bufio.ErrBufferFull)
		if tooLong {
			b.err = r.skip()
			b.lines = append(b.lines, line{number: r.number, err: fmt.Errorf("it is longer than %d bytes", maxLine)})
		}
		if text = bytes.TrimSpace(text); len(text) > 0 && !tooLong {
			b.lines = append(b.lines, parseLine(r.number, text))
		}
		size += len(text)
		if len(b.lines) > 0 && (size > fanfare.MaxBatchBytes-maxLine || !r.ready()) {
			break
		}
	}
	return b
}

// line reads the next line; the last one need not end with a line feed.
func (r *lineReader) line() ([]byte, error) {
	r.number++
	return r.in.ReadSlice('\n')
}

// skip passes over the rest of a line.
func (r *lineReader) skip() error {
	for {
		if _, err := r.in.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// ready reports whether a whole line can be read without waiting.
func (r *lineReader) ready() bool {
	waiting, err := r.in.Peek(r.in.Buffered())
	return err == nil && bytes.IndexByte(waiting, '\n') >= 0
}

// parseLine takes a CloudEvent, which has a specversion, or a .NET record.
func parseLine(number int, text []byte) line {
	var form struct {
		SpecVersion json.RawMessage `json:"specversion"`
	}
	decode := fanfare.DecodeDotNet
	if json.Unmarshal(text, &form) == nil && form.SpecVersion != nil {
		decode = fanfare.DecodeCloudEvent
	}
	event, err := decode(text)
	if err == nil {
		err = event.Validate()
	}
	return line{number: number, event: event, err: err}
}
