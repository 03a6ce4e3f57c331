package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/document"
)

const sampleView = `{"id":"0193f000-0000-7000-8000-000000000001","name":"a.txt","size":5,"sha256":"ab","mediaType":"","status":"queued","percentage":0,"attempt":1,"pages":0,"words":0,"findings":[],"error":null,"createdAt":"2026-11-23T10:00:00Z","updatedAt":"2026-11-23T10:00:00Z"}`

func TestUpload(t *testing.T) {
	t.Parallel()
	documents := readingDocuments()
	var got document.UploadParams
	var body []byte
	documents.upload = func(_ context.Context, p document.UploadParams) (document.Record, error) {
		got = p
		body, _ = io.ReadAll(p.Body)
		return sampleRecord(), nil
	}
	request := httptest.NewRequest(http.MethodPost, "/api/documents?name=b%C3%A4r%20%26.txt", strings.NewReader("hello"))
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	created := serve(newHandler(func(o *Options) { o.Documents = documents }), request)
	if created.status != http.StatusCreated || created.body != sampleView {
		t.Errorf("status %d, body %s", created.status, created.body)
	}
	if location := created.header.Get("Location"); location != "/api/documents/"+sampleID {
		t.Errorf("Location %q", location)
	}
	if got.Name != "bär &.txt" || got.Size != 5 || got.Owner != "" || string(body) != "hello" {
		t.Errorf("uploaded %+v with %q", got, body)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	got := get(newHandler(nil), "/api/documents/"+sampleID)
	if got.status != http.StatusOK || got.body != sampleView || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("status %d, body %s", got.status, got.body)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	tests := []struct {
		target, want string
		limit        int
	}{
		{"/api/documents", `{"items":[` + sampleView + `]}`, 50},
		{"/api/documents?limit=500&after=" + strings.ToUpper(sampleID), `{"items":[` + sampleView + `],"next":"` + sampleID + `"}`, 500},
		{"/api/documents?limit=1", `{"items":[` + sampleView + `]}`, 1},
		{"/api/documents?limit=2", `{"items":[]}`, 2},
	}
	for _, test := range tests {
		documents := readingDocuments()
		list := documents.list
		documents.list = func(ctx context.Context, p document.ListParams) (document.Page, error) {
			if p.Limit != test.limit {
				t.Errorf("%s: limit %d, want %d", test.target, p.Limit, test.limit)
			}
			if p.Limit == 2 {
				return document.Page{Items: nil, Next: ""}, nil
			}
			return list(ctx, p)
		}
		got := get(newHandler(func(o *Options) { o.Documents = documents }), test.target)
		if got.status != http.StatusOK || got.body != test.want {
			t.Errorf("%s: status %d, body %s", test.target, got.status, got.body)
		}
	}
}

// dial opens a raw connection to a server of the handler.
func dial(t *testing.T, handler http.Handler) *net.TCPConn {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

func answer(t *testing.T, reader *bufio.Reader) reply {
	t.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return reply{response.StatusCode, response.Header, string(body)}
}

// storing is a real document service whose records nobody keeps.
func storing(t *testing.T) *document.Service {
	t.Helper()
	service, err := document.New(document.Options{
		Dir: t.TempDir(), Records: refusing{}, Jobs: refusing{}, Emitter: refusing{}, History: refusing{}, Worker: []string{"none"},
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return service
}

// refusing is a store that must not be reached.
type refusing struct {
	document.Records
	document.Jobs
	document.Emitter
	document.History
}

func TestUploadCutOffHalfway(t *testing.T) {
	t.Parallel()
	heads := map[string]string{
		"announced": "Content-Length: 10\r\n\r\nhello",
		"chunked":   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	}
	for name, head := range heads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, newHandler(func(o *Options) { o.Documents = storing(t) }))
			fmt.Fprintf(conn, "POST /api/documents?name=a HTTP/1.1\r\nHost: here\r\n%s", head)
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			checkProblem(t, answer(t, bufio.NewReader(conn)), http.StatusBadRequest, "invalid_argument", "cut off after 5 bytes")
		})
	}
}

func TestUploadThatStallsIsEnded(t *testing.T) {
	t.Parallel()
	conn := dial(t, newHandler(func(o *Options) {
		o.Documents = storing(t)
		o.UploadIdle = 50 * time.Millisecond
	}))
	fmt.Fprint(conn, "POST /api/documents?name=a HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nhello")
	reader := bufio.NewReader(conn)
	checkProblem(t, answer(t, reader), http.StatusBadRequest, "invalid_argument", "no byte of the document arrived for 50ms")
	if _, err := reader.ReadByte(); err != io.EOF {
		t.Errorf("the connection is still open: %v", err)
	}
}

// TestUploadLeavesNoDeadline keeps an upload's handler busy for longer than
// its body might have stalled, and uses the connection again.
func TestUploadLeavesNoDeadline(t *testing.T) {
	t.Parallel()
	documents := readingDocuments()
	documents.upload = func(ctx context.Context, p document.UploadParams) (document.Record, error) {
		if _, err := io.Copy(io.Discard, p.Body); err != nil {
			return document.Record{}, err
		}
		select {
		case <-ctx.Done():
			return document.Record{}, fanfare.Errorf(fanfare.CodeInternal, "the request was cancelled")
		case <-time.After(1200 * time.Millisecond):
			return sampleRecord(), nil
		}
	}
	conn := dial(t, newHandler(func(o *Options) {
		o.Documents = documents
		o.UploadIdle = time.Second
	}))
	reader := bufio.NewReader(conn)
	for range 2 {
		fmt.Fprint(conn, "POST /api/documents?name=a HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\nhello")
		if got := answer(t, reader); got.status != http.StatusCreated {
			t.Fatalf("status %d, body %s", got.status, got.body)
		}
	}
}
