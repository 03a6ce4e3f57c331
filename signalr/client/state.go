package client

// State is where a client stands in its life.
type State int

// The states of a client, in the order of its life.
const (
	StateDisconnected State = iota // before Start
	StateConnecting                // within Start
	StateConnected
	StateReconnecting // between two connections
	StateClosed       // for good
)

// String returns the state's name in words.
func (s State) String() string {
	switch s {
	case StateDisconnected:
		return "disconnected"
	case StateConnecting:
		return "connecting"
	case StateConnected:
		return "connected"
	case StateReconnecting:
		return "reconnecting"
	case StateClosed:
		return "closed"
	default:
		return "unknown"
	}
}
