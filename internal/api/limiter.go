package api

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxClients bounds the table of clients, some 2 MB: the threat is one that has
// many addresses.
const maxClients = 10_000

// sweepEvery bounds the work of looking for room in a full table.
const sweepEvery = time.Second

// limiter is a token bucket per client. Those that find no room in the table
// share one.
type limiter struct {
	limit rate.Limit // tokens per second
	burst int

	mu      sync.Mutex // guards what follows
	clients map[netip.Prefix]*rate.Limiter
	others  *rate.Limiter
	swept   time.Time
}

func newLimiter(perSecond float64, burst int) *limiter {
	limit := rate.Limit(perSecond)
	return &limiter{limit: limit, burst: burst, clients: map[netip.Prefix]*rate.Limiter{}, others: rate.NewLimiter(limit, burst)}
}

// take takes n tokens, or none and returns how long the client has to wait for
// them. More than the burst would never be there: it is taken for so many.
func (l *limiter) take(client netip.Prefix, n int) time.Duration {
	now := time.Now()
	taken := l.bucket(client, now).ReserveN(now, min(n, l.burst))
	wait := taken.DelayFrom(now)
	if wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}

func (l *limiter) bucket(client netip.Prefix, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.clients[client]; known != nil {
		return known
	}
	if len(l.clients) >= maxClients {
		l.sweepLocked(now)
	}
	if len(l.clients) >= maxClients {
		return l.others
	}
	l.clients[client] = rate.NewLimiter(l.limit, l.burst)
	return l.clients[client]
}

// sweepLocked forgets the full buckets: a new one is the same.
func (l *limiter) sweepLocked(now time.Time) {
	if now.Sub(l.swept) < sweepEvery {
		return
	}
	l.swept = now
	for client, bucket := range l.clients {
		if bucket.TokensAt(now) >= float64(l.burst) {
			delete(l.clients, client)
		}
	}
}

// clientOf tells clients apart by the address of the connection; what a header
// says of it could be anything. An IPv6 client has the addresses of a whole /64.
func clientOf(remote string) netip.Prefix {
	const network = 64
	port, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{} // as in tests: one client
	}
	address := port.Addr().Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = network
	}
	client, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return client
}
