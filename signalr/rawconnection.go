package signalr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// ConnectionHandler talks over one connection without a hub protocol. When it
// returns, the connection ends, after all that it has written; with an error,
// which is logged, a WebSocket ends with 1011 instead of 1000 (WS-12). ctx
// ends when the connection has been ended from this side: by Shutdown, or with
// its credentials. That the client has gone is learned by reading.
type ConnectionHandler func(ctx context.Context, c *RawConnection) error

// RawConnection is a connection without a hub protocol. Read belongs to one
// goroutine at a time; the rest may be used by any, until the handler returns.
type RawConnection struct {
	c      *connection
	binary atomic.Bool
	err    error // what reading ended with
}

// ConnectionID is the id that the client knows too.
func (r *RawConnection) ConnectionID() string { return r.c.id }

// User is what Authenticate returned for the request that opened the
// connection, or a later one that has refreshed it, as for [Caller.User].
func (r *RawConnection) User() any { return r.c.credential().value }

// Request is the request that opened the connection, as [Caller.Request] is.
func (r *RawConnection) Request() *http.Request { return r.c.newestRequest() }

// SetBinary says whether what is written from now on goes as binary messages.
// Where that makes a difference, on a WebSocket, text is the default; it must
// be UTF-8.
func (r *RawConnection) SetBinary(binary bool) { r.binary.Store(binary) }

// Read reads what the client sends, whose bounds between messages are not
// kept (CONN-13). It returns io.EOF when the client has ended the connection.
func (r *RawConnection) Read(p []byte) (int, error) {
	if r.err == nil && len(p) > 0 {
		r.err = r.c.await()
	}
	if r.err != nil {
		var closed *ws.CloseError
		if errors.As(r.err, &closed) {
			return 0, io.EOF
		}
		return 0, r.err
	}
	in := &r.c.intake
	n := copy(p, in.data)
	in.rest(in.data[n:])
	return n, nil
}

// Write sends p, as one message where the transport has messages. It does not
// wait for the client: one that falls behind by more than
// ServerOptions.QueueLimit is cut. An error says that the connection or the
// server has ended.
func (r *RawConnection) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	opcode := ws.Text
	if r.binary.Load() {
		opcode = ws.Binary
	}
	if err := r.c.post(task{kind: taskOwn, conn: r.c, bytes: ws.AppendFrame(nil, opcode, p)}); err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	return len(p), nil
}

// await returns when there is something in the intake.
func (c *connection) await() error {
	for !c.intake.pending() {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
	return nil
}

// handle runs the handler; it returns how the connection ends.
func (c *connection) handle() ending {
	if err := c.post(task{kind: taskWatch, conn: c}); err != nil {
		return ending{} // it has ended already
	}
	raw := &RawConnection{c: c}
	err := c.protected(raw)
	switch {
	case raw.err != nil && (err == nil || errors.Is(err, io.EOF) || errors.Is(err, raw.err)):
		return c.unreadable(raw.err)
	case err != nil:
		c.hub.options.Logger.WarnContext(c.ctx, "connection handler returned an error",
			slog.String("connection", c.caller.PublicID()), slog.Any("error", err))
		return ending{last: ws.AppendClose(nil, ws.CodeInternalError, ""), reason: EndedByError, err: err}
	default:
		return c.finally(nil, EndedByServer, nil)
	}
}

// protected turns a panic of the handler into its error.
func (c *connection) protected(raw *RawConnection) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.hub.options.Logger.ErrorContext(c.ctx, "connection handler panicked",
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.handler(c.ctx, raw)
}

var _ io.ReadWriter = (*RawConnection)(nil)
