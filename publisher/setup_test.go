package publisher_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher"
	"github.com/fanfare-hub/fanfare/publisher/publishertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const guid = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"

// direct calls a handler without a socket, so that time may stand still.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// newPublisher returns a publisher whose requests go straight to the transport.
func newPublisher(t *testing.T, transport http.RoundTripper, adjust ...func(*publisher.Options)) *publisher.Publisher {
	t.Helper()
	options := publisher.Options{
		URL: "http://hub.test/base/", Service: "ocr", ServiceVersion: "1.2", Instance: "ocr-1", Token: "secret",
		HTTPClient: &http.Client{Transport: transport},
	}
	for _, f := range adjust {
		f(&options)
	}
	p, err := publisher.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// atBase lets a hub answer below /base.
func atBase(hub *publishertest.Hub) http.RoundTripper {
	return direct{http.StripPrefix("/base", hub)}
}

func progress(percentage int) fanfare.Event {
	return fanfare.Event{Type: fanfare.ProcessingProgress, Payload: fanfare.DocumentPayload{
		DocumentID: guid, Status: fanfare.StatusProcessing, Percentage: percentage,
	}}
}
