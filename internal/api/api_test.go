package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/document"
)

const sampleID = "0193f000-0000-7000-8000-000000000001"

// fakeDocuments is the document service in functions.
type fakeDocuments struct {
	upload func(context.Context, document.UploadParams) (document.Record, error)
	find   func(context.Context, string) (document.Record, error)
	list   func(context.Context, document.ListParams) (document.Page, error)
}

func (f fakeDocuments) Upload(ctx context.Context, p document.UploadParams) (document.Record, error) {
	return f.upload(ctx, p)
}

func (f fakeDocuments) Find(ctx context.Context, id string) (document.Record, error) {
	return f.find(ctx, id)
}

func (f fakeDocuments) List(ctx context.Context, p document.ListParams) (document.Page, error) {
	return f.list(ctx, p)
}

type fakeHealth fanfare.HealthStatus

func (f fakeHealth) Current() (fanfare.HealthStatus, fanfare.HealthMetrics) {
	return fanfare.HealthStatus(f), fanfare.HealthMetrics{}
}

func sampleRecord() document.Record {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	return document.Record{ID: sampleID, Name: "a.txt", Size: 5, SHA256: "ab", Status: fanfare.StatusQueued, Attempt: 1, CreatedAt: at, UpdatedAt: at}
}

// readingDocuments reads an upload to its end and knows one document.
func readingDocuments() fakeDocuments {
	return fakeDocuments{
		upload: func(_ context.Context, p document.UploadParams) (document.Record, error) {
			if _, err := io.Copy(io.Discard, p.Body); err != nil {
				return document.Record{}, err
			}
			return sampleRecord(), nil
		},
		find: func(_ context.Context, id string) (document.Record, error) {
			if id != sampleID {
				return document.Record{}, fanfare.Errorf(fanfare.CodeNotFound, "there is no document %s: %w", id, errors.New("secret detail"))
			}
			return sampleRecord(), nil
		},
		list: func(_ context.Context, p document.ListParams) (document.Page, error) {
			return document.Page{Items: []document.Record{sampleRecord()}, Next: p.After}, nil
		},
	}
}

func newHandler(change func(*Options)) http.Handler {
	options := Options{Documents: readingDocuments(), Health: fakeHealth(fanfare.HealthHealthy)}
	if change != nil {
		change(&options)
	}
	return New(options)
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func serve(handler http.Handler, r *http.Request) reply {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return reply{recorder.Code, recorder.Header(), strings.TrimSpace(recorder.Body.String())}
}

func get(handler http.Handler, target string) reply {
	return serve(handler, httptest.NewRequest(http.MethodGet, target, nil))
}

// checkProblem holds an answer against the one form of errors.
func checkProblem(t *testing.T, got reply, status int, code, says string) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(got.body), &members); err != nil {
		t.Fatalf("status %d, body %q: %v", got.status, got.body, err)
	}
	detail, _ := members["detail"].(string)
	if got.status != status || members["status"] != float64(status) || members["code"] != code ||
		members["type"] != "/errors/"+code || members["title"] == "" || !strings.Contains(detail, says) || len(members) != 5 {
		t.Errorf("status %d, body %s; want %d %s with %q", got.status, got.body, status, code, says)
	}
	if media := got.header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("Content-Type %q", media)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		method, target string
		header         [2]string
		status         int
		code, says     string
	}{
		{"unknown route", "GET", "/api/nothing", [2]string{}, 404, "not_found", "/api/nothing"},
		{"below a document", "GET", "/api/documents/" + sampleID + "/x", [2]string{}, 404, "not_found", ""},
		{"unknown document", "GET", "/api/documents/0193f000-0000-7000-8000-000000000002", [2]string{}, 404, "not_found", "there is no document"},
		{"wrong method", "DELETE", "/api/documents", [2]string{}, 405, "invalid_argument", "GET, HEAD, POST"},
		{"wrong method of a document", "POST", "/api/documents/" + sampleID, [2]string{}, 405, "invalid_argument", "GET, HEAD"},
		{"wrong method of health", "POST", "/health", [2]string{}, 405, "invalid_argument", "GET, HEAD"},
		{"limit 0", "GET", "/api/documents?limit=0", [2]string{}, 400, "invalid_argument", "1 to 500"},
		{"limit 501", "GET", "/api/documents?limit=501", [2]string{}, 400, "invalid_argument", "1 to 500"},
		{"limit in words", "GET", "/api/documents?limit=many", [2]string{}, 400, "invalid_argument", `"many"`},
		{"after no id", "GET", "/api/documents?after=x", [2]string{}, 400, "invalid_argument", "after"},
		{"foreign page", "POST", "/api/documents?name=a", [2]string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden", "another origin"},
		{"foreign origin", "POST", "/api/documents?name=a", [2]string{"Origin", "https://evil.example"}, 403, "forbidden", "another origin"},
		{"form", "POST", "/api/documents?name=a", [2]string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "unsupported_media", "--data-binary"},
		{"compressed", "POST", "/api/documents?name=a", [2]string{"Content-Encoding", "gzip"}, 415, "unsupported_media", "gzip"},
		{"too large", "POST", "/api/documents?name=a", [2]string{}, 413, "too_large", "4 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequest(test.method, test.target, strings.NewReader("12345"))
			if test.header[0] != "" {
				request.Header.Set(test.header[0], test.header[1])
			}
			got := serve(newHandler(func(o *Options) { o.MaxUpload = 4 }), request)
			checkProblem(t, got, test.status, test.code, test.says)
			if allow := got.header.Get("Allow"); (allow != "") != (test.status == 405) {
				t.Errorf("Allow %q", allow)
			}
		})
	}
}

func TestProblemsKeepDetailsInside(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"internal":    errors.New("secret detail"),
		"unavailable": fanfare.Errorf(fanfare.CodeUnavailable, "try again: %w", errors.New("secret detail")),
	} {
		documents := readingDocuments()
		documents.find = func(context.Context, string) (document.Record, error) { return document.Record{}, err }
		got := get(newHandler(func(o *Options) { o.Documents = documents }), "/api/documents/"+sampleID)
		if got.status < 500 || !strings.Contains(got.body, `"code":"`+name+`"`) || strings.Contains(got.body, "secret") {
			t.Errorf("%s: status %d, body %s", name, got.status, got.body)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	notReady := func() error { return errors.New("no log") }
	tests := []struct {
		path   string
		status fanfare.HealthStatus
		ready  func() error
		code   int
		text   string
	}{
		{"/health", fanfare.HealthHealthy, nil, 200, "Healthy"},
		{"/health", fanfare.HealthUnknown, nil, 200, "Healthy"},
		{"/health", fanfare.HealthDegraded, nil, 200, "Degraded"},
		{"/health", fanfare.HealthWarning, nil, 200, "Degraded"},
		{"/health", fanfare.HealthCritical, nil, 503, "Unhealthy"},
		{"/health", fanfare.HealthHealthy, notReady, 503, "Unhealthy"},
		{"/alive", fanfare.HealthCritical, notReady, 200, "Healthy"},
	}
	for _, test := range tests {
		handler := newHandler(func(o *Options) { o.Health, o.Ready = fakeHealth(test.status), test.ready })
		got := get(handler, test.path)
		if got.status != test.code || got.body != test.text {
			t.Errorf("%s when %s: %d %q, want %d %q", test.path, test.status, got.status, got.body, test.code, test.text)
		}
		for name, want := range map[string]string{
			"Content-Type": "text/plain", "Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
		} {
			if value := got.header.Get(name); value != want {
				t.Errorf("%s: %s %q, want %q", test.path, name, value, want)
			}
		}
	}
}
