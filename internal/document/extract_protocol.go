package document

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Parent and child speak JSON lines: one request on stdin, any number of
// progress messages on stdout, then one result or one failure. Stdin stays open
// until the parent has the answer; its end tells the child that nobody waits.

// maxMessage bounds one line from the child. A result with all sixteen rules,
// each with 1,000 places, is about 1.2 MiB; a child that sends more is broken.
const maxMessage = 4 << 20

// maxRequest bounds the request: two names of 4 KiB, escaped.
const maxRequest = 64 << 10

// errNoAnswer is what a child gave that ended without result or failure.
var errNoAnswer = errors.New("no answer")

// extractRequest is what the parent asks.
type extractRequest struct {
	Path string `json:"path"`
	Name string `json:"name"`
}

// extractMessage is one line of the child; exactly one member is set.
type extractMessage struct {
	Progress *extractProgress `json:"progress,omitempty"`
	Result   *Result          `json:"result,omitempty"`
	Failure  *Failure         `json:"failure,omitempty"`
}

// extractProgress is a position in the input, in bytes or pages.
type extractProgress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// writeMessage writes v as one line by one Write.
func writeMessage(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	return nil
}

// messages reads the child's lines, each of bounded length.
type messages struct {
	lines *bufio.Scanner
}

func newMessages(r io.Reader) *messages {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4<<10), maxMessage)
	return &messages{lines: lines}
}

// next gives the next message, or errNoAnswer where the child's output ends. A
// broken line's text is not in the error: it may hold a piece of the document.
func (m *messages) next() (extractMessage, error) {
	var msg extractMessage
	if !m.lines.Scan() {
		if err := m.lines.Err(); err != nil {
			return msg, fmt.Errorf("read message: %w", err)
		}
		return msg, errNoAnswer
	}
	dec := json.NewDecoder(bytes.NewReader(m.lines.Bytes()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&msg); err != nil {
		return msg, errors.New("malformed message")
	}
	if !msg.single() {
		return msg, errors.New("message without exactly one member")
	}
	return msg, nil
}

func (m extractMessage) single() bool {
	set := 0
	for _, is := range []bool{m.Progress != nil, m.Result != nil, m.Failure != nil} {
		if is {
			set++
		}
	}
	return set == 1
}
