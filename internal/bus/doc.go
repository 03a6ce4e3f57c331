// Package bus is all that is NATS in Fanfare: an embedded nats-server with
// JetStream, the event log on it, the live feed out of it, the document
// records and the job queue. No other package imports NATS.
//
// # Promises
//
// Durability: every stream is written under SyncAlways. What [Bus.Append],
// [Records.Create], [Records.Update] and [Jobs.Publish] acknowledged survives
// kill -9 and a power cut.
//
// Order: the events of one topic lie in one stream. [Bus.Live] delivers those
// of followed topics in that stream's order, one at a time, each with the
// sequence of the topic's event before it; [Bus.Read] gives them in that order.
// Between topics there is none.
//
// Nothing unseen: live events may be lost, and then [Bus.Grown] tells of it.
// [Bus.Snapshot] is the topic's state and up to where that is true, of one
// moment; it comes at most a second after what it tells of, the end of a
// document at most a tenth, and outlives the events.
//
// Once: an event that is appended again within the duplicate window is stored
// once, and the receipt names the first. A job is handed out at least once: it
// comes again after an error, after a crash and when its worker fell silent.
//
// Blocking: Append, the records and Publish block for one write to disk. Live
// waits for its deliver function; what arrives meanwhile is kept up to a bound,
// then dropped, counted in [Stats] and doubted. Reading has connections of its
// own, so that no replay holds up an append; four replays go on at a time. A
// handler given to [Jobs.Work] may take as long as it likes.
//
// Errors: all that leave the package are *fanfare.Error; the NATS error stays
// within reach of errors.Is and errors.As.
//
// # Concurrency
//
// All methods may be called from many goroutines, but only one Live runs at a
// time. [Bus.Start] owns the server, the connections and one keeper of the
// topics' state for each stream; [Bus.Stop] ends them.
// Live, [Records.Watch] and Work own what they start, and have ended it when
// they return; end them before Stop.
package bus
