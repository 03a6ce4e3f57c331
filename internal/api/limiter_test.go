package api

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// postFrom sends one progress event, or a batch of n, from an address.
func postFrom(handler http.Handler, address string, n int) reply {
	media, body := structured, progressEvent("", 1)
	if n != 1 {
		media, body = batched, "["+strings.TrimSuffix(strings.Repeat(body+",", n), ",")+"]"
	}
	request := httptest.NewRequest(http.MethodPost, "/api/events", strings.NewReader(body))
	request.RemoteAddr = address
	request.Header.Set("Content-Type", media)
	return serve(handler, request)
}

func TestPublishersAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader := metric.NewManualReader()
		api, log := newHub(t, func(o *Options) {
			o.EventRate, o.EventBurst = 2, 10
			o.MeterProvider = metric.NewMeterProvider(metric.WithReader(reader))
		})
		check := func(what string, got reply, later string) {
			t.Helper()
			if got.header.Get("Retry-After") != later || (got.status == http.StatusAccepted) != (later == "") {
				t.Errorf("%s: status %d, Retry-After %q, want %q", what, got.status, got.header.Get("Retry-After"), later)
			}
		}
		check("a batch within the burst", postFrom(api, "192.0.2.1:1", 9), "")
		check("the last one", postFrom(api, "192.0.2.1:2", 1), "")
		refused := postFrom(api, "192.0.2.1:3", 1)
		check("one too many", refused, "1")
		checkProblem(t, refused, http.StatusTooManyRequests, "rate_limited", "more than 2 events a second")
		check("another client", postFrom(api, "192.0.2.2:1", 1), "")
		check("more than there is", postFrom(api, "192.0.2.2:1", 10), "1") // 1 of 9 taken, 9 of 8 to take
		<-time.After(time.Second)
		check("after a while", postFrom(api, "192.0.2.1:1", 2), "")
		check("too soon", postFrom(api, "192.0.2.1:1", 1), "1")
		<-time.After(time.Hour)
		check("a full bucket", postFrom(api, "192.0.2.1:1", 10), "")
		check("what is more than the burst", postFrom(api, "192.0.2.1:1", 100), "1")
		<-time.After(time.Minute)
		if log.seq != 23 {
			t.Errorf("%d are stored", log.seq)
		}
		if got := refusals(t, reader); got != 4 {
			t.Errorf("%d refusals are counted", got)
		}
	})
}

func refusals(t *testing.T, reader metric.Reader) (n int64) {
	t.Helper()
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		sum, ok := m.Data.(metricdata.Sum[int64])
		if m.Name != metricRefused || !ok {
			continue
		}
		for _, point := range sum.DataPoints {
			if code, _ := point.Attributes.Value("code"); code.AsString() == "rate_limited" {
				n += point.Value
			}
		}
	}
	return n
}

func TestPublishersAreNotLimitedOnRequest(t *testing.T) {
	t.Parallel()
	api, _ := newHub(t, func(o *Options) { o.EventRate = -1 })
	if api.limiter != nil {
		t.Error("there is a limiter")
	}
	for range 3 {
		if got := postFrom(api, "192.0.2.1:1", 500); got.status != http.StatusAccepted {
			t.Fatalf("status %d, body %s", got.status, got.body)
		}
	}
}

func TestTheTableOfClientsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, 2)
		address := netip.MustParseAddr("10.0.0.0")
		for range maxClients {
			address = address.Next()
			if wait := l.take(netip.PrefixFrom(address, 32), 1); wait > 0 {
				t.Fatalf("%s waits %s", address, wait)
			}
		}
		late := func() time.Duration {
			address = address.Next()
			return l.take(netip.PrefixFrom(address, 32), 2)
		}
		first, second := late(), late()
		if first != 0 || second == 0 || len(l.clients) != maxClients {
			t.Errorf("those without room do not share a bucket; %d have one", len(l.clients))
		}
		<-time.After(2 * time.Second) // all are full again
		first, second = late(), late()
		if first != 0 || second != 0 || len(l.clients) != 2 {
			t.Errorf("%d buckets are kept, want the two in use", len(l.clients))
		}
	})
}

func TestClientOf(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:5":                 "192.0.2.1/32",
		"[::ffff:192.0.2.1]:5":        "192.0.2.1/32",
		"[2001:db8:1:2:3:4:5:6]:5":    "2001:db8:1:2::/64",
		"[fe80::1%eth0]:5":            "fe80::/64",
		"@":                           "invalid Prefix",
		"":                            "invalid Prefix",
		"192.0.2.1":                   "invalid Prefix",
		"[2001:db8:1:2:ffff::1]:5000": "2001:db8:1:2::/64",
	} {
		if got := clientOf(remote).String(); got != want {
			t.Errorf("%q is %s, want %s", remote, got, want)
		}
	}
}
