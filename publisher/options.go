package publisher

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/fanfare-hub/fanfare"
)

const (
	defaultRetryFor   = 30 * time.Second // a hub's restart, with room
	defaultTryTimeout = 10 * time.Second
)

// Options say where to publish and as whom.
type Options struct {
	// URL is the hub's address, as in https://events.example.com. It is needed.
	URL string

	// Service is the name that events carry which have none of their own: 1-64
	// of A-Za-z0-9._-. It is needed.
	Service string

	// ServiceVersion is told in the events of Service; it may be empty.
	ServiceVersion string

	// Instance tells this process from others of the service. Empty is the host's
	// name and the process's number.
	Instance string

	// Token is sent as the bearer token of every request. Empty sends none.
	Token string

	// HTTPClient sends the requests. Nil is [http.DefaultClient].
	HTTPClient *http.Client

	// RetryFor is how long after the first try others begin, 30 s if zero. It
	// should stay below a minute, the shortest time for which a hub knows an event
	// again. Below zero there is one try.
	RetryFor time.Duration

	// TryTimeout bounds one try, 10 s if zero.
	TryTimeout time.Duration
}

// Publisher sends events. Make it by [New]. It has nothing to be closed.
type Publisher struct {
	endpoint string
	options  Options // with every field filled
}

// New makes a publisher. Nothing is connected yet. The error is
// CodeInvalidArgument.
func New(options Options) (*Publisher, error) {
	base, err := url.Parse(options.URL)
	if err != nil {
		return nil, fanfare.Errorf(fanfare.CodeInvalidArgument, "URL cannot be read: want the hub's address, as in http://127.0.0.1:8080: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, fanfare.Errorf(fanfare.CodeInvalidArgument, "URL is %q: want the hub's address, as in http://127.0.0.1:8080", base.Redacted())
	}
	if _, err := fanfare.ParseTopic(fanfare.ServiceTopic(options.Service).String()); err != nil {
		return nil, fanfare.Errorf(fanfare.CodeInvalidArgument, "Service is %.80q: want a name of 1 to 64 of A-Z a-z 0-9 . _ -", options.Service)
	}
	if options.HTTPClient == nil {
		options.HTTPClient = http.DefaultClient
	}
	if options.Instance == "" {
		options.Instance = instance()
	}
	if options.RetryFor == 0 {
		options.RetryFor = defaultRetryFor
	}
	if options.TryTimeout <= 0 {
		options.TryTimeout = defaultTryTimeout
	}
	return &Publisher{endpoint: base.JoinPath("api", "events").String(), options: options}, nil
}

// instance tells this process from others of the same service.
func instance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}
