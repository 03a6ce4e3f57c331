package feed

import (
	"context"
	"errors"
	"testing"
)

// An overflow may come between the last look at whether there is one and the
// beginning of the catch-up: the subscription goes on from there all the same.
func TestAnOverflowAtTheLastMomentIsNoFailureToSubscribe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	inner, goBack := context.WithCancel(ctx)
	s := &subscription{subscriber: &Subscriber{}}
	goBack()
	if err := s.follow(ctx, inner, nil); err != nil {
		t.Errorf("follow after an overflow: %v", err)
	}
	cancel()
	if err := s.follow(ctx, inner, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("follow after the end of the call: %v", err)
	}
}
