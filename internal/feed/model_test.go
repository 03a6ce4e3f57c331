package feed_test

import (
	"context"
	"flag"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

var (
	modelRuns = flag.Int("model.runs", 150, "how many random runs the model test makes")
	modelSeed = flag.Uint64("model.seed", 1, "the first run's seed")
)

// model is one random run: publishers, clients in all forms, and a log in which
// everything goes wrong, for some seconds of the bubble's time; then the faults
// end, and everybody must have got to the end of what they follow.
type model struct {
	*dice
	t      *testing.T
	log    *memLog
	feed   *feed.Feed
	hub    *fakeHub
	topics []fanfare.Topic

	mu   sync.Mutex
	seen tally
}

// tally counts what a run has exercised, so that a test that exercises nothing
// is noticed.
type tally struct {
	events, envelopes, gaps, covered, overflows, resumed, refused, snapshots int
}

func (m *model) count(change func(*tally)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.seen)
}

// TestNothingIsMissed compares random runs with an oracle: per topic the chain
// of prev is unbroken, each event comes once, in order, covered, or behind a
// gap, and the last one comes.
func TestNothingIsMissed(t *testing.T) {
	t.Parallel()
	runs := *modelRuns
	if testing.Short() {
		runs = min(runs, 30)
	}
	var total tally
	for i := range runs {
		seed := *modelSeed + uint64(i)
		synctest.Test(t, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("this was -model.seed=%d", seed)
				}
			}()
			total.add(runModel(t, seed))
		})
	}
	t.Logf("%+v", total)
	for name, n := range map[string]int{
		"gaps": total.gaps, "covered": total.covered, "overflows": total.overflows,
		"resumed": total.resumed, "refused": total.refused, "snapshots": total.snapshots,
	} {
		if n == 0 {
			t.Errorf("the runs had no %s", name)
		}
	}
}

func (t *tally) add(o tally) {
	t.events += o.events
	t.envelopes += o.envelopes
	t.gaps += o.gaps
	t.covered += o.covered
	t.overflows += o.overflows
	t.resumed += o.resumed
	t.refused += o.refused
	t.snapshots += o.snapshots
}

func runModel(t *testing.T, seed uint64) tally {
	t.Helper()
	m := &model{dice: newDice(seed), t: t, hub: &fakeHub{}}
	m.log = newMemLog(m.dice)
	m.topics = []fanfare.Topic{document, service, user, fanfare.PresenceTopic("worker")}[:1+m.in(4)]
	f, stop := start(t, feed.Options{
		Log: m.log, Sink: m.hub,
		RingEvents: 1 + m.in(20), RingBytes: 20 + m.in(500), NodeBytes: 1 + m.in(64<<10),
	})
	m.feed = f
	m.log.with(func() {
		m.log.faults = faults{
			loseLive: m.in(3) * m.in(30), repeatLive: m.in(20), fail: m.in(2) * m.in(30),
			slow: time.Duration(m.in(8)) * time.Millisecond, maxPerTopic: m.in(2) * m.in(30),
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(2+m.in(4))*time.Second)
	defer cancel()
	var clients, others sync.WaitGroup
	for range 1 + m.in(3) {
		others.Go(func() { m.publish(ctx) })
	}
	others.Go(func() { m.keep(ctx) })
	finish, done := context.WithCancel(t.Context())
	for range 1 + m.in(5) {
		clients.Go(func() { m.pushed(ctx, finish) })
	}
	for range m.in(3) {
		clients.Go(func() { m.pulled(ctx, finish) })
	}
	others.Wait()
	for _, topic := range m.topics { // the last one's live message is lost
		m.log.with(func() { m.log.faults = faults{loseLive: 100, maxPerTopic: m.log.faults.maxPerTopic} })
		m.log.append(topic, completed("last of "+topic.String()))
	}
	m.log.with(func() { m.log.faults = faults{maxPerTopic: m.log.faults.maxPerTopic} })
	wait(t.Context(), time.Minute)
	done()
	clients.Wait()
	stop()
	if m.hub.twice > 0 {
		t.Error("a connection joined twice")
	}
	return m.seen
}

// publish stores events, some in bursts.
func (m *model) publish(ctx context.Context) {
	for ctx.Err() == nil {
		for range 1 + m.in(1+m.in(60)) {
			topic := m.topics[m.in(len(m.topics))]
			m.count(func(t *tally) { t.events++ })
			id := strconv.Itoa(m.in(1 << 30))
			switch {
			case topic.Kind == fanfare.KindDocument && m.hits(90):
				m.log.append(topic, progress(id))
			case topic.Kind == fanfare.KindDocument:
				m.log.append(topic, completed(id))
			case m.hits(5):
				m.log.append(topic, health(id))
			case m.hits(5):
				m.log.append(topic, scaled(id))
			default:
				m.log.append(topic, alert(id))
			}
		}
		m.pause(ctx, 100*time.Millisecond)
	}
}

// keep is retention and the keeper of states.
func (m *model) keep(ctx context.Context) {
	greedy := m.hits(50)
	for ctx.Err() == nil {
		m.pause(ctx, 300*time.Millisecond)
		var seq uint64
		m.log.with(func() { seq = m.log.seq })
		m.log.keepState(seq - min(seq, uint64(m.in(30))))
		switch {
		case greedy && m.hits(30):
			m.log.eat(seq + 2 - min(seq, uint64(m.in(40))))
		case m.hits(10):
			m.log.doubt()
		}
	}
}

// start is a random beginning for a client.
func (m *model) start(c *checker) (begin feed.Start) {
	switch from := m.in(6); {
	case from == 0:
		begin.From = feed.FromNow
	case from == 1 || from >= 4 && c.cursor == "":
		begin.From = feed.FromBeginning
	case from >= 4:
		var err error
		if begin, err = feed.ParseStart(c.topic, c.cursor, "", feed.FromNow); err != nil {
			m.t.Error(err)
		}
	}
	c.subscribing(begin.From)
	return begin
}

// subscription is one of a client's.
type modelSubscription struct {
	checker
	form      feed.Form
	following bool
}

// pushed is a connection that subscribes, leaves, comes back, and is slow.
func (m *model) pushed(ctx, finish context.Context) {
	conn := m.hub.conn(16 + m.in(30))
	s := m.feed.Subscriber(conn)
	var running sync.WaitGroup
	defer running.Wait()
	overflows := make(chan func(), 1<<16)
	conn.overflowed = func(topic fanfare.Topic, after uint64, stands func() bool) { //nolint:contextcheck // it outlives the run's
		overflows <- func() { s.Overflowed(topic, after, stands) }
	}
	running.Go(func() {
		for tell := range overflows {
			m.pause(finish, 10*time.Millisecond)
			tell()
		}
	})
	subs := map[fanfare.Topic]*modelSubscription{}
	for _, topic := range m.topics {
		subs[topic] = &modelSubscription{checker: checker{log: m.log, topic: topic}}
	}
	var mu sync.Mutex // of the client: what it has received, and its subscriptions
	running.Go(func() { m.receive(finish, conn, &mu, subs) })
	for ctx.Err() == nil {
		m.change(ctx, s, conn, &mu, subs[m.topics[m.in(len(m.topics))]])
		m.pause(ctx, 500*time.Millisecond)
	}
	<-finish.Done()
	for _, sub := range subs {
		mu.Lock()
		if err := sub.atEnd(); sub.following && err != nil {
			m.t.Errorf("%s, form %d: %v", sub.topic, sub.form, err)
		}
		mu.Unlock()
	}
	s.Close()
	conn.mu.Lock()
	conn.ended = true
	m.count(func(t *tally) { t.overflows += conn.overflows })
	conn.mu.Unlock()
	close(overflows)
}

// receive is the client's handler.
func (m *model) receive(finish context.Context, conn *fakeConn, mu *sync.Mutex, subs map[fanfare.Topic]*modelSubscription) {
	for {
		slow := time.Duration(0)
		if m.hits(10) {
			slow = 200 * time.Millisecond
		}
		mu.Lock()
		conn.mu.Lock()
		if len(conn.queue) > 0 {
			e := conn.queue[0]
			conn.queue = conn.queue[1:]
			conn.changeLocked()
			if sub := subs[e.Topic]; sub.following {
				sub.take(e)
				m.received(e)
			}
		}
		empty, changed := len(conn.queue) == 0, conn.changed
		conn.mu.Unlock()
		mu.Unlock()
		m.pause(finish, slow)
		if !empty {
			continue
		}
		select {
		case <-changed:
		case <-finish.Done():
			return
		}
	}
}

func (m *model) received(e fanfare.Envelope) {
	m.count(func(t *tally) {
		t.envelopes++
		t.covered += e.Covers
		if e.Gap != nil {
			t.gaps++
		}
		if e.Snapshot {
			t.snapshots++
		}
	})
}

// change subscribes to a topic, or leaves it first.
func (m *model) change(ctx context.Context, s *feed.Subscriber, conn *fakeConn, mu *sync.Mutex, sub *modelSubscription) {
	if sub.following && m.hits(30) {
		return
	}
	if sub.following {
		if err := s.Unsubscribe(sub.topic, sub.form); err != nil {
			m.t.Error(err)
		}
		mu.Lock()
		conn.purge(sub.topic)
		sub.following = false
		mu.Unlock()
		m.pause(ctx, 300*time.Millisecond)
	}
	mu.Lock()
	begin, form := m.start(&sub.checker), feed.Form(m.in(2))
	sub.form, sub.checker.form = form, formRule(form == feed.Callbacks)
	sub.following = true
	mu.Unlock()
	receipt, err := s.Subscribe(ctx, sub.topic, form, begin)
	mu.Lock()
	defer mu.Unlock()
	sub.subscribed()
	switch {
	case err != nil:
		m.count(func(t *tally) { t.refused++ })
		sub.following = false
		conn.purge(sub.topic)
	case receipt.Resumed:
		m.count(func(t *tally) { t.resumed++ })
	}
}

// pulled is a client that reads at its own pace.
func (m *model) pulled(ctx, finish context.Context) {
	c := &checker{log: m.log, topic: m.topics[m.in(len(m.topics))]}
	for finish.Err() == nil {
		r, err := m.feed.Read(finish, c.topic, m.start(c))
		if err != nil {
			m.count(func(t *tally) { t.refused++ })
			m.pause(finish, 100*time.Millisecond)
			continue
		}
		c.subscribed()
		if last := ctx.Err() != nil; m.read(ctx, finish, r, c) || last {
			if err := c.atEnd(); err != nil {
				m.t.Errorf("reader of %s: %v", c.topic, err)
			}
			r.Close()
			return
		}
		r.Close()
	}
}

// read reads until the client has had enough; true at the end of the run.
func (m *model) read(ctx, finish context.Context, r *feed.Reader, c *checker) (end bool) {
	for range 1 + m.in(300) {
		e, err := r.Next(finish)
		switch {
		case finish.Err() != nil:
			return true
		case err != nil:
			m.pause(finish, 10*time.Millisecond)
			continue
		}
		c.take(e)
		m.received(e)
		m.pause(finish, time.Duration(m.in(2)*m.in(10))*time.Millisecond)
	}
	if ctx.Err() == nil {
		return false
	}
	for { // the last subscription goes on to the end
		e, err := r.Next(finish)
		if finish.Err() != nil {
			return true
		}
		if err == nil {
			c.take(e)
		}
	}
}
