package signalr_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// measured reads the server's instruments.
type measured struct {
	t      *testing.T
	reader *metric.ManualReader
}

func newMeasured(t *testing.T) (*measured, *metric.MeterProvider) {
	t.Helper()
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	t.Cleanup(func() { provider.Shutdown(context.Background()) })
	return &measured{t, reader}, provider
}

func (m *measured) find(name string) metricdata.Metrics {
	m.t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(context.Background(), &all); err != nil {
		m.t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			if metric.Name == name && scope.Scope.Name == "Microsoft.AspNetCore.Http.Connections" { // OBS-04
				return metric
			}
		}
	}
	return metricdata.Metrics{}
}

// active is the number of connections of a transport.
func (m *measured) active(transport string) int64 {
	m.t.Helper()
	found := m.find("signalr.server.active_connections")
	sum, _ := found.Data.(metricdata.Sum[int64])
	if found.Unit != "{connection}" && found.Name != "" || sum.IsMonotonic {
		m.t.Errorf("%+v", found)
	}
	for _, point := range sum.DataPoints {
		if point.Attributes.Equals(set("signalr.transport", transport)) {
			return point.Value
		}
	}
	return 0
}

// ended is the number of connections of a transport that ended so.
func (m *measured) ended(transport, status string) uint64 {
	m.t.Helper()
	found := m.find("signalr.server.connection.duration")
	histogram, _ := found.Data.(metricdata.Histogram[float64])
	for _, point := range histogram.DataPoints {
		bounds := []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300}
		if !slices.Equal(point.Bounds, bounds) || found.Unit != "s" {
			m.t.Errorf("%v in %s", point.Bounds, found.Unit)
		}
		if point.Attributes.Equals(set("signalr.transport", transport, "signalr.connection.status", status)) {
			return point.Count
		}
	}
	return 0
}

func set(pairs ...string) *attribute.Set {
	var attributes []attribute.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		attributes = append(attributes, attribute.String(pairs[i], pairs[i+1]))
	}
	made := attribute.NewSet(attributes...)
	return &made
}

// OBS-01, OBS-02: each connection with a transport counts once, while it is
// there and at its end; polls, and connections that were only negotiated, do
// not.
func TestConnectionMetrics(t *testing.T) {
	t.Parallel()
	m, provider := newMeasured(t)
	b := setup(t, options{server: &signalr.ServerOptions{Meter: provider}})
	b.web(t)
	polls, stream := b.polling(t), b.streaming(t)
	last := b.connect(t)
	socket := b.connect(t)
	for transport, want := range map[string]int64{"web_sockets": 2, "server_sent_events": 1, "long_polling": 1} {
		if got := m.active(transport); got != want {
			t.Errorf("%s: %d are active, want %d", transport, got, want)
		}
	}
	socket.conn.WriteClose(ws.CodeNormal, "")
	stream.hangUp()
	polls.expect(http.MethodDelete, "", http.StatusAccepted, "")
	waitFor(t, func() bool { return m.active("web_sockets") == 1 })
	for _, transport := range []string{"web_sockets", "server_sent_events", "long_polling"} {
		waitFor(t, func() bool { return m.ended(transport, "normal_closure") == 1 })
	}
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(context.Background()) }()
	last.want(`{"type":7,"allowReconnect":true}`)
	last.wantClosed()
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
	if got := m.ended("web_sockets", "app_shutdown"); got != 1 {
		t.Errorf("%d were shut down", got)
	}
	for _, transport := range []string{"web_sockets", "server_sent_events", "long_polling"} {
		if got := m.active(transport); got != 0 {
			t.Errorf("%s: %d are active", transport, got)
		}
	}
}

// OBS-03: a timeout is that no poll, or no new WebSocket, came; a silent client
// and a bad message are not.
func TestTimeoutMetric(t *testing.T) {
	t.Parallel()
	m, provider := newMeasured(t)
	b := setup(t, options{
		server:   &signalr.ServerOptions{Meter: provider, TickInterval: time.Millisecond, DisconnectTimeout: 2 * time.Second},
		hub:      &signalr.HubOptions{ClientTimeoutInterval: 10 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
	})
	silent, broken := b.connect(t), b.connect(t)
	silent.send(`{"type":6}`)
	broken.send(`nonsense`)
	waitFor(t, func() bool { return m.ended("web_sockets", "normal_closure") == 2 })
	gone := b.dial(t, "id="+b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken)
	gone.send(`{"protocol":"json","version":2}`)
	gone.want(`{}`)
	gone.conn.Close()
	left := b.web(t)
	left.poll()
	left.post(shake)
	left.poll(`{}`)
	waitFor(t, func() bool { return m.ended("web_sockets", "timeout") == 1 && m.ended("long_polling", "timeout") == 1 })
}
