package hubproto

import "strings"

// Transports is a set of transports.
type Transports uint8

// The transports that there are. Servers offer and clients try them in this
// order (NEG-09).
const (
	WebSockets Transports = 1 << iota
	ServerSentEvents
	LongPolling

	AllTransports = WebSockets | ServerSentEvents | LongPolling
)

// The transports by the names that they have in the negotiate document
// (NEG-09).
const (
	TransportWebSockets       = "WebSockets"
	TransportServerSentEvents = "ServerSentEvents"
	TransportLongPolling      = "LongPolling"
)

// String lists the transports by the names that they have on the wire.
func (t Transports) String() string {
	var names []string
	for i, name := range [...]string{TransportWebSockets, TransportServerSentEvents, TransportLongPolling} {
		if t&(WebSockets<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// TransportNamed is the transport of a name on the wire, 0 if there is none.
func TransportNamed(name string) Transports {
	for t := WebSockets; t&AllTransports != 0; t <<= 1 {
		if t.String() == name {
			return t
		}
	}
	return 0
}
