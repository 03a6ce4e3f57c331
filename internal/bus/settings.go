package bus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// The keys in the metadata of the first event stream.
const (
	metaEpoch      = "fanfare-epoch"
	metaPartitions = "fanfare-partitions"
	metaHash       = "fanfare-hash"
)

// settings are decided by whoever makes a store, and hold for its life: stored
// subjects and clients' cursors depend on them.
type settings struct {
	epoch      string // random, new with each store: positions of another mean nothing here
	partitions string
	hash       string
}

// openSettings reads the settings and refuses others than our own, or makes
// those of a new store.
func (b *Bus) openSettings(ctx context.Context, js jetstream.JetStream) (settings, error) {
	own := settings{epoch: newEpoch(), partitions: strconv.Itoa(b.opts.Partitions), hash: hashName}
	first, err := js.Stream(ctx, eventStream(0))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		b.log.InfoContext(ctx, "Making a new event store", slog.String("epoch", own.epoch))
		return own, nil
	}
	if err != nil {
		return settings{}, fmt.Errorf("read the store's settings: %w", err)
	}
	stored := storedSettings(first.CachedInfo().Config.Metadata)
	if err := stored.allow(own); err != nil {
		return settings{}, err
	}
	b.log.InfoContext(ctx, "Opened the event store", slog.String("epoch", stored.epoch))
	return stored, nil
}

func storedSettings(metadata map[string]string) settings {
	return settings{
		epoch:      metadata[metaEpoch],
		partitions: metadata[metaPartitions],
		hash:       metadata[metaHash],
	}
}

// allow says why a process with other settings must not use the store.
func (s settings) allow(own settings) error {
	if s.epoch == "" {
		return fanfare.Errorf(fanfare.CodeConflict, "the event store has no epoch: it was not made by Fanfare")
	}
	if s.partitions != own.partitions {
		return fanfare.Errorf(fanfare.CodeConflict,
			"the event store was made with %s partitions, not %s: they are fixed for its life", s.partitions, own.partitions)
	}
	if s.hash != own.hash {
		return fanfare.Errorf(fanfare.CodeConflict,
			"the event store was made with the hash %q, this version has %q", s.hash, own.hash)
	}
	return nil
}

// apply adds the settings to the metadata that the server keeps there.
func (s settings) apply(cfg *jetstream.StreamConfig) {
	metadata := maps.Clone(cfg.Metadata)
	if metadata == nil {
		metadata = make(map[string]string, 3)
	}
	metadata[metaEpoch] = s.epoch
	metadata[metaPartitions] = s.partitions
	metadata[metaHash] = s.hash
	cfg.Metadata = metadata
}

func newEpoch() string {
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // it never fails, by its documentation
	return hex.EncodeToString(epoch[:])
}
