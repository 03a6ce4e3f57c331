package feed

import (
	"context"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// Log is the durable record of events, and its live feed. Errors are
// *fanfare.Error; what is unavailable may be tried again.
//
//nolint:interfacebloat // one log, which its users all need whole
type Log interface {
	// Epoch names the log in cursors.
	Epoch() fanfare.Epoch
	// Follow has Live hand over what is stored on the topic from its return on.
	// Unfollow ends that; what is under way may still come.
	Follow(ctx context.Context, topic fanfare.Topic) error
	Unfollow(topic fanfare.Topic)
	// Live calls deliver for the events of followed topics, those of a topic in
	// order and one at a time, several topics at once. An event may be lost on
	// its way; doubt is called when one may have been. It returns nil when ctx
	// ends, and calls neither afterwards.
	Live(ctx context.Context, deliver func(fanfare.Stored), doubt func()) error
	// Grown returns the newest seq of every followed topic that may have got
	// events since the last call, as the log itself has it.
	Grown(ctx context.Context) (map[fanfare.Topic]uint64, error)
	// Snapshot returns the topic's last state events, oldest first, and up to
	// where the log was looked through for them: without one, there is no state
	// event at or before that seq. The Prev of an event may be 0.
	Snapshot(ctx context.Context, topic fanfare.Topic) (state []fanfare.Stored, mark uint64, err error)
	// Read returns the topic's events from that seq on, in order, at most limit
	// of them and about a MiB; more says whether others follow. The Prev of the
	// first is 0, that of each other one the seq before it.
	Read(ctx context.Context, topic fanfare.Topic, from uint64, limit int) (events []fanfare.Stored, more bool, err error)
	// Since returns the seq from which on events were stored at that time or
	// later: end + 1 of End if there are none.
	Since(ctx context.Context, topic fanfare.Topic, at time.Time) (uint64, error)
	// End returns the seq of the topic's last event that is still stored, 0
	// without one, and a seq that all events to come are above of.
	End(ctx context.Context, topic fanfare.Topic) (last, end uint64, err error)
	// Whole reports whether all events of the topic after seq, and all others
	// stored after it, are still there, as far as the log can prove it.
	Whole(ctx context.Context, topic fanfare.Topic, seq uint64) (bool, error)
}
