package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

const topicPath = "/api/topics/" + topicName + "/events"

// publishProgress stores progress events with these ids.
func publishProgress(t *testing.T, api *API, ids ...string) {
	t.Helper()
	for i, id := range ids {
		if got := post(api, structured, progressEvent(id, i)); got.status != http.StatusAccepted {
			t.Fatalf("status %d, body %s", got.status, got.body)
		}
	}
}

// page is an answer of the history.
type page struct {
	ids  []string
	next string
}

func readPage(t *testing.T, api *API, target string) page {
	t.Helper()
	got := get(api, target)
	var list struct {
		Items []json.RawMessage `json:"items"`
		Next  string            `json:"next"`
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || got.status != http.StatusOK || list.Items == nil {
		t.Fatalf("%s: status %d, body %s, %v", target, got.status, got.body, err)
	}
	p := page{next: list.Next}
	for _, raw := range list.Items {
		e, err := fanfare.DecodeEnvelope(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		p.ids = append(p.ids, e.Event.ID)
	}
	return p
}

func TestHistoryIsReadPageByPage(t *testing.T) {
	t.Parallel()
	api, _ := newHub(t, nil)
	empty := readPage(t, api, topicPath)
	if len(empty.ids) != 0 || empty.next == "" {
		t.Errorf("without events it is %+v", empty)
	}
	publishProgress(t, api, "a", "b", "c")
	for _, first := range []string{"", "&from=start", "&after=" + empty.next} {
		one := readPage(t, api, topicPath+"?limit=2"+first)
		two := readPage(t, api, topicPath+"?limit=2&after="+one.next)
		three := readPage(t, api, topicPath+"?after="+two.next)
		if ids := strings.Join(append(one.ids, two.ids...), ""); ids != "abc" || len(three.ids) != 0 || three.next != two.next {
			t.Errorf("%q: pages are %+v, %+v, %+v", first, one, two, three)
		}
	}
	now := readPage(t, api, topicPath+"?from=now")
	publishProgress(t, api, "d")
	if later := readPage(t, api, topicPath+"?after="+now.next); len(now.ids) != 0 || len(later.ids) != 1 {
		t.Errorf("now is %+v, later %+v", now, later)
	}
}

func TestHistoryGivesEnvelopes(t *testing.T) {
	t.Parallel()
	api, log := newHub(t, nil)
	publishProgress(t, api, "a", "b")
	got := get(api, topicPath+"?from=snapshot")
	e := log.events[fanfare.DocumentTopic(guid)][1]
	e.Snapshot = true
	want, err := e.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if got.body != `{"items":[`+string(want)+`],"next":"`+e.Cursor+`"}` || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("body %s, want the envelope %s", got.body, want)
	}
}

func TestHistoryAsksForWhatIsSaid(t *testing.T) {
	t.Parallel()
	api, log := newHub(t, nil)
	asked := &asking{memory: log}
	api.topics = asked
	for target, want := range map[string]string{
		topicPath:                topicName + " 1 50",
		topicPath + "?limit=500": topicName + " 1 500",
		topicPath + "?from=2026-11-23T10:00:00Z&limit=1":           topicName + " 3 1",
		"/api/topics/user:" + url.PathEscape("a/b c%") + "/events": "user:a/b c% 1 50",
		"/api/topics/presence:hub/events?from=now":                 "presence:hub 2 50",
	} {
		if got := get(api, target); got.status != http.StatusOK || asked.last != want {
			t.Errorf("%s: status %d, asked for %q, want %q", target, got.status, asked.last, want)
		}
	}
}

// asking notes what it is asked for.
type asking struct {
	*memory

	last string
}

func (a *asking) History(ctx context.Context, topic fanfare.Topic, start feed.Start, limit int) ([]fanfare.Envelope, string, error) {
	a.last = topic.String() + " " + strconv.Itoa(int(start.From)) + " " + strconv.Itoa(limit)
	return a.memory.History(ctx, topic, start, limit)
}

// streamRequest asks for a topic as an event stream.
func streamRequest(target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Accept", streamType)
	return r
}

func TestReadTopicRefuses(t *testing.T) {
	t.Parallel()
	other := fanfare.CursorBefore(fanfare.Epoch{}, 1).Encode(fanfare.ServiceTopic("ocr"))
	for _, test := range []struct {
		target string
		status int
		code   string
		says   string
	}{
		{"/api/topics/nothing/events", 400, "invalid_topic", "nothing"},
		{"/api/topics/document:x/events", 400, "invalid_topic", "x"},
		{topicPath + "?after=x", 400, "invalid_cursor", "cannot be read"},
		{topicPath + "?after=" + other, 400, "invalid_cursor", "another topic"},
		{topicPath + "?cursor=c", 400, "invalid_argument", "unknown: there are after, from and limit"},
		{topicPath + "?from=%zz", 400, "invalid_argument", "cannot be read"},
		{topicPath + "?from=yesterday", 400, "invalid_argument", "yesterday"},
		{topicPath + "?from=now&after=" + other, 400, "invalid_argument", "after and from"},
		{"/api/topics/" + topicName, 404, "not_found", ""},
		{"/api/topics/" + topicName + "/events/x", 404, "not_found", ""},
	} {
		api, log := newHub(t, nil)
		checkProblem(t, get(api, test.target), test.status, test.code, test.says)
		checkProblem(t, serve(api, streamRequest(test.target)), test.status, test.code, test.says)
		if log.readers.Load() != 0 {
			t.Errorf("%s: a reader is left open", test.target)
		}
	}
	api, _ := newHub(t, nil)
	for _, limit := range []string{"0", "501", "x"} {
		checkProblem(t, get(api, topicPath+"?limit="+limit), 400, "invalid_argument", "1 to 500")
	}
	checkProblem(t, serve(api, streamRequest(topicPath+"?limit=5")), 400, "invalid_argument", "no end")
	without, _ := newHub(t, func(o *Options) { o.Topics = nil })
	checkProblem(t, get(without, topicPath), 404, "not_found", "")
}

func TestAcceptsStream(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "text/*": false, "text/event-stream;q=0": false, "/": false,
		"text/event-stream": true, "Text/Event-Stream; q=0.5": true, "application/json, text/event-stream": true,
	} {
		if got := acceptsStream(http.Header{"Accept": {accept}}); got != want {
			t.Errorf("%q: %t", accept, got)
		}
	}
}
