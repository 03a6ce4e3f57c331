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
// Order: the events of one topic lie in one stream, and [Bus.Live] delivers
// them in that stream's order, each with the sequence of the topic's event
// before it. Between topics there is no order. What one caller appends, and what
// one list holds, is stored in its order.
//
// Once: an event that is appended again within the duplicate window is stored
// once, and the receipt names the first. The window is ten minutes, or the
// retention if that is shorter; while more than a million events are stored in
// that time it is shortened, never below a minute, and counted in [Stats]. A job is handed out at least once: it
// comes again after an error, after a crash and when its worker fell silent.
//
// Blocking: the records and Publish block for one write to disk, Append for the
// one that is under way and its own: what comes meanwhile shares the next one.
// 64 MiB of events may wait for the disk; more are refused. Live
// waits for its deliver function; what arrives meanwhile is kept up to a bound,
// then dropped, counted in [Stats] and visible as a sequence that does not
// follow. A handler given to [Jobs.Work] may take as long as it likes.
//
// Errors: all that leave the package are *fanfare.Error; the NATS error stays
// within reach of errors.Is and errors.As.
//
// Not promised: that an event is on disk before Live hands it over. It is, unless
// it was written in a batch with others: the server tells of each when it has
// been written, and then syncs them all.
//
// # Concurrency
//
// All methods may be called from many goroutines, but only one Live runs at a
// time. [Bus.Start] owns the server and the connection, [Bus.Stop] ends them. A
// partition has a goroutine that writes to it while there is something to write;
// Stop waits for it.
// Live, [Records.Watch] and Work own what they start, and have ended it when
// they return; end them before Stop.
package bus
