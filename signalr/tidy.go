package signalr

import (
	"runtime/debug"
	"time"
)

// With ServerOptions.Epoll an idle connection takes so little that most of the
// process's memory would be what its opening left behind: the collector lets
// the heap grow to twice of what lives before it looks, and nothing makes it
// look while all is quiet. So the server has it look, once, when a wave of
// connections is over.
const (
	waveSize  = 1000             // connections that are worth it
	waveCalm  = 2 * time.Second  // without a new one: the wave is over
	waveEvery = 30 * time.Second // at most so often: to look takes milliseconds of all processors
)

// wave is the connections that were opened since the memory was tidied up last.
// Its owner is the first shard.
type wave struct {
	tidied int64         // the opened connections by then
	at     time.Duration // when, on the server's clock
	opened int64         // as of the last look
	grown  time.Duration // when that had changed last
}

// over says whether it is time to tidy up, and begins a new wave then.
func (w *wave) over(opened int64, now time.Duration) bool {
	if opened != w.opened {
		w.opened, w.grown = opened, now
		return false
	}
	if opened-w.tidied < waveSize || now-w.grown < waveCalm || w.at != 0 && now-w.at < waveEvery {
		return false
	}
	w.tidied, w.at = opened, now
	return true
}

// tidy gives memory back to the system if a wave of connections is over. It is
// part of every tick.
func (s *shard) tidy(now time.Duration) {
	server := s.server
	if server.lot != nil && server.shards[0] == s && server.wave.over(server.counters.opened.Load(), now) {
		s.writers.Go(debug.FreeOSMemory)
	}
}
