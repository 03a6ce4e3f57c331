package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// storeCeiling is never reached: each stream has a limit of its own. The
	// server's default, a share of the free disk, would refuse to store again
	// what it holds once the disk has filled for another reason.
	storeCeiling = 1 << 60
	// memoryCeiling is for streams in memory, of which there are none; the
	// default is three quarters of the machine.
	memoryCeiling = 64 << 20
	// maxPayload lets a record with many findings through (the default is 1 MiB).
	maxPayload = maxRecordBytes + 64<<10
)

// startServer returns a running server without any port. It has opened the
// store, or the error says why not.
func startServer(ctx context.Context, opts Options) (*server.Server, error) {
	if opts.Dir == "" {
		return nil, errors.New("no directory is given")
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	ns, err := server.NewServer(&server.Options{
		ServerName:         opts.Name,
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           opts.Dir,
		SyncAlways:         true,
		JetStreamMaxStore:  storeCeiling,
		JetStreamMaxMemory: memoryCeiling,
		MaxPayload:         maxPayload,

		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, err
	}
	log := &serverLog{log: opts.Logger}
	ns.SetLoggerV2(log, opts.Logger.Enabled(ctx, slog.LevelDebug), false, false)
	ns.Start() // with DontListen it returns when it is ready
	if err := openedStore(ns, log); err != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil, err
	}
	return ns, nil
}

// openedStore says why the server is not usable. A stream that could not be
// recovered is such a reason: creating it anew would hide that data is gone.
func openedStore(ns *server.Server, log *serverLog) error {
	if text := log.fatalText(); text != "" {
		return errors.New(text)
	}
	return serverHealth(ns)
}

// healthTries is how often a server is asked that says it is still starting. To
// see that it has started it gives itself a millisecond, and on a busy machine
// a pause of that length comes often.
const healthTries = 100

// serverHealth is nil when JetStream runs and has all streams of its store.
func serverHealth(ns *server.Server) error {
	health := ns.Healthz(nil)
	for n := 1; n < healthTries && health.StatusCode == http.StatusInternalServerError; n++ {
		health = ns.Healthz(nil)
	}
	if health.Status == "ok" {
		return nil
	}
	return fmt.Errorf("%s: %s", health.Status, health.Error)
}

// connect returns a connection within the process, over no socket.
func (b *Bus) connect(ns *server.Server) (*nats.Conn, error) {
	return nats.Connect("",
		nats.InProcessServer(ns),
		nats.Name(b.opts.Name),
		nats.Timeout(requestTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100*time.Millisecond),
		nats.NoCallbacksAfterClientClose(),
		nats.ErrorHandler(b.asyncError),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			b.log.Warn("Lost the connection to the embedded server", slog.Any("error", err))
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.doubt() }),
	)
}

// jetStream returns what requests and publishes go through. Each committer has
// at most maxInFlight messages unanswered.
func (b *Bus) jetStream(conn *nats.Conn) (jetstream.JetStream, error) {
	return jetstream.New(conn,
		jetstream.WithDefaultTimeout(requestTimeout),
		jetstream.WithPublishAsyncTimeout(requestTimeout),
		jetstream.WithPublishAsyncMaxPending(max(b.opts.Partitions, 1)*maxInFlight),
	)
}

// asyncError hears of what belongs to no call. Without it nats.go writes to
// the standard error output.
func (b *Bus) asyncError(_ *nats.Conn, sub *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrSlowConsumer) && strings.HasPrefix(sub.Subject, livePrefix) {
		b.slowConsumer.Add(1)
		b.log.Warn("Live events are dropped: delivery is too slow", slog.String("subject", sub.Subject))
		b.doubt()
		return
	}
	b.asyncFailures.Add(1)
	b.log.Error("NATS reported an error", slog.Any("error", err))
}

// flush returns when the server has read all that was sent to it.
func flush(ctx context.Context, conn *nats.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return conn.FlushWithContext(ctx)
}
