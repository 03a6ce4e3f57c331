package bus

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
)

// serverLog takes the server's log to slog. Its notices are chatty start-up
// lines, so they are debug here.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string]
}

// fatalText returns what the server gave up for, or "".
func (l *serverLog) fatalText() string {
	if text := l.fatal.Load(); text != nil {
		return *text
	}
	return ""
}

func (l *serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.write(slog.LevelWarn, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }
func (l *serverLog) Tracef(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }

// Fatalf keeps the text: the server's Start returns nothing.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &text)
	l.write(slog.LevelError, format, v)
}

func (l *serverLog) write(level slog.Level, format string, v []any) {
	ctx := context.Background()
	if !l.log.Enabled(ctx, level) {
		return
	}
	l.log.LogAttrs(ctx, level, "The embedded NATS server says", slog.String("text", fmt.Sprintf(format, v...)))
}

var _ server.Logger = (*serverLog)(nil)
