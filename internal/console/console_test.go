package console_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/internal/console"
)

// vendoredSum is that of vendored/README.md.
const vendoredSum = "97e9b97e642a72e5a470917147a2bf79f86cad829a5c6786adb10614d248bb95"

func get(t *testing.T, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(method, "/", nil)
	request.URL.Path = path
	request.Header = header
	recorder := httptest.NewRecorder()
	console.New().ServeHTTP(recorder, request)
	return recorder
}

func TestFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"/":               "text/html; charset=utf-8",
		"/app.js":         "text/javascript; charset=utf-8",
		"/signalr.min.js": "text/javascript; charset=utf-8",
		"/style.css":      "text/css; charset=utf-8",
		"/icon.svg":       "image/svg+xml",
	}
	for path, contentType := range tests {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			response := get(t, http.MethodGet, path, nil)
			if response.Code != http.StatusOK || response.Body.String() == "" {
				t.Errorf("status %d, or no content", response.Code)
			}
			want := map[string]string{
				"Content-Type":           contentType,
				"Cache-Control":          "no-cache",
				"X-Content-Type-Options": "nosniff",
				"Referrer-Policy":        "no-referrer",
			}
			for name, value := range want {
				if got := response.Header().Get(name); got != value {
					t.Errorf("%s = %q, want %q", name, got, value)
				}
			}
			policy := response.Header().Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
				t.Errorf("Content-Security-Policy = %q", policy)
			}
		})
	}
}

func TestRevalidation(t *testing.T) {
	t.Parallel()
	etag := get(t, http.MethodGet, "/", nil).Header().Get("ETag")
	response := get(t, http.MethodGet, "/", http.Header{"If-None-Match": {etag}})
	if response.Code != http.StatusNotModified || response.Body.String() != "" {
		t.Errorf("status %d for a page that is known, want 304", response.Code)
	}
	if other := get(t, http.MethodGet, "/app.js", nil).Header().Get("ETag"); other == etag {
		t.Error("two files have the same ETag")
	}
}

func TestOtherRequests(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, path string
		status       int
	}{
		{http.MethodHead, "/", http.StatusOK},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
		{http.MethodGet, "", http.StatusNotFound},
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/page/app.js", http.StatusNotFound},
		{http.MethodGet, "/../console.go", http.StatusNotFound},
		{http.MethodPost, "/nothing", http.StatusNotFound},
	}
	for _, test := range tests {
		response := get(t, test.method, test.path, nil)
		if response.Code != test.status {
			t.Errorf("%s %s: status %d, want %d", test.method, test.path, response.Code, test.status)
		}
	}
	if got := get(t, http.MethodPut, "/", nil).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow = %q", got)
	}
}

func TestVendoredClientIsUnchanged(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256(get(t, http.MethodGet, "/signalr.min.js", nil).Body.Bytes())
	if got := hex.EncodeToString(sum[:]); got != vendoredSum {
		t.Errorf("SHA-256 of signalr.min.js = %s, want %s", got, vendoredSum)
	}
	readme, err := os.ReadFile("vendored/README.md")
	if err != nil || !strings.Contains(string(readme), vendoredSum) {
		t.Errorf("vendored/README.md does not name the sum (%v)", err)
	}
}

// Whatever the page and its modules refer to is served.
func TestReferences(t *testing.T) {
	t.Parallel()
	reference := regexp.MustCompile(`(?:src|href)="([^"]+)"|from "\./([^"]+)"`)
	seen := 0
	eachPageFile(t, func(name, content string) {
		for _, match := range reference.FindAllStringSubmatch(content, -1) {
			seen++
			target := "/" + match[1] + match[2]
			if status := get(t, http.MethodGet, target, nil).Code; status != http.StatusOK {
				t.Errorf("%s refers to %s, which is answered %d", name, target, status)
			}
		}
	})
	if seen < 10 {
		t.Errorf("only %d references found: does the pattern still fit?", seen)
	}
}

// File names and messages are strangers' text: nothing may turn a string into
// markup or code, and the policy would refuse what is inline.
func TestNothingTurnsTextIntoMarkup(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|` +
		`DOMParser|srcdoc|javascript:|<style|<script>| on[a-z]+="| style="`)
	eachPageFile(t, func(name, content string) {
		if found := forbidden.FindString(content); found != "" {
			t.Errorf("%s contains %q", name, found)
		}
	})
}

func eachPageFile(t *testing.T, visit func(name, content string)) {
	t.Helper()
	page := os.DirFS("page")
	names, err := fs.Glob(page, "*.*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no page: %v", err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(page, name)
		if err != nil {
			t.Fatal(err)
		}
		visit(name, string(content))
	}
}
