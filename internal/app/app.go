package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"

	"github.com/fanfare-hub/fanfare/internal/bus"
)

// App is one server. Make it by [New].
type App struct {
	config Config
	logger *slog.Logger

	// Set by Start.
	url    string
	failed chan error // holds the first failure
	stops  []step
}

// step is one thing to be undone, with the words for its error.
type step struct {
	name string
	stop func(context.Context) error
}

// New makes an App; nothing is opened or started before Start. A nil logger
// discards.
func New(config Config, logger *slog.Logger) *App {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &App{config: config, logger: logger, failed: make(chan error, 1)}
}

// URL is where the server answers, without a slash at the end. It is known
// once Start has returned.
func (a *App) URL() string { return a.url }

// Failed gives the error of a part that ended although nobody stopped it; the
// owner then calls Stop.
func (a *App) Failed() <-chan error { return a.failed }

// Start opens the data directory and starts all parts. When it fails, what
// had begun is stopped again.
func (a *App) Start(ctx context.Context) error {
	if err := a.start(ctx); err != nil {
		return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	return nil
}

// start goes up the house: directory, bus, processor and documents, hub, HTTP.
func (a *App) start(ctx context.Context) error {
	listener, err := a.listen(ctx)
	if err != nil {
		return err
	}
	a.onStop("listener", func(context.Context) error { return ignoreClosed(listener.Close()) })
	dir, err := openDataDir(a.config.DataDir)
	if err != nil {
		return err
	}
	a.onStop("data directory", func(context.Context) error { return dir.close() })
	log := bus.New(bus.Options{
		Dir: dir.sub("jetstream"), Name: a.config.Service, AckWait: a.config.AckWait, Logger: a.part("bus"),
		Retention: bus.Retention{MaxAge: a.config.Retention, MaxPerTopic: a.config.RetentionEvents, MaxBytes: a.config.RetentionBytes},
	})
	if err := log.Start(ctx); err != nil {
		return fmt.Errorf("start bus: %w", err)
	}
	a.onStop("bus", log.Stop)
	return a.compose(ctx, listener, dir, log)
}

// part is the logger of one part.
func (a *App) part(name string) *slog.Logger {
	return a.logger.With(slog.String("part", name))
}

// listen takes the port first: it is what is most often wrong.
func (a *App) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, a.config.network(), a.config.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("address %s is in use by another program; stop that one, or choose another with --listen (port 0 takes a free one)", a.config.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", a.config.Listen, err)
	}
	return listener, nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// onStop notes what Stop has to undo.
func (a *App) onStop(name string, stop func(context.Context) error) {
	a.stops = append(a.stops, step{name, stop})
}

// Stop ends everything, last started first; it may be called twice.
func (a *App) Stop(ctx context.Context) error {
	var errs []error
	for len(a.stops) > 0 {
		last := a.stops[len(a.stops)-1]
		a.stops = a.stops[:len(a.stops)-1]
		if err := last.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", last.name, err))
		}
	}
	return errors.Join(errs...)
}

// instance tells this process from others of the same service.
func instance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}
