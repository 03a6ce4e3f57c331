package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/internal/api"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/internal/bus"
	"github.com/fanfare-hub/fanfare/internal/console"
	"github.com/fanfare-hub/fanfare/internal/document"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/internal/health"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
	"github.com/fanfare-hub/fanfare/signalr"
)

// readHeaderTimeout bounds how long a request's head may take: the threat is
// a client that sends a byte a second on many connections.
const readHeaderTimeout = 10 * time.Second

// idleTimeout is how long a connection may be kept without a request; without
// it net/http keeps them for ever.
const idleTimeout = 2 * time.Minute

// unsentLimit is what the system may hold back for a slow client, in bytes:
// beyond it events wait where they can be conflated and overtaken. By itself it
// would take megabytes, which are an hour of a bad line.
const unsentLimit = 4 << 10

// parts are what stands on the bus, connected.
type parts struct {
	processor *pipeline.Processor
	documents *document.Service
	monitor   *health.Monitor
	feed      *feed.Feed
	hub       *apphub.Hub
	server    *signalr.Server
}

// compose makes the parts and starts them, each above what it needs.
func (a *App) compose(ctx context.Context, listener net.Listener, dir *dataDir, log *bus.Bus) error {
	p, err := a.connect(dir, log)
	if err != nil {
		return err
	}
	a.run(ctx, "feed", p.feed.Run)
	if err := a.await(ctx, p.feed.Ready()); err != nil {
		return err
	}
	a.run(ctx, "overflows", p.hub.Run)
	a.run(ctx, "health monitor", p.monitor.Run)
	a.run(ctx, "document service", p.documents.Run)
	if err := a.await(ctx, p.documents.Ready()); err != nil {
		return err
	}
	a.onStop("hub", func(ctx context.Context) error { return shutdownHub(ctx, p.server) })
	web := a.routes(p, log)
	a.serve(ctx, listener, p.server)
	a.onStop("event streams", func(context.Context) error {
		web.Close()
		return nil
	})
	return nil
}

// connect makes the parts; nothing runs yet.
func (a *App) connect(dir *dataDir, log *bus.Bus) (parts, error) {
	callbacks := apphub.NewCallbacks(a.config.Dev, a.part("hub"))
	server := signalr.NewServer(&signalr.ServerOptions{Logger: a.part("signalr")})
	processor, err := pipeline.New(pipeline.Options{
		Log: log, Sink: callbacks, Service: a.config.Service, Version: a.config.ServiceVersion, Instance: instance(), Logger: a.part("pipeline"),
	})
	if err != nil {
		return parts{}, err
	}
	documents, err := document.New(document.Options{
		Dir: dir.sub("documents"), Records: log.Records(), Jobs: log.Jobs(), Emitter: processor, History: log, Instance: instance(),
		Worker: a.config.Worker, Workers: a.config.Workers, MaxBytes: a.config.MaxUpload, Deadline: a.config.ExtractTimeout, Logger: a.part("document"),
	})
	if err != nil {
		return parts{}, err
	}
	monitor := health.New(health.Options{
		Emitter: processor, Connections: server.Connections, Interval: a.config.HealthInterval, Thresholds: a.config.Health, Logger: a.part("health"),
	})
	follow, err := feed.New(feed.Options{
		Log: log, Sink: sink{processor, callbacks}, Service: a.config.Service, Logger: a.part("feed"),
	})
	if err != nil {
		return parts{}, err
	}
	hub := apphub.New(apphub.Options{
		Callbacks: callbacks, Service: a.config.Service, Instance: instance(), Feed: follow, Emitter: processor, Logger: a.part("hub"),
	})
	server.MapHub(apphub.Path, callbacks.Hub(), &signalr.EndpointOptions{AllowStatefulReconnects: true, UnsentLimit: unsentLimit})
	return parts{processor, documents, monitor, follow, hub, server}, nil
}

// routes puts the HTTP side together: the hub's paths first, in any case, then
// the API with the console's pages; the API answers what nobody knows.
func (a *App) routes(p parts, log *bus.Bus) *api.API {
	web := api.New(api.Options{
		Documents: p.documents, Health: p.monitor, Emitter: p.processor, Topics: api.TopicsOf(p.feed), Ready: log.Healthy,
		MaxUpload: a.config.MaxUpload, EventRate: a.config.eventRate(),
		Page: console.New(), Pages: console.Paths(), Logger: a.part("api"),
	})
	p.server.Fallback(web)
	return web
}

// run starts a part that works until it is stopped: the context of Start gives
// its values only, it may end with Start. A part that ends by itself is a
// failure of the App.
func (a *App) run(ctx context.Context, name string, part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		if err := part(ctx); ctx.Err() == nil {
			a.fail(ctx, name, err)
		}
	})
	a.onStop(name, func(context.Context) error {
		cancel()
		done.Wait()
		return nil
	})
}

// await waits until a part is ready, unless one fails before.
func (a *App) await(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case err := <-a.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail reports the first failure; the owner stops the App then, and later ones
// follow from it.
func (a *App) fail(ctx context.Context, name string, err error) {
	a.logger.LogAttrs(ctx, slog.LevelError, "part ended", slog.String("part", name), slog.Any("error", err))
	select {
	case a.failed <- &partError{name, err}:
	default:
	}
}

// partError says which part ended although nobody stopped it.
type partError struct {
	part string
	err  error
}

func (e *partError) Error() string {
	if e.err == nil {
		return e.part + " ended"
	}
	return e.part + ": " + e.err.Error()
}

func (e *partError) Unwrap() error { return e.err }

// serve answers requests on the listener until stopped.
func (a *App) serve(ctx context.Context, listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(a.part("http").Handler(), slog.LevelDebug),
	}
	a.url = urlOf(listener.Addr())
	var done sync.WaitGroup
	done.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.fail(ctx, "http", err)
		}
	})
	a.onStop("http", func(ctx context.Context) error {
		defer done.Wait()
		return shutdown(ctx, server)
	})
}

// urlOf is where somebody on this machine finds the server.
func urlOf(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return "http://" + net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + address.String()
}

// shutdownHub gives clients half of the time there is to answer the goodbye.
// Those that do not, asleep or behind a dead network, are cut, which is no
// failure of ours; the second call awaits what is left of them.
func shutdownHub(ctx context.Context, server *signalr.Server) error {
	half, cancel := halfOf(ctx)
	defer cancel()
	err := server.Shutdown(half)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Shutdown(ctx)
	}
	return err
}

// halfOf ends when half of the time until ctx's deadline has passed.
func halfOf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, time.Now().Add(time.Until(deadline)/2))
}

// shutdown lets requests end for half of the time there is, then cuts them:
// the parts below need the other half.
func shutdown(ctx context.Context, server *http.Server) error {
	half, cancel := halfOf(ctx)
	defer cancel()
	if err := server.Shutdown(half); err != nil {
		return server.Close()
	}
	return nil
}
