package signalr_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// fronted is an http.Server with hubs, with or without a front.
type fronted struct {
	server *signalr.Server
	web    *http.Server
	addr   string
	ended  chan error
}

// newFronted serves hubs with every kind of endpoint option.
func newFronted(t *testing.T, front bool, web *http.Server) *fronted {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fronted{server: newServer(nil), web: web, addr: listener.Addr().String(), ended: make(chan error, 1)}
	hub := signalr.NewHub(nil)
	room(hub)
	for path, o := range map[string]*signalr.EndpointOptions{
		"/hub":      nil,
		"/version1": {MinimumProtocolVersion: 1},
		"/polls":    {Transports: signalr.LongPolling},
		"/stateful": {AllowStatefulReconnects: true},
		"/elsewhere": {Redirect: func(r *http.Request, _ any) (string, string) {
			return "http://elsewhere/" + r.URL.Query().Get("to"), "token"
		}},
		"/picky": {CheckOrigin: func(r *http.Request) bool { return r.Header.Get("X-Nice") == "yes" }},
		"/who": {Authenticate: func(r *http.Request) (any, string, time.Time, error) {
			switch signalr.BearerToken(r) {
			case "":
				return nil, "", time.Time{}, errors.New("who is that")
			case "banned":
				return nil, "", time.Time{}, signalr.ErrForbidden
			}
			return nil, "ann", time.Time{}, nil
		}},
		"/panics": {Authenticate: func(*http.Request) (any, string, time.Time, error) { panic(http.ErrAbortHandler) }},
	} {
		f.server.MapHub(path, hub, o)
	}
	f.web.Handler = f.server
	if front {
		listener = f.server.Front(listener, web)
	}
	go func() { f.ended <- web.Serve(listener) }()
	t.Cleanup(func() { f.stop(t) })
	return f
}

func (f *fronted) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := errors.Join(f.server.Shutdown(ctx), f.web.Shutdown(ctx)); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// dial opens a connection without saying anything.
func (f *fronted) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

// exchange sends pieces one after the other and half-closes the connection. It
// returns all that comes back.
func (f *fronted) exchange(t *testing.T, pieces ...string) string {
	t.Helper()
	conn := f.dial(t)
	for _, piece := range pieces {
		if _, err := io.WriteString(conn, piece); err != nil {
			break // it has answered already, and closed
		}
	}
	_ = conn.CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		return "reset"
	}
	return string(answer)
}

var changing = regexp.MustCompile(`Date: [^\r]*|"connection(Id|Token)":"[^"]*"`)

const (
	rawPost    = "POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
	rawUpgrade = "GET /hub HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

// What clients see is the same to the byte, whoever answers.
func TestFrontAnswersAsNetHTTP(t *testing.T) {
	t.Parallel()
	plain := newFronted(t, false, &http.Server{ReadHeaderTimeout: patience})
	front := newFronted(t, true, &http.Server{ReadHeaderTimeout: patience})
	post := func(old, other string) string { return strings.Replace(rawPost, old, other, 1) }
	open := func(old, other string) string { return strings.Replace(rawUpgrade, old, other, 1) }
	for name, pieces := range map[string][]string{
		"negotiate":           {rawPost},
		"no body":             {post("Content-Length: 0\r\n", "")},
		"version 0":           {post("?negotiateVersion=1", "")},
		"bad version":         {post("=1", "=x")},
		"old version":         {post("/hub/negotiate?negotiateVersion=1", "/version1/negotiate")},
		"any case":            {post("/hub/negotiate?n", "/HUB/Negotiate/?N")},
		"stateful":            {post("/hub/negotiate?", "/stateful/negotiate?useStatefulReconnect=true&")},
		"some transports":     {post("/hub", "/polls")},
		"redirect":            {post("/hub/negotiate?", "/elsewhere/negotiate?to=x&")},
		"nobody":              {post("/hub", "/who")},
		"banned":              {post("/hub", "/who"), ""},
		"bearer":              {strings.Replace(post("/hub", "/who"), "Host", "Authorization: Bearer x\r\nHost", 1)},
		"forbidden":           {strings.Replace(post("/hub", "/who"), "Host", "Authorization: Bearer banned\r\nHost", 1)},
		"panic":               {post("/hub", "/panics")},
		"body":                {post("0\r\n\r\n", "2\r\n\r\n{}")},
		"chunked":             {post("Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
		"two lengths":         {post("Content-Length: 0", "Content-Length: 0\r\nContent-Length: 5")},
		"length and chunked":  {post("Content-Length: 0", "Content-Length: 0\r\nTransfer-Encoding: chunked"), "0\r\n\r\n"},
		"close":               {post("Host", "Connection: close\r\nHost"), rawPost},
		"HTTP/1.0":            {post("1.1", "1.0")},
		"no host":             {post("Host: a\r\n", "")},
		"two hosts":           {post("Host: a", "Host: a\r\nHost: b")},
		"folded":              {post("Host: a", "Host: a\r\nX: b\r\n c")},
		"lines of LF":         {strings.ReplaceAll(rawPost, "\r\n", "\n")},
		"space before colon":  {post("Host:", "X : y\r\nHost:")},
		"absolute":            {post("/hub", "http://a/hub")},
		"escaped":             {post("/hub", "/h%75b")},
		"fragment":            {post("=1", "=1#x")},
		"unknown path":        {post("/hub", "/nothing")},
		"wrong method":        {strings.Replace(post("POST", "GET"), "Content-Length: 0\r\n", "", 1)},
		"expect":              {post("Content-Length: 0", "Expect: 200-maybe")},
		"large head":          {post("Host", "X: "+strings.Repeat("x", 5000)+"\r\nHost")},
		"pipelined":           {rawPost + rawPost + post("/hub", "/polls") + post("/hub", "/nothing") + rawPost},
		"lines between":       {rawPost + "\r\n" + rawPost + "\r\n\r\n" + rawPost + "\n\n\n\n\n" + rawPost},
		"then the rest":       {rawPost, "DELETE /hub?id=x HTTP/1.1\r\nHost: a\r\n\r\n", rawPost},
		"upgrade after":       {rawPost, rawUpgrade},
		"upgrade":             {rawUpgrade},
		"upgrade and more":    {rawUpgrade + "\x81\x80\x00\x00\x00\x00" + "\x88\x80\x00\x00\x00\x00"},
		"upgrade as Firefox":  {open("Connection: ", "Accept: */*\r\nPragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: http://a\r\nConnection: keep-alive, ")},
		"upgrade, bad token":  {open("/hub", "/hub?id=x"), rawPost},
		"upgrade, bad key":    {open("ZQ==", "ZQ"), rawPost},
		"upgrade, no key":     {open("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), rawPost},
		"upgrade, version 12": {open("13", "12"), rawPost},
		"upgrade, not there":  {open("/hub", "/polls")},
		"upgrade, nobody":     {open("/hub", "/who")},
		"upgrade, in query":   {open("/hub", "/who?access_token=x")},
		"upgrade, origin":     {open("Host", "Origin: http://b\r\nHost")},
		"upgrade, nice":       {open("GET /hub HTTP/1.1", "GET /picky HTTP/1.1\r\nX-Nice: yes")},
		"upgrade, not nice":   {open("/hub", "/picky"), rawPost},
		"upgrade, events":     {open("Host", "Accept: text/event-stream\r\nHost")},
		"upgrade, body":       {open("Host", "Content-Length: 3\r\nHost") + "abc"},
		"preface":             {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		"TLS":                 {"\x16\x03\x01\x00\x05hello"},
		"half":                {rawPost[:30]},
		"nothing":             {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := changing.ReplaceAllString(plain.exchange(t, pieces...), "$1")
			got := changing.ReplaceAllString(front.exchange(t, pieces...), "$1")
			if got != want {
				t.Errorf("sent %q\ngot  %q\nwant %q", pieces, got, want)
			}
		})
	}
}

// Heads may come a byte at a time.
func TestFrontTakesPieces(t *testing.T) {
	t.Parallel()
	f := newFronted(t, true, &http.Server{ReadHeaderTimeout: patience})
	answer := f.exchange(t, strings.Split(rawPost+rawPost+strings.Replace(rawPost, "/hub", "/nothing", 1), "")...)
	if strings.Count(answer, "200 OK") != 2 || strings.Count(answer, "404 Not Found") != 1 {
		t.Errorf("got %q", answer)
	}
}

// wantEnd reads until the connection ends.
func wantEnd(t *testing.T, conn net.Conn) string {
	t.Helper()
	rest, err := io.ReadAll(conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Error("the connection is still open")
	}
	return string(rest)
}

// Who never gets to the end of a head, or says no more, is closed as by
// net/http.
func TestFrontTimeouts(t *testing.T) {
	t.Parallel()
	web := func() *http.Server {
		return &http.Server{ReadHeaderTimeout: 50 * time.Millisecond, IdleTimeout: 100 * time.Millisecond}
	}
	for _, front := range []bool{false, true} {
		for _, sent := range []string{"", rawPost[:20], rawPost, rawPost + rawPost[:20]} {
			t.Run(fmt.Sprint(front, len(sent)), func(t *testing.T) {
				t.Parallel()
				conn := newFronted(t, front, web()).dial(t)
				if _, err := io.WriteString(conn, sent); err != nil {
					t.Fatal(err)
				}
				// Half a request line is a bad request.
				if answers := strings.Count(wantEnd(t, conn), "HTTP/1.1 "); answers != strings.Count(sent, "POST") {
					t.Errorf("%d answers", answers)
				}
			})
		}
	}
}

// In whatever order the two are shut down, connections that wait are closed,
// and no goroutine is left: see TestMain.
func TestFrontShutdown(t *testing.T) {
	t.Parallel()
	for _, webFirst := range []bool{false, true} {
		t.Run(strconv.FormatBool(webFirst), func(t *testing.T) {
			t.Parallel()
			f := newFronted(t, true, &http.Server{ReadHeaderTimeout: patience})
			fresh, half, idle, open := f.dial(t), f.dial(t), f.dial(t), f.dial(t)
			answered := bufio.NewReader(idle)
			_, _ = io.WriteString(half, rawPost[:20])
			_, _ = io.WriteString(idle, rawPost)
			if line, err := answered.ReadString('\n'); line != "HTTP/1.1 200 OK\r\n" {
				t.Fatal(line, err)
			}
			_, _ = io.WriteString(open, rawUpgrade+"\x81\xa0\x00\x00\x00\x00"+`{"protocol":"json","version":1}`+"\x1e")
			waitFor(t, func() bool { return f.server.Connections() == 1 })
			if webFirst {
				if err := f.web.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			} else if err := f.server.Shutdown(t.Context()); err != nil {
				t.Error(err)
			} else if got := f.exchange(t, rawPost); !strings.Contains(got, "503") || !strings.Contains(got, "Connection: close") {
				t.Errorf("after the server's Shutdown: got %q", got)
			}
			f.stop(t)
			for _, conn := range []net.Conn{fresh, half, idle, open} {
				wantEnd(t, conn)
			}
			if err := receive(t, f.ended); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

// A request that is being answered when the listener is closed is answered, and
// Server.Shutdown waits for it.
func TestFrontAnswersBeforeShutdown(t *testing.T) {
	t.Parallel()
	entered, goOn := make(chan context.Context, 1), make(chan struct{})
	server := newServer(nil)
	server.MapHub("/hub", signalr.NewHub(nil), &signalr.EndpointOptions{
		Authenticate: func(r *http.Request) (any, string, time.Time, error) {
			entered <- r.Context()
			<-goOn
			return nil, "", time.Time{}, nil
		},
	})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: patience}
	f := &fronted{server: server, web: web, addr: listener.Addr().String(), ended: make(chan error, 1)}
	go func() { f.ended <- web.Serve(server.Front(listener, web)) }()
	conn := f.dial(t)
	_, _ = io.WriteString(conn, rawPost)
	ctx := receive(t, entered)
	if addr, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr); addr == nil || addr.String() != f.addr || ctx.Value(http.ServerContextKey) != web {
		t.Errorf("the context says %v, %v", addr, ctx.Value(http.ServerContextKey))
	}
	if err := web.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	over := make(chan error, 1)
	go func() { over <- server.Shutdown(context.Background()) }()
	select {
	case err := <-over:
		t.Errorf("Shutdown did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	if answer := wantEnd(t, conn); !strings.Contains(answer, "\r\nConnection: close\r\n") {
		t.Errorf("got %q", answer)
	}
	if err := receive(t, over); err != nil {
		t.Error(err)
	}
	if ctx.Err() == nil {
		t.Error("the request's context has not ended")
	}
}
