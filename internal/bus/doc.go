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
// before it. Between topics there is no order.
//
// Once: an event that is appended again within the duplicate window is stored
// once, and the receipt names the first. A job is handed out at least once: it
// comes again after an error, after a crash and when its worker fell silent.
//
// Blocking: Append, the records and Publish block for one write to disk. Live
// waits for its deliver function; what arrives meanwhile is kept up to a bound,
// then dropped, counted in [Stats] and visible as a sequence that does not
// follow. A handler given to [Jobs.Work] may take as long as it likes.
//
// Errors: all that leave the package are *fanfare.Error; the NATS error stays
// within reach of errors.Is and errors.As.
//
// # Concurrency
//
// All methods may be called from many goroutines, but only one Live runs at a
// time. [Bus.Start] owns the server and the connection, [Bus.Stop] ends them.
// Live, [Records.Watch] and Work own what they start, and have ended it when
// they return; end them before Stop.
package bus
