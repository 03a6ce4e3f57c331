package bus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// shelved drives a shelf without server and clock.
type shelved struct {
	shelf
	now     time.Time
	written map[string]uint64      // by key: the newest seq that was written
	times   map[string][]time.Time // by key: when it was
	batches []time.Time
}

func newShelved() *shelved {
	s := &shelved{now: time.Unix(1e9, 0), written: make(map[string]uint64), times: make(map[string][]time.Time)}
	s.reset(0, 1)
	s.reading()
	s.caughtUp(0, true, s.now)
	return s
}

// advance writes whatever falls due until that time has passed.
func (s *shelved) advance(d time.Duration) {
	end := s.now.Add(d)
	for {
		due := s.due(s.now)
		if due.After(end) || s.now.After(end) {
			s.now = end
			return
		}
		if due.After(s.now) {
			s.now = due
		}
		drafts, mark, ok := s.take(s.now)
		if !ok {
			s.now = s.now.Add(20 * time.Millisecond) // what is due is a look at the log
			continue
		}
		s.batches = append(s.batches, s.now)
		for _, d := range drafts {
			for _, slot := range d.value {
				s.written[d.key] = max(s.written[d.key], slot.Seq)
			}
			s.times[d.key] = append(s.times[d.key], s.now)
		}
		s.wrote(mark)
	}
}

func noted(key string, seq uint64, terminal bool) note {
	return note{key: key, name: "document", slot: stateSlot{Seq: seq, Record: []byte(`{}`)}, terminal: terminal}
}

func TestATopicIsWrittenOnceASecond(t *testing.T) {
	t.Parallel()
	s := newShelved()
	const seconds, rate = 10, 100
	for seq := uint64(1); seq <= seconds*rate; seq++ {
		s.add(seq, noted("t"+strconv.Itoa(int(seq%7)), seq, false), s.now)
		s.advance(time.Second / rate)
	}
	if n := len(s.batches); n < seconds || n > seconds+1 {
		t.Errorf("%d batches in %d seconds", n, seconds)
	}
	for key, times := range s.times {
		for i := 1; i < len(times); i++ {
			if pause := times[i].Sub(times[i-1]); pause < stateEvery {
				t.Errorf("%s is written again after %s", key, pause)
			}
		}
	}
	s.advance(2 * time.Second)
	if s.mark != seconds*rate {
		t.Errorf("mark %d when all is written, want %d", s.mark, seconds*rate)
	}
}

func TestEndsAreWrittenAtOnce(t *testing.T) {
	t.Parallel()
	s := newShelved()
	s.add(1, noted("busy", 1, false), s.now)
	s.advance(10 * time.Millisecond) // the round of this second
	s.add(2, noted("busy", 2, false), s.now)
	s.add(3, noted("ends", 3, true), s.now)
	s.advance(endEvery)
	if s.written["ends"] != 3 || s.written["busy"] != 1 {
		t.Errorf("written %v, want the end and not yet what is busy", s.written)
	}
	if s.mark != 1 {
		t.Errorf("mark %d above an event that is not written", s.mark)
	}
	before := len(s.batches)
	for seq := uint64(4); seq < 504; seq++ {
		s.add(seq, noted(fmt.Sprint("e", seq), seq, true), s.now)
		s.advance(2 * time.Millisecond)
	}
	if n := len(s.batches) - before; n < 9 || n > 12 { // ten a second, and the rounds
		t.Errorf("%d batches in a second of ends", n)
	}
	s.advance(time.Second)
	if len(s.written) != 502 || s.mark != 503 {
		t.Errorf("%d topics, mark %d", len(s.written), s.mark)
	}
}

func TestTheMarkAloneIsWrittenSeldom(t *testing.T) {
	t.Parallel()
	s := newShelved()
	s.advance(time.Minute)
	before := len(s.batches)
	for seq := uint64(1); seq <= 600; seq++ { // for a minute, events without a state
		s.add(seq, note{}, s.now)
		s.advance(100 * time.Millisecond)
	}
	if n := len(s.batches) - before; n < 5 || n > 7 {
		t.Errorf("the mark is written %d times in a minute", n)
	}
}

func TestALongRoundGoesByBatches(t *testing.T) {
	t.Parallel()
	s := newShelved()
	for seq := uint64(1); seq <= 3*maxStateBatch; seq++ {
		s.add(seq, noted(fmt.Sprint("t", seq), seq, false), s.now)
	}
	var sizes []int
	for {
		drafts, mark, ok := s.take(s.now)
		if !ok {
			break
		}
		sizes = append(sizes, len(drafts))
		s.wrote(mark)
		if want := uint64(len(sizes) * maxStateBatch); mark != want {
			t.Errorf("mark %d after %d batches, want %d", mark, len(sizes), want)
		}
		if len(sizes) < 3 && s.due(s.now).After(s.now) {
			t.Error("the rest of the round is not due")
		}
	}
	if !slices.Equal(sizes, []int{maxStateBatch, maxStateBatch, maxStateBatch}) {
		t.Errorf("batches of %v", sizes)
	}
}

func TestAFullShelfReadsTheRestFromTheLog(t *testing.T) {
	t.Parallel()
	s := newShelved()
	const stored = maxDrafts + 100
	for seq := uint64(1); seq <= stored; seq++ {
		s.add(seq, noted(fmt.Sprint("t", seq), seq, false), s.now)
	}
	if len(s.drafts) != maxDrafts || s.mustRead(s.now) {
		t.Errorf("%d drafts, reads: %t; want %d, and none read while it is full", len(s.drafts), s.mustRead(s.now), maxDrafts)
	}
	s.advance(time.Millisecond * 100)
	if !s.mustRead(s.now) {
		t.Fatal("with room again it does not read")
	}
	from, newest := s.reading()
	if from != maxDrafts+1 || newest != stored {
		t.Errorf("reads from %d to %d", from, newest)
	}
	for seq := from; seq <= newest; seq++ {
		s.read(seq, noted(fmt.Sprint("t", seq), seq, false))
	}
	s.caughtUp(newest, true, s.now)
	s.advance(2 * time.Second)
	if len(s.written) != stored || s.mark != stored || s.bytes != 0 {
		t.Errorf("%d topics, mark %d, %d bytes", len(s.written), s.mark, s.bytes)
	}
}

// TestShelfAgainstTheLog has events told in random order, some never, while
// time passes and the log is read as asked. No mark ever stands at or above a
// state that is not written.
func TestShelfAgainstTheLog(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newShelved()
		var log []note // by seq - 1
		told := 0
		check := func() {
			last := make(map[string]uint64)
			for _, n := range log[:s.mark] {
				last[n.key] = n.slot.Seq
			}
			for key, seq := range last {
				if s.written[key] < seq {
					t.Fatalf("seed %d: mark %d, but of %s seq %d is written, not %d", seed, s.mark, key, s.written[key], seq)
				}
			}
		}
		for range 300 {
			for range random.IntN(4) {
				seq := uint64(len(log) + 1)
				log = append(log, noted("t"+strconv.Itoa(random.IntN(9)), seq, random.IntN(10) == 0))
			}
			for order := random.Perm(len(log) - told); len(order) > 0; order = order[1:] {
				if n := log[told+order[0]]; random.IntN(20) > 0 {
					s.add(n.slot.Seq, n, s.now)
				}
			}
			told = len(log)
			if s.mustRead(s.now) {
				from, newest := s.reading()
				end := min(int(from)-1+random.IntN(5), len(log))
				for _, n := range log[min(int(from)-1, end):end] {
					s.read(n.slot.Seq, n)
				}
				s.caughtUp(max(newest, uint64(end)), end == len(log), s.now)
			}
			s.advance(time.Duration(random.IntN(300)) * time.Millisecond)
			check()
		}
		from, _ := s.reading() // the look of every ten seconds
		for _, n := range log[from-1:] {
			s.read(n.slot.Seq, n)
		}
		s.caughtUp(uint64(len(log)), true, s.now)
		s.advance(time.Minute)
		check()
		if s.mark != uint64(len(log)) || s.bytes != 0 || len(s.early) != 0 || s.ends != 0 {
			t.Fatalf("seed %d: mark %d of %d, %d bytes, %d early, %d ends", seed, s.mark, len(log), s.bytes, len(s.early), s.ends)
		}
	}
}
