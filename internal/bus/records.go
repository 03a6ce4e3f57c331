package bus

import (
	"context"
	"errors"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// maxRecordBytes has room for a document with findings of every rule, each with
// its thousand places.
const maxRecordBytes = 4 << 20

// Records are the newest values of the documents' records. A value is bytes to
// the bus; its revision grows with each write, over all records.
type Records struct {
	bus  *Bus
	gets chan struct{} // a slot for each record on its way from the server
}

// maxGets bounds the answers under way: the server cuts a connection for which
// more than 64 MiB wait, and the live feed with it.
const maxGets = 16

// Get returns the record's value and revision, or not_found. It waits, as long
// as ctx lets it, while many others are being read.
func (r *Records) Get(ctx context.Context, id string) (value []byte, revision uint64, err error) {
	s, err := r.bus.current()
	if err != nil {
		return nil, 0, err
	}
	select {
	case r.gets <- struct{}{}:
		defer func() { <-r.gets }()
	case <-ctx.Done():
		return nil, 0, translate("get record", ctx.Err())
	}
	entry, err := s.records.Get(ctx, recordKey(id))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, fanfare.Errorf(fanfare.CodeNotFound, "there is no document %q", id)
	}
	if err != nil {
		return nil, 0, translate("get record", err)
	}
	return entry.Value(), entry.Revision(), nil
}

// Create stores a record that does not exist yet, else conflict, and returns
// its revision. A value over 4 MiB is too_large.
func (r *Records) Create(ctx context.Context, id string, value []byte) (uint64, error) {
	s, err := r.writable(value)
	if err != nil {
		return 0, err
	}
	revision, err := s.records.Create(ctx, recordKey(id), value)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return 0, fanfare.Errorf(fanfare.CodeConflict, "document %q exists already", id)
	}
	return revision, translate("create record", err)
}

// Update replaces the record's value if its revision is still the given one,
// else conflict (a record that does not exist has revision 0), and returns the
// new revision. A value over 4 MiB is too_large.
func (r *Records) Update(ctx context.Context, id string, value []byte, revision uint64) (uint64, error) {
	s, err := r.writable(value)
	if err != nil {
		return 0, err
	}
	next, err := s.records.Update(ctx, recordKey(id), value, revision)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return 0, fanfare.Errorf(fanfare.CodeConflict, "document %q was changed by another: revision %d is not its last", id, revision)
	}
	return next, translate("update record", err)
}

func (r *Records) writable(value []byte) (*session, error) {
	if len(value) > maxRecordBytes {
		return nil, fanfare.Errorf(fanfare.CodeTooLarge, "the record takes %d bytes, %d are allowed", len(value), maxRecordBytes)
	}
	return r.bus.current()
}

// Watch calls seen for every record, then ready once, then seen for every
// change; all from this goroutine. A record that changes often may be seen with
// its newest value only. Watch returns nil when ctx ends, and unavailable when
// the bus has stopped.
func (r *Records) Watch(ctx context.Context, seen func(id string, value []byte, revision uint64), ready func()) error {
	s, err := r.bus.current()
	if err != nil {
		return err
	}
	// NATS waits for the end of the context in a goroutine of its own, even when
	// the watch has ended before.
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	watch, err := s.records.Watch(watching, recordPrefix+"*", jetstream.IgnoreDeletes())
	if err != nil {
		return translate("watch records", err)
	}
	defer endWatch(watch)
	for {
		select {
		case <-ctx.Done():
			return nil
		case entry, ok := <-watch.Updates():
			if !ok {
				return ended(ctx)
			}
			r.seen(ctx, entry, seen, ready)
		}
	}
}

// ended explains a closed watch: ctx closes it too.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return unavailable("watch records", errNotRunning)
	}
	return nil
}

func (r *Records) seen(ctx context.Context, entry jetstream.KeyValueEntry, seen func(string, []byte, uint64), ready func()) {
	if entry == nil { // NATS's mark that the existing keys are through
		ready()
		return
	}
	id, err := parseRecordKey(entry.Key())
	if err != nil {
		r.bus.undecodable.Add(1)
		r.bus.log.ErrorContext(ctx, "A record's key cannot be read", slog.Any("error", err))
		return
	}
	seen(id, entry.Value(), entry.Revision())
}

// endWatch takes what is under way until the watch has closed its channel: its
// goroutine would wait at the full one for ever.
func endWatch(watch jetstream.KeyWatcher) {
	_ = watch.Stop() // an error says that it has ended already
	for range watch.Updates() {
		continue
	}
}
