package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare"
)

// eventFlags are one event's members as flags.
type eventFlags struct {
	kind, id, service, subject, data, user, group string
	priority                                      int

	document, status, message, framework string
	percentage, severity, attempt        int
}

// payloadMembers names, for each flag that goes into the payload, its member.
//
//nolint:gochecknoglobals // a table that nobody writes
var payloadMembers = map[string]string{
	"document": "document_id", "status": "status", "percentage": "percentage", "message": "message",
	"framework": "framework", "severity": "severity", "attempt": "attempt",
}

func (f *eventFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.kind, "type", "", "one of the ten types, as in ProcessingProgress; follows from --status and --framework")
	flags.StringVar(&f.document, "document", "", "the document's GUID")
	flags.StringVar(&f.status, "status", "", "queued, started, processing, completed or failed; or the health")
	flags.IntVar(&f.percentage, "percentage", 0, "how far the document is, 0 to 100")
	flags.IntVar(&f.attempt, "attempt", 0, "which try at the document it is")
	flags.StringVar(&f.framework, "framework", "", "of a compliance alert, as in GDPR")
	flags.StringVar(&f.message, "message", "", "a sentence for people")
	flags.IntVar(&f.severity, "severity", 0, "of a compliance alert, 1 to 10")
	flags.StringVar(&f.data, "data", "", "the payload as a JSON object; the flags above go before its members")
	flags.StringVar(&f.user, "user", "", "the user whom it is for")
	flags.StringVar(&f.group, "group", "", "kept with the event, and shown")
	flags.IntVar(&f.priority, "priority", 0, "0 to 10; the type has a default")
	flags.StringVar(&f.service, "service", "", "who says so (default fanfare) [FANFARE_SERVICE_NAME]")
	flags.StringVar(&f.id, "id", "", "the event's id; the same one again is stored once")
	flags.StringVar(&f.subject, "subject", "", "the topic, where the type leaves a choice")
}

// given names a flag of the event that was given, except the service's.
func (f *eventFlags) given(command *cobra.Command) string {
	for name := range payloadMembers {
		if command.Flags().Changed(name) {
			return name
		}
	}
	for _, name := range []string{"type", "data", "user", "group", "priority", "id", "subject"} {
		if command.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

func (f *eventFlags) serviceName() string {
	return cmp.Or(f.service, os.Getenv("FANFARE_SERVICE_NAME"), os.Getenv("OTEL_SERVICE_NAME"), "fanfare")
}

// event makes the event by way of its JSON, so that flags mean what members do.
func (f *eventFlags) event(command *cobra.Command) (fanfare.Event, error) {
	kind, err := f.typeName()
	if err != nil {
		return fanfare.Event{}, err
	}
	data, err := f.payload(command)
	if err != nil {
		return fanfare.Event{}, err
	}
	members := map[string]any{
		"specversion": "1.0", "type": kind, "source": "/services/" + f.serviceName(), "data": data,
		"id": f.id, "subject": f.subject, "targetuser": f.user, "targetgroup": f.group,
	}
	if command.Flags().Changed("priority") {
		members["priority"] = f.priority
	}
	record, err := json.Marshal(members)
	if err != nil {
		return fanfare.Event{}, err
	}
	event, err := fanfare.DecodeCloudEvent(record)
	if err != nil {
		return fanfare.Event{}, err
	}
	return event, event.Validate()
}

func (f *eventFlags) typeName() (string, error) {
	switch {
	case f.kind != "":
		return f.kind, nil
	case f.framework != "":
		return fanfare.ComplianceAlert.String(), nil
	case f.status != "":
		kind, err := fanfare.Status(f.status).EventType()
		return kind.String(), err
	}
	return "", errors.New("nothing to publish: give --type, --status or --framework, or - for standard input")
}

// payload is --data with what the other flags say.
func (f *eventFlags) payload(command *cobra.Command) (map[string]any, error) {
	data := map[string]any{}
	if f.data != "" {
		raw := map[string]json.RawMessage{} // numbers keep their digits
		if err := json.Unmarshal([]byte(f.data), &raw); err != nil {
			return nil, fmt.Errorf("--data is no JSON object: %w", err)
		}
		for name, value := range raw {
			data[name] = value
		}
	}
	values := map[string]any{
		"document": f.document, "status": f.status, "percentage": f.percentage, "message": f.message,
		"framework": f.framework, "severity": f.severity, "attempt": f.attempt,
	}
	for flag, member := range payloadMembers {
		if command.Flags().Changed(flag) {
			data[member] = values[flag]
		}
	}
	if _, told := data["percentage"]; f.document != "" && !told {
		data["percentage"] = usualPercentage(f.status)
	}
	return data, nil
}

// usualPercentage is what a document has at this status when nobody says so.
func usualPercentage(status string) int {
	if fanfare.Status(status) == fanfare.StatusCompleted {
		return 100
	}
	return 0
}
