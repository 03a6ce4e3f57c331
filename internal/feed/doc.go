// Package feed knows who follows what, and has everybody told every event of a
// topic: from where they asked on, in the log's order, once, and without a gap
// that is not said.
//
//	Log.Live -> Feed.deliver -> topic.live     seq <= head: a duplicate
//	                              |            prev == head: the next one
//	                              |            else a hole -> repair: Log.Read from the head on
//	                              v
//	                            tellLocked     ring, Sink, pending subscriptions, waiting readers
//
//	Read, History, Subscribe -> resolve        where a Start stands; what comes first
//	                              v
//	                            walk           the ring as far as it reaches back, else Log.Read
//	Reader.Next                   |            pulls one after the other
//	subscription.catchUp          |            sends at the pace of Connection.AwaitRoom, then
//	                              v
//	                            join           the rest of the ring, and Connection.Join, between two events
//
// Promises:
//   - Every envelope has as Prev the Seq of the one before it that its follower
//     was told, or carries a Gap. Where one begins, Prev is the cursor's Seq; 0
//     after the beginning, a time or a snapshot; after "now", or where nothing
//     was stored yet after a time, what the log says.
//   - That nothing is missing is proven, never assumed: the log is read from the
//     event on at which the follower stands, and finding it shows that retention
//     has eaten nothing behind it. Else the log vouches for it, or it is a gap.
//   - An event whose live message is lost is read from the log when the next one
//     comes, or when the log is asked what has grown: every second, and at once
//     after doubt. A terminal state may be a second late, never lost.
//   - An event that is known to have been stored, and that the log still does not
//     give when it has been asked for some seconds, is told of as a gap.
//
// # Concurrency
//
// [Feed.Run] owns every goroutine: one that checks, at most 8 that repair, one
// for each subscription that catches up. A topic's lock is held while Sink and
// Connection are called for it, which never wait for a client, and never while
// the log is asked. Subscriber.mu comes before a topic's lock; neither Sink nor
// Connection may call back into this package.
//
// Deliver blocks for the sink alone; Subscribe and Read for the log, and not
// even that from now on a topic that is followed; Next until there is something.
//
// # Limits
//
//   - a ring: 64 events, 64 KiB of records; all together 256 MiB, each event
//     booked with its record and 1 KiB. Then the oldest of the topic that grows
//     go.
//   - 1000 subscriptions per connection: more are refused.
//   - 32 reads for replays at once, each of at most 65 events or about a MiB;
//     others wait. A replay keeps 64 KiB of a page, or one event, while its client
//     takes its time; one of a connection's replays sends or reads at a time.
//   - 8 topics repaired at once; others wait.
//   - History: 1000 envelopes, about 4 MiB.
//   - a topic is followed for 5 s after the last who did.
package feed
