package signalr

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// CONN-10, POST-01, POST-03: a body that finds no room waits, and the next one
// behind it; each stays in one piece.
func TestInboundIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newInbound()
		results := make(chan error, 2)
		first, second := strings.Repeat("a", inboundLimit+1), strings.Repeat("b", inboundLimit)
		go func() { results <- in.accept(t.Context(), strings.NewReader(first)) }()
		synctest.Wait()
		go func() { results <- in.accept(t.Context(), strings.NewReader(second)) }()
		synctest.Wait()
		if len(results) > 0 {
			t.Fatal("a body was accepted that has no room")
		}
		var got []byte
		for len(got) < len(first)+len(second) {
			before := len(got)
			if err := in.wait(); err != nil {
				t.Fatal(err)
			}
			got, _ = in.receive(got)
			if n := len(got) - before; n > inboundLimit {
				t.Errorf("held %d bytes", n)
			}
			synctest.Wait()
		}
		if string(got) != first+second {
			t.Error("the bodies are not one after the other")
		}
		if err := errors.Join(<-results, <-results); err != nil {
			t.Error(err)
		}
	})
}

// POST-05: the end releases all who wait, after what has come already.
func TestInboundEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newInbound()
		results := make(chan error, 3)
		body := strings.Repeat("a", inboundLimit+1)
		for range 2 {
			go func() { results <- in.accept(context.Background(), strings.NewReader(body)) }()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { results <- in.accept(ctx, strings.NewReader(body)) }()
		synctest.Wait()
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("who hung up got %v", err)
		}
		in.end(io.EOF)
		in.end(io.ErrUnexpectedEOF) // too late
		for range 2 {
			if err := <-results; !errors.Is(err, errEnded) {
				t.Errorf("got %v", err)
			}
		}
		if err := in.wait(); err != nil {
			t.Errorf("bytes are lost: %v", err)
		}
		if got, _ := in.receive(nil); len(got) != inboundLimit {
			t.Errorf("got %d bytes", len(got))
		}
		if err := in.wait(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want EOF", err)
		}
	})
}

// HS-10: a deadline ends a wait, and only as long as it is set.
func TestInboundDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := newInbound()
		in.deadline(time.Minute)
		if err := in.wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		in.deadline(0)
		waited := make(chan error, 1)
		go func() { waited <- in.wait() }()
		<-time.After(time.Hour)
		if len(waited) > 0 {
			t.Error("a deadline was left")
		}
		in.interrupt()
		if err := <-waited; err == nil {
			t.Error("the interruption is lost")
		}
	})
}

// NEG-17, POST-07: bytes before the transport are kept as long as the token is
// good, for so many connections.
func TestEarlyBytesAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAttachments(time.Minute)
		attachedBefore := a.mint.issue(claim{version: 1}, time.Now())
		a.stream(attachedBefore.text)
		a.attach(attachedBefore, LongPolling, func(token, *inbound) *connection { return &connection{} })
		early := a.mint.issue(claim{version: 1}, time.Now())
		in := a.stream(early.text).in
		for range earlyLimit {
			a.stream(a.mint.issue(claim{version: 1}, time.Now()).text)
		}
		if a.stream(a.mint.issue(claim{version: 1}, time.Now()).text).in != nil {
			t.Error("there is no bound")
		}
		a.sweep()
		if a.look(early.text).in != in {
			t.Error("forgotten too early")
		}
		<-time.After(2 * time.Minute)
		a.sweep()
		if err := in.wait(); err == nil || a.look(early.text).standing != unknown || len(a.early) > 0 {
			t.Errorf("still known; reading gives %v", err)
		}
		if got := a.look(attachedBefore.text); got.standing != attached || len(a.known) != 1 {
			t.Errorf("got %+v of %d", got, len(a.known))
		}
		a.detach(attachedBefore)
		a.detach(attachedBefore)
		a.sweep()
		if len(a.known) > 0 {
			t.Error("a token is kept for ever")
		}
	})
}
