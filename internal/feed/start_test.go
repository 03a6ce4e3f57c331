package feed_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	document = fanfare.DocumentTopic("0f8fad5b-d9cb-469f-a165-70867728950e")
	service  = fanfare.ServiceTopic("worker")
	user     = fanfare.UserTopic("anna")
	other    = fanfare.UserTopic("otto")
)

func progress(id string) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.ProcessingProgress, Payload: fanfare.DocumentPayload{Status: fanfare.StatusProcessing}}
}

func completed(id string) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.ProcessingCompleted, Payload: fanfare.DocumentPayload{Status: fanfare.StatusCompleted}}
}

func alert(id string) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{}}
}

func health(id string) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.HealthStatusChanged, Payload: fanfare.HealthPayload{}}
}

func scaled(id string) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.ServiceScaled, Payload: fanfare.ScaledPayload{}}
}

// eventOf is any event that this topic may have.
func eventOf(topic fanfare.Topic, id string) fanfare.Event {
	if topic.Kind == fanfare.KindDocument {
		return progress(id)
	}
	return alert(id)
}

// describe writes an envelope as prev>seq and what is special about it.
func describe(e fanfare.Envelope) string {
	s := fmt.Sprintf("%d>%d", e.Prev, e.Seq)
	if e.GapOnly() {
		s += " empty"
	}
	if e.Snapshot {
		s += " snapshot"
	}
	if e.Gap != nil {
		s += fmt.Sprintf(" gap:%d", e.Gap.After)
	}
	return s
}

func describeAll(told []fanfare.Envelope) string {
	lines := make([]string, 0, len(told))
	for _, e := range told {
		lines = append(lines, describe(e))
	}
	return strings.Join(lines, ", ")
}

// startCase is a log of these events, by seq from 1 on, and where a start in it
// leads.
type startCase struct {
	name    string
	topic   fanfare.Topic
	events  string // d, a, h, s: on the topic; -: on another one
	mark    uint64 // what STATE knows; everything if 0
	eaten   uint64 // the log has lost everything below
	from    feed.From
	after   time.Duration // for FromTime: event n is stored at n seconds
	cursor  uint64        // for FromCursor: at the event with this seq
	before  bool          // it stands before any event
	foreign bool          // it is of another log
	forged  bool          // it names another event
	want    string        // what is told at once
	then    string        // what is told of the next event of the topic
	resumed bool
}

var startCases = []startCase{
	{name: "document, snapshot", topic: document, events: "d-dd-", want: "0>4 snapshot", then: "4>6"},
	{name: "document, snapshot, newer events", topic: document, events: "d-dd-", mark: 3, want: "0>4 snapshot", then: "4>6"},
	{name: "document, snapshot outlives the log", topic: document, events: "d-dd-", eaten: 6, want: "0>4 snapshot", then: "4>6"},
	{name: "document, snapshot of nothing", topic: document, events: "--", want: "", then: "0>3"},
	{name: "document, no state noted yet", topic: document, events: "--dd", mark: 2, want: "0>4 snapshot", then: "4>5"},
	{name: "service, snapshot", topic: service, events: "hahsa-", want: "0>3 snapshot, 3>4 snapshot, 4>5", then: "5>7"},
	{name: "service, newer state than noted", topic: service, events: "hshaa", mark: 2, want: "0>2 snapshot, 2>3 snapshot, 3>4, 4>5", then: "5>6"},
	{name: "service, snapshot, one state", topic: service, events: "-ahaa", want: "0>3 snapshot, 3>4, 4>5", then: "5>6"},
	{name: "service, no state, all after the mark", topic: service, events: "aa-aa", mark: 2, want: "0>4, 4>5", then: "5>6"},
	{name: "service, events after the snapshot are eaten", topic: service, events: "haaaa", eaten: 4, want: "0>1 snapshot, 1>4 gap:1, 4>5", then: "5>6"},
	{name: "user, snapshot is now", topic: user, events: "aa-", want: "", then: "2>4"},

	{name: "start", topic: user, events: "a-aa", from: feed.FromBeginning, want: "0>1, 1>3, 3>4", then: "4>5"},
	{name: "start, some eaten", topic: user, events: "a-aa", eaten: 2, from: feed.FromBeginning, want: "0>3, 3>4", then: "4>5"},
	{name: "start of nothing", topic: user, events: "--", from: feed.FromBeginning, want: "", then: "0>3"},
	{name: "now", topic: document, events: "dd-", from: feed.FromNow, want: "", then: "2>4"},
	{name: "now, nothing yet", topic: document, events: "-", from: feed.FromNow, want: "", then: "0>2"},
	{name: "time", topic: user, events: "aaaa", from: feed.FromTime, after: 2500 * time.Millisecond, want: "0>3, 3>4", then: "4>5"},
	{name: "time exactly", topic: user, events: "aaaa", from: feed.FromTime, after: 3 * time.Second, want: "0>3, 3>4", then: "4>5"},
	{name: "time to come", topic: user, events: "aa--", from: feed.FromTime, after: time.Hour, want: "", then: "0>5"},

	{name: "cursor at an event", topic: user, events: "aa-aa", from: feed.FromCursor, cursor: 2, want: "2>4, 4>5", then: "5>6", resumed: true},
	{name: "cursor at the last event", topic: user, events: "aa-", from: feed.FromCursor, cursor: 2, want: "", then: "2>4", resumed: true},
	{name: "cursor at an event, older ones eaten", topic: user, events: "aaaa", eaten: 2, from: feed.FromCursor, cursor: 2, want: "2>3, 3>4", then: "4>5", resumed: true},
	{name: "cursor at an eaten event", topic: user, events: "aaaa", eaten: 3, from: feed.FromCursor, cursor: 2, want: "2>2 empty gap:2, 2>3, 3>4", then: "4>5"},
	{name: "cursor at an eaten event, more eaten", topic: user, events: "aaa-a", eaten: 4, from: feed.FromCursor, cursor: 2, want: "2>4 empty gap:2, 4>5", then: "5>6"},
	{name: "cursor, everything eaten", topic: user, events: "aaa-", eaten: 5, from: feed.FromCursor, cursor: 2, want: "2>4 empty gap:2", then: "4>5"},
	{name: "cursor, forged", topic: user, events: "aaaa", from: feed.FromCursor, cursor: 2, forged: true, want: "2>2 empty gap:2, 2>3, 3>4", then: "4>5"},
	{name: "cursor of the future", topic: user, events: "aa-", from: feed.FromCursor, cursor: 9, want: "0>3 empty gap:0", then: "3>4"},
	{name: "cursor before the future", topic: user, events: "aa-", from: feed.FromCursor, cursor: 9, before: true, want: "0>3 empty gap:0", then: "3>4"},
	{name: "cursor of another log", topic: user, events: "aaaa", from: feed.FromCursor, cursor: 2, foreign: true, want: "0>4 empty gap:0", then: "4>5"},
	{name: "cursor before any", topic: user, events: "--aa", from: feed.FromCursor, cursor: 2, before: true, want: "2>3, 3>4", then: "4>5", resumed: true},
	{name: "cursor before any, none yet", topic: user, events: "--", from: feed.FromCursor, cursor: 2, before: true, want: "", then: "2>3", resumed: true},
	{name: "cursor before an unrelated one", topic: user, events: "a--a", from: feed.FromCursor, cursor: 2, before: true, want: "2>4", then: "4>5", resumed: true},
	{name: "cursor before all, others eaten up to it", topic: user, events: "--aa", eaten: 3, from: feed.FromCursor, cursor: 2, before: true, want: "2>3, 3>4", then: "4>5", resumed: true},
	{name: "cursor before all, eaten behind it", topic: user, events: "--aa", eaten: 4, from: feed.FromCursor, cursor: 2, before: true, want: "2>3 empty gap:2, 3>4", then: "4>5"},
	{name: "cursor before the beginning", topic: user, events: "-a", from: feed.FromCursor, before: true, want: "0>2", then: "2>3", resumed: true},

	{name: "document, eaten cursor", topic: document, events: "dddd-", eaten: 4, from: feed.FromCursor, cursor: 2, want: "2>4 snapshot gap:2", then: "4>6"},
	{name: "document, cursor at its last event, eaten", topic: document, events: "dd--", eaten: 4, from: feed.FromCursor, cursor: 2, want: "", then: "2>5", resumed: true},
	{name: "document, cursor of another log", topic: document, events: "dddd", from: feed.FromCursor, cursor: 2, foreign: true, want: "0>4 snapshot gap:0", then: "4>5"},
	{name: "document, cursor of another log, no state noted yet", topic: document, events: "--d", mark: 2, from: feed.FromCursor, cursor: 2, foreign: true, want: "0>3 snapshot gap:0", then: "3>4"},
	{name: "service, eaten cursor, newer state", topic: service, events: "haahaa", eaten: 4, from: feed.FromCursor, cursor: 2, want: "2>4 snapshot gap:2, 4>5, 5>6", then: "6>7"},
	{name: "service, eaten cursor, older state", topic: service, events: "haaaa", eaten: 4, from: feed.FromCursor, cursor: 2, want: "2>3 empty gap:2, 3>4, 4>5", then: "5>6"},
}

// build makes the log, one event a second.
func (c startCase) build(t *testing.T) (*memLog, feed.Start) {
	t.Helper()
	log, begin := newMemLog(newDice(1)), time.Now()
	for i, kind := range c.events {
		wait(t.Context(), time.Second)
		topic, id := c.topic, strconv.Itoa(i+1)
		switch kind {
		case 'd':
			log.append(topic, completed(id))
		case 'a':
			log.append(topic, alert(id))
		case 'h':
			log.append(topic, health(id))
		case 's':
			log.append(topic, scaled(id))
		default:
			log.append(other, alert(id))
		}
	}
	if log.mark = c.mark; c.mark == 0 {
		log.mark = log.seq
	}
	log.eat(c.eaten)
	epoch := log.epoch
	if c.foreign {
		epoch = fanfare.Epoch{9}
	}
	id := strconv.FormatUint(c.cursor, 10)
	if c.forged {
		id = "forged"
	}
	cursor := fanfare.CursorAt(epoch, c.cursor, id)
	if c.before {
		cursor = fanfare.CursorBefore(epoch, c.cursor)
	}
	return log, feed.Start{From: c.from, At: begin.Add(c.after), Cursor: cursor}
}

func (c startCase) check(t *testing.T, receipt feed.Receipt, told []fanfare.Envelope, next string) {
	t.Helper()
	if got := describeAll(told); got != c.want {
		t.Errorf("told %q, want %q", got, c.want)
	}
	if next != c.then {
		t.Errorf("then told %q, want %q", next, c.then)
	}
	if receipt.Resumed != c.resumed || receipt.Topic != c.topic {
		t.Errorf("receipt %+v, want resumed %v", receipt, c.resumed)
	}
}

func TestReaderBeginsWhereAsked(t *testing.T) {
	t.Parallel()
	for _, c := range startCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, begin := c.build(t)
				f, stop := start(t, feed.Options{Log: log, Sink: &fakeHub{}})
				r, err := f.Read(t.Context(), c.topic, begin)
				if err != nil {
					t.Fatal(err)
				}
				told := readAll(t, r)
				log.append(c.topic, eventOf(c.topic, "next"))
				next := readAll(t, r)
				if len(next) != 1 {
					t.Fatalf("%d envelopes for one event", len(next))
				}
				c.check(t, r.Receipt(), told, describe(next[0]))
				checkRule(t, c, log, append(told, next...))
				r.Close()
				stop()
			})
		})
	}
}

// checkRule runs what was told through the client's rule.
func checkRule(t *testing.T, c startCase, log *memLog, told []fanfare.Envelope) {
	t.Helper()
	client := checker{log: log, topic: c.topic}
	if c.resumed {
		client.has, client.position = true, c.cursor
	}
	for _, e := range told {
		if !client.has {
			client.floor = e.Seq - 1 // where it begins is the table's
		}
		client.take(e)
	}
	if client.broken != nil {
		t.Error(client.broken)
	}
}

// readAll reads until there is nothing more.
func readAll(t *testing.T, r *feed.Reader) (all []fanfare.Envelope) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		e, err := r.Next(ctx)
		cancel()
		if err != nil {
			return all
		}
		all = append(all, e)
	}
}

func TestSubscriptionBeginsWhereAsked(t *testing.T) {
	t.Parallel()
	for _, c := range startCases {
		for _, form := range []feed.Form{feed.Envelopes, feed.Callbacks} {
			t.Run(fmt.Sprint(c.name, form), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					log, begin := c.build(t)
					hub := &fakeHub{}
					conn := hub.conn(100)
					f, stop := start(t, feed.Options{Log: log, Sink: hub})
					s := f.Subscriber(conn)
					receipt, err := s.Subscribe(t.Context(), c.topic, form, begin)
					if err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					told := conn.drain()
					log.append(c.topic, eventOf(c.topic, "next"))
					wait(t.Context(), time.Millisecond)
					next := conn.drain()
					if len(next) != 1 {
						t.Fatalf("%d envelopes for one event", len(next))
					}
					if form == feed.Envelopes {
						c.check(t, receipt, told, c.trueNext(describe(next[0])))
					}
					s.Close()
					stop()
				})
			})
		}
	}
}

// trueNext lets what comes by the sink have the Prev that it has for everybody,
// where the client has no position to compare it with.
func (c startCase) trueNext(next string) string {
	noPosition := c.want == "" && !c.resumed
	if _, seq, _ := strings.Cut(c.then, ">"); noPosition && strings.HasSuffix(next, ">"+seq) {
		return c.then
	}
	return next
}

func TestHistoryBeginsWhereAsked(t *testing.T) {
	t.Parallel()
	for _, c := range startCases {
		for _, limit := range []int{1, 100} {
			t.Run(fmt.Sprint(c.name, limit), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					log, begin := c.build(t)
					f, stop := start(t, feed.Options{Log: log, Sink: &fakeHub{}})
					told := pages(t, f, c.topic, begin, limit)
					want := c.want
					if limit == 1 { // what follows a page begins by its cursor
						want = strings.NewReplacer("3>4 snapshot", "3>4", "2>3 snapshot", "2>3").Replace(want)
						want = strings.ReplaceAll(want, "1>4 gap:1", "1>3 empty gap:1, 3>4")
					}
					if got := describeAll(told); got != want {
						t.Errorf("items %q, want %q", got, want)
					}
					stop()
				})
			})
		}
	}
}

// pages reads a topic's history page by page, until one is empty.
func pages(t *testing.T, f *feed.Feed, topic fanfare.Topic, begin feed.Start, limit int) (all []fanfare.Envelope) {
	t.Helper()
	for {
		items, next, err := f.History(t.Context(), topic, begin, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) > limit {
			t.Fatalf("%d items, limit %d", len(items), limit)
		}
		all = append(all, items...)
		if len(items) == 0 {
			if again := begin.Cursor.Encode(topic); begin.From == feed.FromCursor && next != again {
				t.Errorf("next is %s with nothing new, want the cursor that was given, %s", next, again)
			}
			return all
		}
		if begin, err = feed.ParseStart(topic, next, "", feed.FromNow); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReceiptStandsBeforeTheFirstEnvelope(t *testing.T) {
	t.Parallel()
	for _, c := range startCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, begin := c.build(t)
				f, stop := start(t, feed.Options{Log: log, Sink: &fakeHub{}})
				r, err := f.Read(t.Context(), c.topic, begin)
				if err != nil {
					t.Fatal(err)
				}
				next := log.append(c.topic, eventOf(c.topic, "next"))
				again, err := feed.ParseStart(c.topic, r.Receipt().Cursor, "", feed.FromNow)
				if err != nil {
					t.Fatal(err)
				}
				r2, err := f.Read(t.Context(), c.topic, again)
				if err != nil {
					t.Fatal(err)
				}
				first, second := readAll(t, r), readAll(t, r2)
				if last := second[len(second)-1]; last.Seq != next.Seq {
					t.Errorf("the last is %d, want %d", last.Seq, next.Seq)
				}
				if r2.Receipt().Resumed && first[0].Seq != second[0].Seq && !first[0].GapOnly() {
					t.Errorf("began with %s, and by the receipt with %s", describe(first[0]), describe(second[0]))
				}
				r.Close()
				r2.Close()
				stop()
			})
		})
	}
}

func TestParseStart(t *testing.T) {
	t.Parallel()
	cursor := fanfare.CursorAt(fanfare.Epoch{1}, 7, "x")
	for _, c := range []struct {
		cursor, from string
		want         feed.Start
		code         fanfare.Code
	}{
		{want: feed.Start{From: feed.FromBeginning}},
		{from: "snapshot", want: feed.Start{From: feed.FromSnapshot}},
		{from: "start", want: feed.Start{From: feed.FromBeginning}},
		{from: "now", want: feed.Start{From: feed.FromNow}},
		{from: "2026-11-23T11:00:00+01:00", want: feed.Start{From: feed.FromTime, At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}},
		{from: "yesterday", code: fanfare.CodeInvalidArgument},
		{cursor: cursor.Encode(user), want: feed.Start{From: feed.FromCursor, Cursor: cursor}},
		{cursor: cursor.Encode(other), code: fanfare.CodeInvalidCursor},
		{cursor: "?", code: fanfare.CodeInvalidCursor},
		{cursor: cursor.Encode(user), from: "now", code: fanfare.CodeInvalidArgument},
	} {
		got, err := feed.ParseStart(user, c.cursor, c.from, feed.FromBeginning)
		if fanfare.CodeOf(err) != c.code || err == nil && got != c.want {
			t.Errorf("cursor %q, from %q: %+v, %v; want %+v, %q", c.cursor, c.from, got, err, c.want, c.code)
		}
	}
}

func TestASnapshotOfNothingBeginsWithoutAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemLog(newDice(1))
		log.with(func() { log.faults.maxPerTopic = 3 }) // then the log vouches for nothing
		for i := range 5 {
			log.append(service, alert(strconv.Itoa(i+1)))
		}
		log.keepState(3)
		f, stop := start(t, feed.Options{Log: log, Sink: &fakeHub{}})
		r, err := f.Read(t.Context(), service, feed.Start{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := describeAll(readAll(t, r)), "0>4, 4>5"; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
		r.Close()
		stop()
	})
}
