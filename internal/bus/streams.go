package bus

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

const (
	// maxPartitions keeps a mistyped setting from making thousands of files.
	maxPartitions = 1024

	jobStream   = "JOBS"
	jobConsumer = "workers"
	maxJobBytes = 256 << 20 // over a million jobs: they have no body

	recordBucket    = "RECORDS"
	maxRecordsBytes = 8 << 30
)

// stream is a name with the settings that this version and these options want.
type stream struct {
	name  string
	apply func(*jetstream.StreamConfig)
}

// ensure creates the stream, or brings its settings up to date and leaves what
// apply does not touch.
func (s stream) ensure(ctx context.Context, js jetstream.JetStream) error {
	existing, err := js.Stream(ctx, s.name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		cfg := jetstream.StreamConfig{Name: s.name}
		s.apply(&cfg)
		_, err = js.CreateStream(ctx, cfg)
		return s.wrap("create", err)
	}
	if err != nil {
		return s.wrap("find", err)
	}
	have := existing.CachedInfo().Config
	want := have
	s.apply(&want)
	if reflect.DeepEqual(have, want) {
		return nil
	}
	_, err = js.UpdateStream(ctx, want)
	return s.wrap("update", err)
}

func (s stream) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s stream %s: %w", verb, s.name, err)
}

// openEvents makes the streams of the event log and returns its epoch. The first one holds the
// settings that all of them depend on, so it is read or made first.
func (b *Bus) openEvents(ctx context.Context, js jetstream.JetStream) (epoch fanfare.Epoch, err error) {
	if n := b.opts.Partitions; n < 1 || n > maxPartitions {
		return epoch, fanfare.Errorf(fanfare.CodeInvalidArgument, "%d partitions: 1 to %d are allowed", n, maxPartitions)
	}
	settings, err := b.openSettings(ctx, js)
	if err != nil {
		return epoch, err
	}
	for p := range b.opts.Partitions {
		apply := b.eventSettings(p)
		if p == 0 {
			apply = both(apply, settings.apply)
		}
		if err := (stream{eventStream(p), apply}).ensure(ctx, js); err != nil {
			return epoch, err
		}
	}
	return fanfare.ParseEpoch(settings.epoch)
}

func both(first, second func(*jetstream.StreamConfig)) func(*jetstream.StreamConfig) {
	return func(cfg *jetstream.StreamConfig) {
		first(cfg)
		second(cfg)
	}
}

func (b *Bus) eventSettings(p int) func(*jetstream.StreamConfig) {
	retention := b.opts.Retention
	subjects := eventSubject(">", p)
	return func(cfg *jetstream.StreamConfig) {
		cfg.Subjects = []string{subjects}
		cfg.Storage = jetstream.FileStorage
		cfg.Retention = jetstream.LimitsPolicy
		cfg.Discard = jetstream.DiscardOld
		cfg.MaxAge = retention.MaxAge
		cfg.MaxBytes = max(retention.MaxBytes/int64(b.opts.Partitions), 1)
		cfg.MaxMsgsPerSubject = retention.MaxPerTopic
		cfg.Duplicates = min(duplicateWindow, retention.MaxAge)
		cfg.RePublish = &jetstream.RePublish{Source: subjects, Destination: republished + subjects}
		cfg.AllowDirect = true
		cfg.AllowAtomicPublish = true
	}
}

// openJobs makes the work queue and the consumer that its workers share.
func (b *Bus) openJobs(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, error) {
	queue := stream{jobStream, func(cfg *jetstream.StreamConfig) {
		cfg.Subjects = []string{jobPrefix + ">"}
		cfg.Storage = jetstream.FileStorage
		cfg.Retention = jetstream.WorkQueuePolicy
		cfg.Discard = jetstream.DiscardNew
		cfg.DiscardNewPerSubject = true
		cfg.MaxMsgsPerSubject = 1
		cfg.MaxBytes = maxJobBytes
	}}
	if err := queue.ensure(ctx, js); err != nil {
		return nil, err
	}
	return js.CreateOrUpdateConsumer(ctx, jobStream, jetstream.ConsumerConfig{
		Durable:    jobConsumer,
		AckPolicy:  jetstream.AckExplicitPolicy,
		AckWait:    b.opts.AckWait,
		MaxDeliver: -1,
		// Jobs that wait for another try count as pending: with a limit,
		// enough failing ones would keep the others from being handed out.
		MaxAckPending: -1,
	})
}

// openRecords makes the bucket with the newest value of each record.
func openRecords(ctx context.Context, js jetstream.JetStream) (jetstream.KeyValue, error) {
	kv, err := js.KeyValue(ctx, recordBucket)
	if !errors.Is(err, jetstream.ErrBucketNotFound) {
		return kv, err
	}
	return js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:       recordBucket,
		History:      1,
		Storage:      jetstream.FileStorage,
		MaxValueSize: maxRecordBytes + 4<<10, // the server counts subject and headers too
		MaxBytes:     maxRecordsBytes,
	})
}
