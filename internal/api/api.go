package api

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/document"
)

// Documents is the document service.
type Documents interface {
	Upload(ctx context.Context, params document.UploadParams) (document.Record, error)
	Find(ctx context.Context, id string) (document.Record, error)
	List(ctx context.Context, params document.ListParams) (document.Page, error)
}

// Health tells how the process feels.
type Health interface {
	Current() (fanfare.HealthStatus, fanfare.HealthMetrics)
}

// Options is what the API serves. Documents and Health have no default.
type Options struct {
	Documents  Documents
	Health     Health
	Ready      func() error  // why the process cannot serve now; nil always can
	MaxUpload  int64         // bytes of a body, default 512 MiB
	UploadIdle time.Duration // an upload may go without a byte, default 30 s
	Page       http.Handler  // answers GET of Pages; nil without any
	Pages      []string      // exact paths that are somebody else's, such as a console's
	Logger     *slog.Logger  // nil discards
}

// api holds what the endpoints need; nothing in it changes.
type api struct {
	documents  Documents
	health     Health
	ready      func() error
	maxUpload  int64
	uploadIdle time.Duration
	logger     *slog.Logger
}

// New returns the handler of everything below /api/, of /health, /alive and the
// Pages. What it does not know is answered with a problem, too.
func New(options Options) http.Handler {
	a := &api{
		documents:  options.Documents,
		health:     options.Health,
		ready:      options.Ready,
		maxUpload:  options.MaxUpload,
		uploadIdle: options.UploadIdle,
		logger:     options.Logger,
	}
	if a.ready == nil {
		a.ready = func() error { return nil }
	}
	if a.maxUpload == 0 {
		a.maxUpload = 512 << 20
	}
	if a.uploadIdle == 0 {
		a.uploadIdle = 30 * time.Second
	}
	if a.logger == nil {
		a.logger = slog.New(slog.DiscardHandler)
	}
	return a.guard(a.routes(options))
}

// routes is the table of endpoints. Methods are told apart here rather than by
// the mux, whose own 405 is plain text.
func (a *api) routes(options Options) http.Handler {
	mux := http.NewServeMux()
	for path, methods := range map[string]endpoint{
		"/api/documents":      {http.MethodGet: a.listDocuments, http.MethodPost: a.uploadDocument},
		"/api/documents/{id}": {http.MethodGet: a.findDocument},
		"/health":             {http.MethodGet: a.showHealth},
		"/alive":              {http.MethodGet: a.showAlive},
	} {
		mux.Handle(path, a.handle(methods.serve))
	}
	for _, path := range options.Pages {
		page := func(w http.ResponseWriter, r *http.Request) error {
			options.Page.ServeHTTP(w, r)
			return nil
		}
		mux.Handle(exactly(path), a.handle(endpoint{http.MethodGet: page}.serve))
	}
	mux.Handle("/", a.handle(func(_ http.ResponseWriter, r *http.Request) error {
		return fanfare.Errorf(fanfare.CodeNotFound, "there is nothing at %q", r.URL.Path)
	}))
	return mux
}

// exactly is the mux's pattern of one path: with a slash at its end the mux
// would take all below it too.
func exactly(path string) string {
	if strings.HasSuffix(path, "/") {
		return path + "{$}"
	}
	return path
}

// guard refuses requests by which a web page of another origin would change
// something. Other clients send neither Origin nor Sec-Fetch-Site and pass.
func (a *api) guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(a.handle(func(http.ResponseWriter, *http.Request) error {
		return fanfare.Errorf(fanfare.CodeForbidden, "a web page of another origin may not change anything here")
	}))
	return protection.Handler(next)
}

// handlerFunc answers a request, or returns an error before it has written
// anything.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// endpoint is the methods of one path.
type endpoint map[string]handlerFunc

func (e endpoint) serve(w http.ResponseWriter, r *http.Request) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if serve, ok := e[method]; ok {
		return serve(w, r)
	}
	return &methodError{method: r.Method, allow: e.allow()}
}

// allow lists the methods as the Allow header does.
func (e endpoint) allow() string {
	methods := slices.Collect(maps.Keys(e))
	if _, ok := e[http.MethodGet]; ok {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

var _ Documents = (*document.Service)(nil)
