package signalr

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// model is a backlog as one would write it down: two lists.
type model struct{ urgent, normal []modelled }

type modelled struct {
	text     string
	how      *handling
	position uint64
	covers   int
}

func modelOf(text string, how *handling) modelled {
	return modelled{text: text, how: how, position: how.position}
}

func (m *model) push(text string, how *handling) {
	if !how.urgent {
		m.normal = append(m.normal, modelOf(text, how))
		return
	}
	m.hurry(how.key)
	m.urgent = append(m.urgent, modelOf(text, how))
}

func (m *model) hurry(k key) {
	same := func(e modelled) bool { return e.how.key == k }
	for _, e := range m.normal {
		if same(e) {
			m.urgent = append(m.urgent, e)
		}
	}
	m.normal = slices.DeleteFunc(m.normal, same)
}

func (m *model) conflate(text string, how *handling) bool {
	for _, list := range [][]modelled{m.normal, m.urgent} {
		for i, e := range slices.Backward(list) {
			if e.how.key != how.key {
				continue
			}
			if !how.conflate || !e.how.conflate {
				return false
			}
			list[i] = modelled{text, how, e.position, e.covers + 1}
			if how.urgent {
				m.hurry(how.key)
			}
			return true
		}
	}
	return false
}

// drop returns the position of the oldest.
func (m *model) drop(k key) (messages int, position uint64) {
	same := func(e modelled) bool {
		if e.how.key == k {
			if messages++; messages == 1 {
				position = e.position
			}
		}
		return e.how.key == k
	}
	m.urgent, m.normal = slices.DeleteFunc(m.urgent, same), slices.DeleteFunc(m.normal, same)
	return messages, position
}

// shown is what a message is compared by.
func shown(text string, position uint64, covers int) string {
	return fmt.Sprintf("%s after %d, with %d", text, position, covers)
}

func (m *model) take() string {
	list := &m.urgent
	if len(*list) == 0 {
		list = &m.normal
	}
	if len(*list) == 0 {
		return ""
	}
	first := (*list)[0]
	*list = (*list)[1:]
	return shown(first.text, first.position, first.covers)
}

// FuzzBacklog does at random what may happen to a queue, to it and to the
// model: they must agree, and nothing may be left of an empty one.
func FuzzBacklog(f *testing.F) {
	f.Add(uint64(1), uint16(200))
	f.Add(uint64(2), uint16(2000))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		random := rand.New(rand.NewPCG(seed, 1))
		b, m := &backlog{}, &model{}
		take := func() {
			got := ""
			if e := b.first(false); e != nil {
				b.remove(e)
				got = shown(string(e.frame), e.position, e.covers)
			}
			if want := m.take(); got != want {
				t.Fatalf("took %q, want %q", got, want)
			}
		}
		for i := range int(steps) {
			k := key{toGroups, strconv.Itoa(random.IntN(4))}
			how := &handling{key: k, urgent: random.IntN(5) == 0, conflate: random.IntN(3) > 0, numbered: true, position: uint64(i)}
			if random.IntN(2) == 0 {
				how.again = &again{}
			}
			switch text := strconv.Itoa(i); random.IntN(8) {
			case 0, 1, 2:
				take()
			case 3:
				if random.IntN(4) == 0 {
					n, position := b.drop(k)
					if wanted, want := m.drop(k); n != wanted || position != want {
						t.Fatalf("dropped %d after %d, want %d after %d", n, position, wanted, want)
					}
				}
			default:
				got, want := b.conflate([]byte(text), how, math.MaxInt), m.conflate(text, how)
				if got != want {
					t.Fatalf("conflate %s: %v, want %v", text, got, want)
				}
				if !got {
					b.push([]byte(text), how)
					m.push(text, how)
				}
			}
		}
		for !b.empty() {
			take()
		}
		if take(); b.bytes != 0 || b.newest != nil {
			t.Errorf("an empty backlog holds %d bytes, %d keys", b.bytes, len(b.newest))
		}
	})
}

// What stateful reconnect does not count never waits for an Ack.
func TestBacklogBlocked(t *testing.T) {
	t.Parallel()
	b := &backlog{}
	b.push([]byte("answer"), asAnswer)
	if e := b.first(true); e != nil {
		t.Errorf("blocked, but %q goes", e.frame)
	}
	b.push([]byte("ping"), asControl)
	if e := b.first(true); e == nil || string(e.frame) != "ping" {
		t.Errorf("blocked: %v goes", e)
	}
}
