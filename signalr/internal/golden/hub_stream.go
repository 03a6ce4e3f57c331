package golden

import (
	"context"
	"iter"
	"strings"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr"
)

func handleStreams(hub *signalr.Hub) {
	hub.Handle("Count", func(n int32) iter.Seq2[int32, error] { return count(n, nil) })
	hub.Handle("CountThenThrow", func(n int32) iter.Seq2[int32, error] { return count(n, errSecret) })
	hub.Handle("CountThenThrowHub", func(n int32) iter.Seq2[int32, error] {
		return count(n, signalr.HubError("for the client"))
	})
	hub.Handle("ThrowBeforeStream", func() (iter.Seq2[int32, error], error) { return nil, errSecret })
	hub.Handle("NoStream", func() iter.Seq2[int32, error] { return nil })
	cancelled := &connectionSet{}
	hub.Handle("CountForever", func(ctx context.Context, c *signalr.Caller) iter.Seq2[int32, error] {
		return func(yield func(int32, error) bool) {
			defer cancelled.add(c.ConnectionID())
			if yield(0, nil) {
				<-ctx.Done()
			}
		}
	})
	hub.Handle("WasCancelled", func(c *signalr.Caller) bool { return cancelled.has(c.ConnectionID()) })
}

// count yields the numbers below n, and then err if there is one.
func count(n int32, err error) iter.Seq2[int32, error] {
	return func(yield func(int32, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

// connectionSet is a set of connections, by id.
type connectionSet struct{ ids sync.Map }

func (s *connectionSet) add(id string) { s.ids.Store(id, true) }

func (s *connectionSet) has(id string) bool {
	_, ok := s.ids.Load(id)
	return ok
}

func handleUploads(hub *signalr.Hub) {
	hub.Handle("Sum", sum)
	hub.Handle("Concat", concat)
	hub.Handle("FirstOf", firstOf)
	hub.Handle("Double", double)
}

func sum(numbers iter.Seq2[int32, error]) (int32, error) {
	var total int32
	for n, err := range numbers {
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

func concat(prefix string, first, second iter.Seq2[string, error]) (string, error) {
	var text strings.Builder
	text.WriteString(prefix)
	for _, stream := range []iter.Seq2[string, error]{first, second} {
		for s, err := range stream {
			if err != nil {
				return "", err
			}
			text.WriteString(s)
		}
	}
	return text.String(), nil
}

func firstOf(texts iter.Seq2[string, error]) (string, error) {
	for s, err := range texts {
		return s, err
	}
	return "none", nil
}

func double(numbers iter.Seq2[int32, error]) iter.Seq2[int32, error] {
	return func(yield func(int32, error) bool) {
		for n, err := range numbers {
			if !yield(2*n, err) {
				return
			}
		}
	}
}
