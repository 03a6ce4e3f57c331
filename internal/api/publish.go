package api

import (
	"context"
	"mime"
	"net/http"
	"strings"

	"github.com/fanfare-hub/fanfare"
)

const (
	eventType = "application/cloudevents+json"
	batchType = "application/cloudevents-batch+json"

	// maxEventBody leaves room for escapes and white space, which are not
	// stored: the limit of an event is that of its stored form.
	maxEventBody = 1 << 20
)

// Emitter stores events and routes them.
type Emitter interface {
	Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error)
	EmitAll(ctx context.Context, events []fanfare.Event) ([]fanfare.Receipt, error)
}

// publish takes events in, in one of four forms. A request costs its client as
// much as the events that it holds, and at least as much as one.
func (a *API) publish(w http.ResponseWriter, r *http.Request) error {
	form, err := formOf(r.Header)
	if err != nil {
		return err
	}
	if err := a.charge(r, 1); err != nil {
		return err
	}
	if form == batchForm {
		return a.publishBatch(w, r)
	}
	body, err := a.body(w, r, bodyParams{what: "single event", limit: maxEventBody}).all()
	if err != nil {
		return err
	}
	event, err := form.decode(r.Header, body)
	if err != nil {
		return err
	}
	receipt, err := a.emitter.Emit(r.Context(), event)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, jsonType, receipt)
}

func (a *API) publishBatch(w http.ResponseWriter, r *http.Request) error {
	body, err := a.body(w, r, bodyParams{what: "batch", limit: fanfare.MaxBatchBytes}).all()
	if err != nil {
		return err
	}
	events, err := fanfare.DecodeCloudEvents(body)
	if err != nil {
		return err
	}
	if err := a.charge(r, len(events)-1); err != nil {
		return err
	}
	receipts, err := a.emitter.EmitAll(r.Context(), events)
	if err != nil {
		return err
	}
	if receipts == nil {
		receipts = []fanfare.Receipt{} // of an empty batch, in JSON a list too
	}
	return writeJSON(w, http.StatusAccepted, jsonType, receipts)
}

// charge takes events off what the client may publish now.
func (a *API) charge(r *http.Request, events int) error {
	if a.limiter == nil || events < 1 {
		return nil
	}
	wait := a.limiter.take(clientOf(r.RemoteAddr), events)
	if wait <= 0 {
		return nil
	}
	return &laterError{after: wait, err: fanfare.Errorf(fanfare.CodeRateLimited,
		"this address publishes more than %g events a second: send the same again later", float64(a.limiter.limit))}
}

// publishForm is how a request holds its events.
type publishForm int

const (
	structuredForm publishForm = iota
	batchForm
	binaryForm
	dotNetForm
)

func (f publishForm) decode(header http.Header, body []byte) (fanfare.Event, error) {
	switch f {
	case binaryForm:
		return fanfare.DecodeCloudEventHeaders(header, body)
	case dotNetForm:
		return fanfare.DecodeDotNet(body)
	case structuredForm, batchForm:
	}
	return fanfare.DecodeCloudEvent(body)
}

// formOf goes by the content type; JSON is the data of a binary event if there
// are attributes in the headers.
func formOf(header http.Header) (publishForm, error) {
	if err := checkBodyForm(header); err != nil {
		return 0, err
	}
	given := header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(given)
	binary := hasAttributes(header)
	switch {
	case err == nil && media == eventType:
		return structuredForm, nil
	case err == nil && media == batchType:
		return batchForm, nil
	case binary && (given == "" || err == nil && isJSON(media)):
		return binaryForm, nil
	case !binary && err == nil && media == jsonType:
		return dotNetForm, nil
	}
	return 0, fanfare.Errorf(fanfare.CodeUnsupportedMedia,
		"Content-Type is %q: send %s, %s, %s with ce- headers, or %s of a .NET service (with curl: -H 'Content-Type: …')", given, eventType, batchType, jsonType, jsonType)
}

func isJSON(media string) bool {
	return media == jsonType || strings.HasSuffix(media, "+json") && !strings.HasPrefix(media, "application/cloudevents")
}

func hasAttributes(header http.Header) bool {
	for name := range header {
		if strings.HasPrefix(name, "Ce-") {
			return true
		}
	}
	return false
}
