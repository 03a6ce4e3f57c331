package document

import "strings"

const (
	excerptHead = 1 << 10 // a Go crash names its cause first
	excerptTail = 3 << 10 // everything else says last what went wrong
)

// excerpt keeps the beginning and the end of what is written to it, at most
// 4 KiB, however much that is.
type excerpt struct {
	head, tail []byte
	cut        bool
}

// Write never fails.
func (e *excerpt) Write(p []byte) (int, error) {
	n := len(p)
	room := min(excerptHead-len(e.head), n)
	e.head = append(e.head, p[:room]...)
	e.tail = append(e.tail, p[room:]...)
	if over := len(e.tail) - excerptTail; over > 0 {
		e.tail = append(e.tail[:0], e.tail[over:]...)
		e.cut = true
	}
	return n, nil
}

// String gives what was kept; three dots stand for what was not.
func (e *excerpt) String() string {
	middle := ""
	if e.cut {
		middle = "\n…\n"
	}
	return strings.ToValidUTF8(string(e.head)+middle+string(e.tail), "?")
}

func (e *excerpt) contains(words string) bool { return strings.Contains(e.String(), words) }
