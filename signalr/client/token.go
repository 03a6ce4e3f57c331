package client

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// token is the bearer token of a connection's requests. A nil token is none.
type token struct {
	mu       sync.Mutex                                // guards the fields below
	provider func(ctx context.Context) (string, error) // nil: value is what there is
	value    string
}

// renew asks the provider for a token; false if there is nobody to ask.
func (t *token) renew(ctx context.Context) (bool, error) {
	t.mu.Lock()
	provider := t.provider
	t.mu.Unlock()
	if provider == nil {
		return false, nil
	}
	value, err := provider(ctx)
	if err != nil {
		return false, fmt.Errorf("access token: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value = value
	return true, nil
}

// replace puts a token that a redirect has brought in the provider's place
// (NEG-19).
func (t *token) replace(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.provider, t.value = nil, value
}

func (t *token) authorize(header http.Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value != "" {
		header.Set("Authorization", "Bearer "+t.value)
	}
}
