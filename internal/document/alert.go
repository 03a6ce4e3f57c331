package document

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fanfare-hub/fanfare"
)

// alertSamples is how many of a finding's masked samples an alert shows; the
// record has them all.
const alertSamples = 3

// alert tells one finding to the document's owner, unless it is noted that it
// was, and notes it. The id has no attempt: a finding is told once.
func (t *task) alert(ctx context.Context, finding Finding) error {
	key := finding.Framework + "/" + finding.Rule
	if slices.Contains(t.record.Alerted, key) {
		return nil
	}
	at := now()
	event := fanfare.Event{
		ID:   fanfare.DeriveID(t.record.ID, "alert", finding.Framework, finding.Rule),
		Type: fanfare.ComplianceAlert,
		Time: at,
		Payload: fanfare.AlertPayload{
			Framework:  finding.Framework,
			Message:    alertMessage(t.record.Name, finding),
			Severity:   finding.Severity,
			Time:       at,
			DocumentID: t.record.ID,
		},
		TargetUser: t.record.Owner,
	}
	if _, err := t.service.emitter.Emit(ctx, event); err != nil {
		return fmt.Errorf("emit alert %s: %w", key, err)
	}
	t.record.Alerted = append(t.record.Alerted, key)
	return t.store(ctx)
}

// alertMessage is one sentence, as in
// "3 matches of payment_card in invoice.pdf: ************1111, ************4242, …".
func alertMessage(name string, finding Finding) string {
	matches := "matches"
	if finding.Count == 1 {
		matches = "match"
	}
	message := fmt.Sprintf("%d %s of %s in %s", finding.Count, matches, finding.Rule, name)
	if len(finding.Samples) == 0 {
		return message
	}
	samples := strings.Join(finding.Samples[:min(len(finding.Samples), alertSamples)], ", ")
	if len(finding.Samples) > alertSamples {
		samples += ", …"
	}
	return message + ": " + samples
}
