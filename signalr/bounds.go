package signalr

import (
	"fmt"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// The bounds of one message that ASP.NET Core does not have (SEC-01). What
// they bound is kept, and could otherwise be as long as a message: the ids of
// streams by their connection, headers by the context of a call.
const (
	DefaultMaximumNameLength = 512 // bytes
	DefaultMaximumHeaders    = 64
)

// check says whether the names in a message of a client are too long, or its
// headers too many.
func (o *HubOptions) check(m hubproto.Message) error {
	switch m := m.(type) {
	case *hubproto.Invocation:
		if err := o.checkNames(m.StreamIDs...); err != nil {
			return err
		}
		return o.checkHead(m.Headers, m.InvocationID, m.Target)
	case *hubproto.StreamItem:
		return o.checkHead(m.Headers, m.InvocationID)
	case *hubproto.Completion:
		return o.checkHead(m.Headers, m.InvocationID)
	case *hubproto.CancelInvocation:
		return o.checkHead(m.Headers, m.InvocationID)
	default:
		return nil
	}
}

func (o *HubOptions) checkHead(headers map[string]string, names ...string) error {
	if over(len(headers), o.MaximumHeaders) {
		return &namedError{nameInvalidData, fmt.Sprintf("The message has more than %d headers.", o.MaximumHeaders)}
	}
	return o.checkNames(names...)
}

func (o *HubOptions) checkNames(names ...string) error {
	for _, name := range names {
		if over(len(name), o.MaximumNameLength) {
			return &namedError{nameInvalidData, fmt.Sprintf("The message has an id or a target longer than %d bytes.", o.MaximumNameLength)}
		}
	}
	return nil
}
