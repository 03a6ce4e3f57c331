package publisher

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// BroadcastProcessingUpdate tells where a document stands, by an event of the
// type that the status calls for. The document's GUID may be in any case; the
// percentage is 0-100 and should not fall. Who watches the document is told.
// [Publisher.Document] says more: messages, and why it failed.
func (p *Publisher) BroadcastProcessingUpdate(ctx context.Context, documentID string, status fanfare.Status, percentage int) error {
	guid, err := fanfare.ParseGUID(documentID)
	if err != nil {
		return err
	}
	return p.update(ctx, fanfare.DocumentPayload{DocumentID: guid, Status: status, Percentage: percentage})
}

// BroadcastComplianceAlert tells of a finding of this severity, 1-10. Without a
// target user everybody who follows this service is told.
func (p *Publisher) BroadcastComplianceAlert(ctx context.Context, framework, message string, severity int, targetUser string) error {
	_, err := p.Publish(ctx, fanfare.Event{Type: fanfare.ComplianceAlert, TargetUser: targetUser, Payload: fanfare.AlertPayload{
		Framework: framework, Message: message, Severity: severity,
	}})
	return err
}

func (p *Publisher) update(ctx context.Context, payload fanfare.DocumentPayload) error {
	kind, err := payload.Status.EventType()
	if err != nil {
		return err
	}
	payload.ServiceInstance = p.options.Instance
	_, err = p.Publish(ctx, fanfare.Event{Type: kind, Payload: payload})
	return err
}
