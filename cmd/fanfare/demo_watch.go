package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/app"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// callback is one call of a client method by the server, as it arrived.
type callback struct {
	Method    fanfare.Callback `json:"method"`
	Arguments []any            `json:"arguments"`

	update *update // of ReceiveProcessingUpdate
	alert  *alert  // of ReceiveComplianceAlert
}

type update struct {
	id         string
	status     fanfare.Status
	percentage int
}

type alert struct {
	framework string
	message   string
	severity  int
}

// view shows what arrives. Its methods are called from one goroutine. An error
// says that nobody can see it.
type view interface {
	accepted(id, name string)
	arrived(c callback) error
	finished(documents []told, alerts int)
}

// told is what the API tells of a document, as far as the demo needs it.
type told struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Status   fanfare.Status   `json:"status"`
	Pages    int              `json:"pages"`
	Words    int              `json:"words"`
	Findings []any            `json:"findings"`
	Error    *fanfare.Failure `json:"error"`
}

// watcher follows documents through the hub and checks, beside the API, that
// nothing was missed. The goroutine that runs it shows what arrives, and never
// waits for anything else: the uploads have one of their own.
type watcher struct {
	url      string
	hub      *client.Client
	show     view
	arrivals chan callback // from the client's handlers
	accepted chan told     // from the uploads, closed after the last
	refused  chan error    // the end of the uploads, if they failed

	// Owned by run.
	ids       []string                  // of the documents accepted so far
	uploaded  bool                      // all are
	last      map[string]fanfare.Status // by document id, from callbacks only
	alerts    int
	doneSince time.Time // when the records of all documents were terminal
}

// watch uploads, follows, and returns when every document is done.
func watch(ctx context.Context, server *app.App, uploads []upload, show view) error {
	w := &watcher{
		url:      server.URL(),
		hub:      client.New(server.URL()+apphub.Path, nil),
		show:     show,
		arrivals: make(chan callback, 256),
		accepted: make(chan told),
		refused:  make(chan error, 1),
		last:     map[string]fanfare.Status{},
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.listen(ctx)
	if err := w.hub.Start(ctx); err != nil {
		return fmt.Errorf("connect to the hub: %w", err)
	}
	var uploading sync.WaitGroup
	uploading.Go(func() { w.upload(ctx, uploads) })
	err := w.run(ctx, server.Failed())
	cancel()
	uploading.Wait()
	stopping, stopped := context.WithTimeout(context.WithoutCancel(ctx), demoStop)
	defer stopped()
	return errors.Join(err, w.hub.Stop(stopping))
}

// listen hands every callback of the contract to the watcher's goroutine.
func (w *watcher) listen(ctx context.Context) {
	pass := func(c callback) {
		select {
		case w.arrivals <- c:
		case <-ctx.Done():
		}
	}
	w.hub.On(string(fanfare.CallbackProcessing), func(id, status string, percentage int) {
		u := &update{id, fanfare.Status(status), percentage}
		pass(callback{Method: fanfare.CallbackProcessing, Arguments: []any{id, status, percentage}, update: u})
	})
	w.hub.On(string(fanfare.CallbackAlert), func(framework, message string, severity int) {
		a := &alert{framework, message, severity}
		pass(callback{Method: fanfare.CallbackAlert, Arguments: []any{framework, message, severity}, alert: a})
	})
	w.hub.On(string(fanfare.CallbackHealth), func(service, status string, metrics json.RawMessage) {
		pass(callback{Method: fanfare.CallbackHealth, Arguments: []any{service, status, metrics}})
	})
	w.hub.On(string(fanfare.CallbackNotification), func(service, message, kind string) {
		pass(callback{Method: fanfare.CallbackNotification, Arguments: []any{service, message, kind}})
	})
}

// upload sends the documents, one after the other.
func (w *watcher) upload(ctx context.Context, uploads []upload) {
	for _, u := range uploads {
		if err := w.follow(ctx, u); err != nil {
			w.refused <- fmt.Errorf("%s: %w", u.name, err)
			return
		}
	}
	close(w.accepted)
}

// follow uploads a document and subscribes to it.
func (w *watcher) follow(ctx context.Context, u upload) error {
	body, err := u.open()
	if err != nil {
		return err
	}
	defer body.Close()
	accepted, err := w.post(ctx, u.name, body)
	if err != nil {
		return err
	}
	select {
	case w.accepted <- accepted:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := w.hub.Invoke(ctx, nil, "SubscribeToDocument", accepted.ID); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

func (u upload) open() (io.ReadCloser, error) {
	if u.path == "" {
		return io.NopCloser(bytes.NewReader(u.data)), nil
	}
	return os.Open(u.path)
}

// post uploads one body; a refusal is the problem's own sentence.
func (w *watcher) post(ctx context.Context, name string, body io.Reader) (told, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/api/documents?name="+url.QueryEscape(name), body)
	if err != nil {
		return told{}, err
	}
	return call[told](request)
}

// call makes a request of the API and decodes its answer.
func call[T any](request *http.Request) (T, error) {
	var answer T
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		var problem struct{ Detail string }
		if err := json.NewDecoder(response.Body).Decode(&problem); err != nil || problem.Detail == "" {
			return answer, errors.New(response.Status)
		}
		return answer, errors.New(problem.Detail)
	}
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}

func (w *watcher) take(c callback) error {
	if c.update != nil {
		w.last[c.update.id] = c.update.status
	}
	if c.alert != nil {
		w.alerts++
	}
	return w.show.arrived(c)
}

// accept notes a document, or that there will be no more.
func (w *watcher) accept(d told, more bool) {
	if !more {
		w.uploaded, w.accepted = true, nil
		return
	}
	w.ids = append(w.ids, d.ID)
	w.show.accepted(d.ID, d.Name)
}

// run shows callbacks until all documents are done. The records, asked beside,
// tell what should have come: when they are terminal and the callbacks do not
// follow within the grace, something was missed.
func (w *watcher) run(ctx context.Context, broken <-chan error) error {
	check := time.NewTicker(200 * time.Millisecond)
	defer check.Stop()
	for done := false; !done; {
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case err = <-broken:
		case err = <-w.refused:
		case <-w.hub.Done():
			err = fmt.Errorf("connection to the hub lost: %w", w.hub.Err())
		case d, more := <-w.accepted:
			w.accept(d, more)
		case c := <-w.arrivals:
			err = w.take(c)
		case now := <-check.C:
			done, err = w.check(ctx, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check compares the records with what has arrived. It is done when nothing
// is missing, or is missing for longer than the grace.
func (w *watcher) check(ctx context.Context, now time.Time) (done bool, err error) {
	if !w.uploaded {
		return false, nil
	}
	documents, err := w.records(ctx)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(documents, func(d told) bool { return !d.Status.Terminal() }) {
		return false, nil
	}
	if w.doneSince.IsZero() {
		w.doneSince = now
	}
	missed := w.missed(documents)
	if missed != "" && now.Sub(w.doneSince) <= grace {
		return false, nil
	}
	w.show.finished(documents, w.alerts)
	if missed != "" {
		return true, errors.New("missed: " + missed)
	}
	return true, nil
}

// records asks the API for the documents, in the order of their uploads.
func (w *watcher) records(ctx context.Context) ([]told, error) {
	documents := make([]told, 0, len(w.ids))
	for _, id := range w.ids {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/api/documents/"+id, nil)
		if err != nil {
			return nil, err
		}
		d, err := call[told](request)
		if err != nil {
			return nil, fmt.Errorf("read document %s: %w", id, err)
		}
		documents = append(documents, d)
	}
	return documents, nil
}

// missed names what the records have and the callbacks did not bring.
func (w *watcher) missed(documents []told) string {
	var missing []string
	findings := 0
	for _, d := range documents {
		findings += len(d.Findings)
		if w.last[d.ID] != d.Status {
			missing = append(missing, fmt.Sprintf("%s is %s, last told %q", d.Name, d.Status, w.last[d.ID]))
		}
	}
	if w.alerts < findings {
		missing = append(missing, fmt.Sprintf("%d alerts of %d", findings-w.alerts, findings))
	}
	return strings.Join(missing, "; ")
}
