package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
)

const (
	guid      = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
	topicName = "document:" + guid

	structured = "application/cloudevents+json"
	batched    = "application/cloudevents-batch+json"
)

// progressEvent is a structured event with this id, which may be "".
func progressEvent(id string, percentage int) string {
	given := ""
	if id != "" {
		given = `"id":"` + id + `",`
	}
	return fmt.Sprintf(`{"specversion":"1.0",%s"type":"io.fanfare.ProcessingProgress","source":"/services/ocr","data":%s}`, given, progressData(percentage))
}

func progressData(percentage int) string {
	return fmt.Sprintf(`{"document_id":"%s","status":"processing","percentage":%d,"service_instance":"host-1"}`, guid, percentage)
}

func completedEvent(id string) string {
	return `{"specversion":"1.0","id":"` + id + `","type":"ProcessingCompleted","source":"/services/ocr","data":` +
		`{"document_id":"` + guid + `","status":"completed","percentage":100,"service_instance":"host-1"}}`
}

// post sends a body of this type, and further headers in pairs.
func post(handler http.Handler, media, body string, headers ...string) reply {
	request := httptest.NewRequest(http.MethodPost, "/api/events", strings.NewReader(body))
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return serve(handler, request)
}

func TestPublishTakesFourForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, media, body string
		headers           []string
	}{
		{"structured", structured, progressEvent("e1", 40), nil},
		{"structured, with charset", structured + "; charset=utf-8", progressEvent("e1", 40), nil},
		{"binary", "application/json", progressData(40), []string{"ce-specversion", "1.0", "ce-id", "e%31", "ce-type", "io.fanfare.ProcessingProgress", "ce-source", "/services/ocr"}},
		{"binary, without type", "", progressData(40), []string{"ce-specversion", "1.0", "ce-id", "e1", "ce-type", "ProcessingProgress", "ce-source", "ocr"}},
		{"record of .NET", "application/json", `{"Id":"e1","EventType":2,"ServiceName":"ocr","Payload":` + progressData(40) + `,"IsHighPriority":false}`, nil},
	}
	for _, test := range tests {
		api, log := newHub(t, nil)
		got := post(api, test.media, test.body, test.headers...)
		cursor := fanfare.CursorAt(fanfare.Epoch{}, 1, "e1").Encode(fanfare.DocumentTopic(guid))
		want := `{"id":"e1","topic":"` + topicName + `","seq":1,"cursor":"` + cursor + `","durability":"disk","duplicate":false}`
		if got.status != http.StatusAccepted || got.body != want || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: status %d, body %s, want %s", test.name, got.status, got.body, want)
			continue
		}
		e := log.events[fanfare.DocumentTopic(guid)][0].Event
		if p, ok := e.Payload.(fanfare.DocumentPayload); !ok || e.Type != fanfare.ProcessingProgress || e.Service != "ocr" || p.Percentage != 40 {
			t.Errorf("%s: stored is %+v", test.name, e)
		}
		again := post(api, test.media, test.body, test.headers...)
		if again.status != http.StatusAccepted || again.body != strings.Replace(want, "false", "true", 1) {
			t.Errorf("%s: a second time: status %d, body %s", test.name, again.status, again.body)
		}
	}
}

func TestPublishMakesAnID(t *testing.T) {
	t.Parallel()
	api, _ := newHub(t, nil)
	var receipt fanfare.Receipt
	if err := json.Unmarshal([]byte(post(api, structured, progressEvent("", 1)).body), &receipt); err != nil {
		t.Fatal(err)
	}
	if id, err := fanfare.ParseGUID(receipt.ID); err != nil || id[14] != '7' {
		t.Errorf("the id is %q, want a UUIDv7", receipt.ID)
	}
}

func TestPublishBatch(t *testing.T) {
	t.Parallel()
	api, log := newHub(t, nil)
	batch := "[" + progressEvent("a", 40) + "," + completedEvent("b") + "," + progressEvent("a", 40) + "]"
	for _, before := range []bool{false, true} {
		got := post(api, batched, batch)
		var receipts []fanfare.Receipt
		if err := json.Unmarshal([]byte(got.body), &receipts); err != nil || got.status != http.StatusAccepted || len(receipts) != 3 {
			t.Fatalf("status %d, body %s, %v", got.status, got.body, err)
		}
		for i, want := range []struct {
			id  string
			seq uint64
			was bool
		}{{"a", 1, before}, {"b", 2, before}, {"a", 1, true}} {
			if r := receipts[i]; r.ID != want.id || r.Seq != want.seq || r.Duplicate != want.was || r.Topic.String() != topicName {
				t.Errorf("receipt %d is %+v, want %+v", i, r, want)
			}
		}
	}
	if log.seq != 3 || len(log.events[fanfare.ServiceTopic("ocr")]) != 1 {
		t.Errorf("%d are stored, %d of them for the service", log.seq, len(log.events[fanfare.ServiceTopic("ocr")]))
	}
	if got := post(api, batched, "[]"); got.status != http.StatusAccepted || got.body != "[]" {
		t.Errorf("an empty batch: status %d, body %s", got.status, got.body)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	many := "[" + strings.Repeat(progressEvent("", 1)+",", fanfare.MaxBatchEvents) + progressEvent("", 1) + "]"
	large := strings.Replace(progressEvent("x", 1), `"percentage"`, `"message":"`+strings.Repeat("m", fanfare.MaxEventBytes)+`","percentage"`, 1)
	tests := []struct {
		name, media, body string
		header            [2]string
		status            int
		code, says        string
	}{
		{"no type", "", progressEvent("", 1), [2]string{}, 415, "unsupported_media", structured},
		{"what curl says by itself", "application/x-www-form-urlencoded", progressEvent("", 1), [2]string{}, 415, "unsupported_media", "curl"},
		{"another form of events", "application/cloudevents+avro", "", [2]string{}, 415, "unsupported_media", "avro"},
		{"a broken type", "application/;", "", [2]string{}, 415, "unsupported_media", ""},
		{"binary of another type", "text/plain", "hello", [2]string{"ce-specversion", "1.0"}, 415, "unsupported_media", "text/plain"},
		{"compressed", structured, "", [2]string{"Content-Encoding", "gzip"}, 415, "unsupported_media", "gzip"},
		{"a form", "multipart/form-data; boundary=x", "", [2]string{}, 415, "unsupported_media", "multipart"},
		{"nothing", structured, "", [2]string{}, 400, "invalid_argument", "no JSON object"},
		{"cut off", structured, progressEvent("", 1)[:40], [2]string{}, 400, "invalid_argument", "no JSON object"},
		{"a batch as one", structured, "[]", [2]string{}, 400, "invalid_argument", "JSON array"},
		{"one as a batch", batched, progressEvent("", 1), [2]string{}, 400, "invalid_argument", "JSON array"},
		{"records of .NET", "application/json", "[{}]", [2]string{}, 400, "invalid_argument", "JSON array"},
		{"half of a binary one", "application/json", progressData(1), [2]string{"ce-id", "x"}, 400, "invalid_argument", "specversion is missing"},
		{"unknown type", structured, strings.Replace(progressEvent("", 1), "Progress", "X", 1), [2]string{}, 400, "invalid_argument", "ProcessingX"},
		{"bad value", structured, progressEvent("", 101), [2]string{}, 400, "invalid_argument", "percentage is 101"},
		{"foreign topic", structured, strings.Replace(progressEvent("", 1), `"source"`, `"subject":"service:ocr","source"`, 1), [2]string{}, 400, "invalid_topic", "service:ocr"},
		{"stored too large", structured, large, [2]string{}, 413, "too_large", "204800"},
		{"sent too large", structured, strings.Repeat(" ", maxEventBody) + progressEvent("", 1), [2]string{}, 413, "too_large", "1048576"},
		{"too many", batched, many, [2]string{}, 413, "too_large", "500"},
		{"a batch sent too large", batched, strings.Repeat(" ", fanfare.MaxBatchBytes) + "[]", [2]string{}, 413, "too_large", "4194304"},
		{"a foreign page", structured, progressEvent("", 1), [2]string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden", "another origin"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			api, log := newHub(t, nil)
			got := post(api, test.media, test.body, test.header[0], test.header[1])
			checkProblem(t, got, test.status, test.code, test.says)
			if log.seq != 0 {
				t.Errorf("%d are stored", log.seq)
			}
		})
	}
}

func TestPublishBatchNamesTheBadOne(t *testing.T) {
	t.Parallel()
	large := strings.Replace(progressEvent("x", 1), `"percentage"`, `"message":"`+strings.Repeat("m", fanfare.MaxEventBytes)+`","percentage"`, 1)
	for name, test := range map[string]struct {
		bad    string
		status int
		code   string
	}{
		"unreadable": {"{}", 400, "invalid_argument"},
		"not valid":  {progressEvent("x", 101), 400, "invalid_argument"},
		"too large":  {large, 413, "too_large"},
		"topic":      {strings.Replace(progressEvent("", 1), `"source"`, `"subject":"service:ocr","source"`, 1), 400, "invalid_topic"},
	} {
		api, log := newHub(t, nil)
		got := post(api, batched, "["+progressEvent("a", 1)+","+completedEvent("b")+","+test.bad+"]")
		var p problem
		if err := json.Unmarshal([]byte(got.body), &p); err != nil {
			t.Fatal(err)
		}
		if got.status != test.status || string(p.Code) != test.code || p.Index == nil || *p.Index != 2 || log.seq != 0 {
			t.Errorf("%s: status %d, body %s, stored %d", name, got.status, got.body, log.seq)
		}
	}
}

func TestPublishWhileTheLogIsAway(t *testing.T) {
	t.Parallel()
	for media, body := range map[string]string{structured: progressEvent("a", 1), batched: "[" + progressEvent("a", 1) + "]"} {
		api, log := newHub(t, nil)
		log.fail = errors.New("secret detail")
		got := post(api, media, body)
		checkProblem(t, got, http.StatusServiceUnavailable, "unavailable", "")
		if got.header.Get("Retry-After") != "1" || strings.Contains(got.body, "secret") {
			t.Errorf("Retry-After %q, body %s", got.header.Get("Retry-After"), got.body)
		}
	}
}

func TestPublishCutOffOrStalling(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  bool
		says string
	}{"cut off": {true, "was cut off"}, "stalling": {false, "no byte of the single event arrived for 50ms"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := newHub(t, func(o *Options) { o.UploadIdle = 50 * time.Millisecond })
			conn := dial(t, api)
			fmt.Fprint(conn, "POST /api/events HTTP/1.1\r\nHost: here\r\nContent-Type: "+structured+"\r\nContent-Length: 10\r\n\r\n{")
			if test.end {
				conn.CloseWrite()
			}
			checkProblem(t, answer(t, bufio.NewReader(conn)), http.StatusBadRequest, "invalid_argument", test.says)
		})
	}
}

// FuzzPublish: whatever comes is stored or refused by a client's status.
func FuzzPublish(f *testing.F) {
	f.Add(structured, "", progressEvent("a", 1))
	f.Add(batched, "", "["+progressEvent("a", 1)+"]")
	f.Add("application/json", "1.0", progressData(1))
	f.Add("application/json", "", `{"eventType":2,"serviceName":"ocr","payload":`+progressData(1)+`}`)
	f.Fuzz(func(t *testing.T, media, version, body string) {
		api, log := newHub(t, nil)
		request := httptest.NewRequest(http.MethodPost, "/api/events", strings.NewReader(body))
		request.Header["Content-Type"] = []string{media}
		if version != "" {
			for name, value := range map[string]string{"Specversion": version, "Type": "ProcessingProgress", "Source": "ocr"} {
				request.Header["Ce-"+name] = []string{value}
			}
		}
		got := serve(api, request)
		if stored := log.seq > 0; got.status != http.StatusAccepted && (stored || got.status < 400 || got.status > 415) {
			t.Fatalf("status %d with %d stored: %s", got.status, log.seq, got.body)
		}
	})
}
