package api

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/fanfare-hub/fanfare"
)

// The answers of ASP.NET Core's health checks, which Aspire and its clients
// know.
const (
	textHealthy   = "Healthy"
	textDegraded  = "Degraded"
	textUnhealthy = "Unhealthy"
)

// showHealth is readiness: whether requests should be sent here.
func (a *API) showHealth(w http.ResponseWriter, r *http.Request) error {
	status, _ := a.health.Current()
	text := healthText(status)
	if err := a.ready(); err != nil {
		a.logger.WarnContext(r.Context(), "not ready", slog.Any("error", err))
		text = textUnhealthy
	}
	writeHealth(w, text)
	return nil
}

// showAlive is liveness: that this answer comes is the answer.
func (a *API) showAlive(w http.ResponseWriter, _ *http.Request) error {
	writeHealth(w, textHealthy)
	return nil
}

// healthText folds the five statuses into ASP.NET Core's three. Unknown is how
// a process feels that has not been measured yet; it serves.
func healthText(status fanfare.HealthStatus) string {
	switch status {
	case fanfare.HealthCritical:
		return textUnhealthy
	case fanfare.HealthDegraded, fanfare.HealthWarning:
		return textDegraded
	case fanfare.HealthHealthy, fanfare.HealthUnknown:
	}
	return textHealthy
}

// writeHealth answers as ASP.NET Core does, headers included: no cache may
// keep it.
func writeHealth(w http.ResponseWriter, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/plain")
	header.Set("Cache-Control", "no-store, no-cache")
	header.Set("Pragma", "no-cache")
	header.Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
	if text == textUnhealthy {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	io.WriteString(w, text) //nolint:errcheck // a client that is gone is not our concern
}
