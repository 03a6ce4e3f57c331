package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"time"
)

//go:embed page vendored/signalr.min.js
var files embed.FS

// securityPolicy allows what the page needs and nothing else. Browsers count
// WebSockets of the same origin as 'self'.
const securityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// Paths are the paths that the console answers.
func Paths() []string {
	paths := []string{"/", "/signalr.min.js"}
	entries, err := files.ReadDir("page")
	if err != nil {
		panic("console: the embedded page is gone: " + err.Error()) //nolint:forbidigo // the build has it or fails
	}
	for _, entry := range entries {
		if entry.Name() != "index.html" {
			paths = append(paths, "/"+entry.Name())
		}
	}
	return paths
}

// New returns the handler of the console, to be mounted at "/". It answers GET
// and HEAD for the page and its files, 405 for other methods, and 404 for
// every other path.
func New() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	name := fileOf(r.URL.Path)
	content, err := files.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	setHeader(w.Header(), name, content)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// fileOf is the embedded file of a request path; it need not exist.
func fileOf(requestPath string) string {
	switch requestPath {
	case "/":
		return "page/index.html"
	case "/signalr.min.js":
		return "vendored/signalr.min.js"
	default:
		return "page" + requestPath
	}
}

func setHeader(header http.Header, name string, content []byte) {
	sum := sha256.Sum256(content)
	header.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`)
	header.Set("Cache-Control", "no-cache") // kept, but asked for at every visit
	header.Set("Content-Type", contentTypeOf(name))
	header.Set("Content-Security-Policy", securityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// contentTypeOf does not ask the system, whose table differs by machine.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}
