package api

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/metric"

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

// Options is what the API serves. Documents, Health and Emitter have no
// default.
type Options struct {
	Documents     Documents
	Health        Health
	Emitter       Emitter
	Topics        Topics               // nil: topics cannot be read
	Ready         func() error         // why the process cannot serve now; nil always can
	MaxUpload     int64                // bytes of a body, default 512 MiB
	UploadIdle    time.Duration        // a body may go without a byte, default 30 s
	EventRate     float64              // events a second that a client address may publish, default 10,000; negative: any number
	EventBurst    int                  // and at once, default twice the rate
	MaxStreams    int                  // event streams at the same time, default 1,000; negative: any number
	Heartbeat     time.Duration        // between signs of life on a silent stream, default 15 s
	Page          http.Handler         // answers GET of Pages; nil without any
	Pages         []string             // exact paths that are somebody else's, such as a console's
	MeterProvider metric.MeterProvider // nil: nothing is counted
	Logger        *slog.Logger         // nil discards
}

// withDefaults fills in what is zero and may be.
func (o Options) withDefaults() Options {
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	o.MaxUpload = cmp.Or(o.MaxUpload, 512<<20)
	o.UploadIdle = cmp.Or(o.UploadIdle, 30*time.Second)
	o.EventRate = cmp.Or(o.EventRate, 10_000)
	o.EventBurst = cmp.Or(o.EventBurst, int(2*o.EventRate))
	o.MaxStreams = cmp.Or(o.MaxStreams, 1000)
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// API is the handler of everything below /api/, of /health, /alive and the
// Pages. What it does not know is answered with a problem, too.
type API struct {
	handler    http.Handler
	documents  Documents
	health     Health
	emitter    Emitter
	topics     Topics
	ready      func() error
	maxUpload  int64
	uploadIdle time.Duration
	heartbeat  time.Duration
	limiter    *limiter // nil: no limit
	streams    *streams
	observer   *observer
	logger     *slog.Logger
}

// New returns an API.
func New(options Options) *API {
	options = options.withDefaults()
	a := &API{
		documents:  options.Documents,
		health:     options.Health,
		emitter:    options.Emitter,
		topics:     options.Topics,
		ready:      options.Ready,
		maxUpload:  options.MaxUpload,
		uploadIdle: options.UploadIdle,
		heartbeat:  options.Heartbeat,
		streams:    newStreams(options.MaxStreams),
		observer:   newObserver(options.MeterProvider, options.Logger),
		logger:     options.Logger,
	}
	if options.EventRate > 0 {
		a.limiter = newLimiter(options.EventRate, max(1, options.EventBurst))
	}
	a.handler = a.guard(a.routes(options))
	return a
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Close ends the event streams, which would go on for ever, and refuses new
// ones. It does not wait for their requests to return: [http.Server.Shutdown]
// does, and is to be called afterwards.
func (a *API) Close() { a.streams.close() }

// routes is the table of endpoints. Methods are told apart here rather than by
// the mux, whose own 405 is plain text.
func (a *API) routes(options Options) http.Handler {
	mux := http.NewServeMux()
	if a.topics != nil {
		mux.Handle("/api/topics/{topic}/events", a.handle(endpoint{http.MethodGet: a.readTopic}.serve))
	}
	for path, methods := range map[string]endpoint{
		"/api/events":         {http.MethodPost: a.publish},
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
func (a *API) guard(next http.Handler) http.Handler {
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
