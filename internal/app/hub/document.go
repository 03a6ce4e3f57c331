package hub

import (
	"context"
	"errors"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr"
)

// subscribeToDocument joins first and reads the record then: an update that
// comes between is sent by the join, and the older of the two is passed over.
// Who subscribes again is told the state again: leaving forgets what was sent.
func (h *Hub) subscribeToDocument(ctx context.Context, caller *signalr.Caller, id string) error {
	guid, err := fanfare.ParseGUID(id)
	if err != nil {
		return hubError(err)
	}
	topic := fanfare.DocumentTopic(guid)
	if err := caller.Leave(group(topic)); err != nil {
		return hubError(err)
	}
	if err := caller.Join(group(topic)); err != nil {
		return hubError(err)
	}
	state, err := h.documents.State(ctx, guid)
	if fanfare.CodeOf(err) == fanfare.CodeNotFound {
		return nil // perhaps another service's document: its updates will come
	}
	if err != nil {
		return hubError(err)
	}
	return hubError(h.callbacks.sendUpdate(ctx, caller.Self(), topic, state))
}

func (h *Hub) unsubscribeFromDocument(caller *signalr.Caller, id string) error {
	guid, err := fanfare.ParseGUID(id)
	if err != nil {
		return hubError(err)
	}
	return hubError(caller.Leave(group(fanfare.DocumentTopic(guid))))
}

// hubError turns an error into one that the client is told as
// `HubException: <code>: <sentence>`; what is not meant for it stays inside.
func hubError(err error) error {
	known, ok := errors.AsType[*fanfare.Error](err)
	if !ok || known.Code == fanfare.CodeInternal {
		return err
	}
	return signalr.HubError(string(known.Code) + ": " + known.Message)
}
