// Package health watches this process: how much memory and CPU it uses of what
// it may use, and what status that makes. It tells the hub by
// HealthStatusChanged events.
//
// Promises:
//   - The figures are those of the operating system: resident memory, CPU time
//     against the cores that the process may use (its cgroup's quota, if that
//     is below GOMAXPROCS), goroutines as threads, connections as the hub
//     counts them.
//   - An event is emitted when the status changed, and otherwise every Repeat.
//     One that could not be emitted is not forgotten: the next sample tries
//     again.
//   - An error, of a sample or of the emitter, never ends the monitor. It
//     pauses and goes on; [Monitor.Current] is unknown while there is no sample.
//
// # Concurrency
//
// [Monitor.Run] works in its caller's goroutine, starts none, and returns when
// its context ends. Current may be called by many at once, and never blocks on
// a sample or the emitter.
package health
