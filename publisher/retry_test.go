package publisher_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher"
	"github.com/fanfare-hub/fanfare/publisher/publishertest"
)

// roundTrip is a transport as a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var errCut = errors.New("connection reset by peer")

// fate is what becomes of a try: a transport before the hub's.
type fate func(hub http.RoundTripper) http.RoundTripper

// flaky gives the first tries their fates, and passes later ones on to the hub.
func flaky(hub *publishertest.Hub, fates ...fate) (transport http.RoundTripper, tries *int) {
	tries = new(int)
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		*tries++
		if *tries <= len(fates) {
			return fates[*tries-1](atBase(hub)).RoundTrip(r)
		}
		return atBase(hub).RoundTrip(r)
	}), tries
}

func cut(http.RoundTripper) http.RoundTripper {
	return roundTrip(func(*http.Request) (*http.Response, error) { return nil, errCut })
}

// lost is a try that the hub takes and whose answer is lost.
func lost(hub http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := hub.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		response.Body.Close()
		return nil, errCut
	})
}

// torn is lost in the middle of its answer.
func torn(hub http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := hub.RoundTrip(r)
		if err == nil {
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id"`), tearing{}))
		}
		return response, err
	})
}

type tearing struct{}

func (tearing) Read([]byte) (int, error) { return 0, errCut }

// hang answers nothing until it is given up.
func hang(http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
}

// answer is a status that does not come from a hub.
func answer(status int, header ...string) fate {
	return func(http.RoundTripper) http.RoundTripper {
		return direct{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			io.WriteString(w, "<html>")
		})}
	}
}

// TestRetry: what may help is tried again, and the event is stored once.
func TestRetry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fail     []fate
		least    time.Duration // how long it takes
		most     time.Duration
		repeated bool // the hub has it before
	}{
		"never":                  {least: 0, most: 0},
		"connection cut":         {fail: times(1, cut), least: 50 * time.Millisecond, most: 100 * time.Millisecond},
		"cut again and again":    {fail: times(5, cut), least: 1550 * time.Millisecond, most: 3100 * time.Millisecond},
		"pauses stop growing":    {fail: times(10, cut), least: 9 * time.Second, most: 19 * time.Second},
		"answer lost":            {fail: times(1, lost), most: time.Second, repeated: true},
		"answer torn":            {fail: times(2, torn), most: time.Second, repeated: true},
		"a try hangs":            {fail: times(1, hang), least: 10 * time.Second, most: 11 * time.Second},
		"bad gateway":            {fail: times(1, answer(502)), most: time.Second},
		"unavailable":            {fail: times(1, answer(503)), most: time.Second},
		"gateway timeout":        {fail: times(1, answer(504)), most: time.Second},
		"too many requests":      {fail: times(1, answer(429)), most: time.Second},
		"too many, try later":    {fail: times(1, answer(429, "Retry-After", "7")), least: 7 * time.Second, most: 7 * time.Second},
		"unavailable until then": {fail: times(1, answer(503, "Retry-After", "Sat, 01 Jan 2000 00:00:08 GMT")), least: 8 * time.Second, most: 8 * time.Second},
		"no readable wish":       {fail: times(1, answer(503, "Retry-After", "soon")), most: time.Second},
		"a wish of the past":     {fail: times(1, answer(503, "Retry-After", "-5")), most: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &publishertest.Hub{}
				transport, tries := flaky(hub, test.fail...)
				begun := time.Now()
				receipt, err := newPublisher(t, transport).Publish(t.Context(), progress(40))
				if err != nil || receipt.Duplicate != test.repeated {
					t.Fatalf("%+v, %v", receipt, err)
				}
				if took := time.Since(begun); took < test.least || took > test.most {
					t.Errorf("it took %s, want %s to %s", took, test.least, test.most)
				}
				if len(hub.Events()) != 1 || *tries != len(test.fail)+1 {
					t.Errorf("%d tries, stored %+v", *tries, hub.Events())
				}
			})
		})
	}
}

func times(n int, f fate) []fate {
	all := make([]fate, n)
	for i := range all {
		all[i] = f
	}
	return all
}

// TestFinal: these are answered once, with the hub's own code and sentence.
func TestFinal(t *testing.T) {
	t.Parallel()
	for _, code := range []fanfare.Code{
		fanfare.CodeInvalidArgument, fanfare.CodeInvalidTopic, fanfare.CodeUnauthenticated, fanfare.CodeForbidden, fanfare.CodeNotFound,
		fanfare.CodeConflict, fanfare.CodeTooLarge, fanfare.CodeUnsupportedMedia, fanfare.CodeInternal,
	} {
		tries := 0
		hub := &publishertest.Hub{Before: func(w http.ResponseWriter, _ *http.Request) bool {
			tries++
			publishertest.Refuse(w, code, "because")
			return false
		}}
		_, err := newPublisher(t, atBase(hub)).Publish(t.Context(), progress(40))
		e, ok := errors.AsType[*fanfare.Error](err)
		if !ok || e.Code != code || e.Message != "because" || tries != 1 {
			t.Errorf("%s: %v after %d tries", code, err, tries)
		}
	}
}

// TestNotTheHubsAnswer: a proxy's status has the code that fits it.
func TestNotTheHubsAnswer(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]fanfare.Code{
		400: fanfare.CodeInvalidArgument, 401: fanfare.CodeUnauthenticated, 403: fanfare.CodeForbidden, 404: fanfare.CodeNotFound,
		405: fanfare.CodeInvalidArgument, 413: fanfare.CodeTooLarge, 500: fanfare.CodeInternal, 304: fanfare.CodeInternal,
		429: fanfare.CodeRateLimited, 502: fanfare.CodeUnavailable, 503: fanfare.CodeUnavailable, 504: fanfare.CodeUnavailable,
	} {
		transport, _ := flaky(&publishertest.Hub{}, answer(status))
		p := newPublisher(t, transport, func(o *publisher.Options) { o.RetryFor = -1 })
		if _, err := p.Publish(t.Context(), progress(40)); fanfare.CodeOf(err) != want {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
	}
}

// TestGivesUp: at the end of its time, with the last failure and what was tried.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &publishertest.Hub{}
		transport, tries := flaky(hub, times(100, cut)...)
		begun := time.Now()
		_, err := newPublisher(t, transport).Publish(t.Context(), progress(40))
		if took := time.Since(begun); took < 15*time.Second || took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
		if fanfare.CodeOf(err) != fanfare.CodeUnavailable || !errors.Is(err, errCut) || !strings.Contains(err.Error(), "gave up after") || *tries < 5 {
			t.Errorf("%v after %d tries", err, *tries)
		}
	})
}

// TestSilence: a hub that does not answer is no end of the caller's context.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport, _ := flaky(&publishertest.Hub{}, hang)
		p := newPublisher(t, transport, func(o *publisher.Options) { o.RetryFor, o.TryTimeout = -1, time.Minute })
		begun := time.Now()
		_, err := p.Publish(t.Context(), progress(40))
		if time.Since(begun) != time.Minute || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer in time") {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
	})
}

// TestLongWishIsNotWaitedFor: a pause beyond the time that is left ends it now.
func TestLongWishIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport, tries := flaky(&publishertest.Hub{}, answer(429, "Retry-After", "3600"))
		begun := time.Now()
		_, err := newPublisher(t, transport).Publish(t.Context(), progress(40))
		if time.Since(begun) != 0 || *tries != 1 || fanfare.CodeOf(err) != fanfare.CodeRateLimited {
			t.Errorf("%v after %d tries in %s", err, *tries, time.Since(begun))
		}
	})
}

// TestContextEnds: during a pause and during a try, and the error says both why
// it was tried again and why it ended.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]fate{"in a pause": cut, "in a try": hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				transport, _ := flaky(&publishertest.Hub{}, times(100, fail)...)
				begun := time.Now()
				_, err := newPublisher(t, transport).Publish(ctx, progress(40))
				if time.Since(begun) != 2*time.Second || !errors.Is(err, context.DeadlineExceeded) || fanfare.CodeOf(err) != fanfare.CodeUnavailable {
					t.Errorf("%v after %s", err, time.Since(begun))
				}
			})
		})
	}
}

// TestBatchIsRepeatedWhole: a batch whose answer is lost is sent again as it
// was, and what is stored is stored once.
func TestBatchIsRepeatedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &publishertest.Hub{}
		transport, _ := flaky(hub, lost, answer(503), lost)
		receipts, err := newPublisher(t, transport).PublishAll(t.Context(), []fanfare.Event{progress(1), progress(2), progress(3)})
		if err != nil || len(receipts) != 3 || len(hub.Events()) != 3 || !receipts[2].Duplicate {
			t.Errorf("%+v, %v; stored %+v", receipts, err, hub.Events())
		}
	})
}
