package signalr

import "sync/atomic"

// Stats are counts since the server was made, but for Open.
type Stats struct {
	Open       int64 // connections there are now
	Opened     int64 // connections that were opened
	Closed     int64 // connections that have ended
	Refused    int64 // requests answered with a 4xx or 5xx status
	Overflowed int64 // connections cut because their queue was full
	Stuck      int64 // connections cut because they took nothing for the send timeout
	Dropped    int64 // messages to a connection that was ending
	Passed     int64 // messages passed over because of Target.OnlyNewer
	Conflated  int64 // messages that waited and whose place a newer one has taken
	Skipped    int64 // messages that a client was too slow for and can get from elsewhere
	Capped     int64 // what a bound of HubOptions has refused: calls, questions, messages
	Full       int64 // requests refused because there were MaximumConnections
	Early      int64 // POST requests refused because too many came before their transport
}

// counters are the running sums behind Stats.
type counters struct {
	opened, closed, refused, overflowed, stuck, dropped, passed, conflated, skipped, capped, full, early atomic.Int64
}

// Stats reads the counters.
func (s *Server) Stats() Stats {
	closed, opened := s.counters.closed.Load(), s.counters.opened.Load() // in this order: Open is never negative
	return Stats{
		Open:       opened - closed,
		Opened:     opened,
		Closed:     closed,
		Refused:    s.counters.refused.Load(),
		Overflowed: s.counters.overflowed.Load(),
		Stuck:      s.counters.stuck.Load(),
		Dropped:    s.counters.dropped.Load(),
		Passed:     s.counters.passed.Load(),
		Conflated:  s.counters.conflated.Load(),
		Skipped:    s.counters.skipped.Load(),
		Capped:     s.counters.capped.Load(),
		Full:       s.counters.full.Load(),
		Early:      s.counters.early.Load(),
	}
}

// Connections is the number of open connections of all hubs.
func (s *Server) Connections() int { return int(s.Stats().Open) }
