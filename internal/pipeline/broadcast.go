package pipeline

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// BroadcastProcessingUpdate emits where a document stands, as an event of the
// type that the status calls for. The document's GUID may be in any case; the
// percentage is 0-100.
func (p *Processor) BroadcastProcessingUpdate(ctx context.Context, documentID string, status fanfare.Status, percentage int) error {
	kind, err := status.EventType()
	if err != nil {
		return err
	}
	guid, err := fanfare.ParseGUID(documentID)
	if err != nil {
		return err
	}
	_, err = p.Emit(ctx, fanfare.Event{Type: kind, Payload: fanfare.DocumentPayload{
		DocumentID: guid, Status: status, Percentage: percentage, ServiceInstance: p.instance,
	}})
	return err
}

// BroadcastComplianceAlert emits an alert of this severity, 1-10. Without a
// target user everybody who follows this service is told.
func (p *Processor) BroadcastComplianceAlert(ctx context.Context, framework, message string, severity int, targetUser string) error {
	_, err := p.Emit(ctx, fanfare.Event{Type: fanfare.ComplianceAlert, TargetUser: targetUser, Payload: fanfare.AlertPayload{
		Framework: framework, Message: message, Severity: severity,
	}})
	return err
}
