package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr"
)

// What clients are told, with the exact types on the wire: a .NET client drops
// a callback whose argument count differs.
const (
	receiveProcessingUpdate    = signalr.Call3[string, string, int](fanfare.CallbackProcessing)
	receiveComplianceAlert     = signalr.Call3[string, string, int](fanfare.CallbackAlert)
	receiveServiceNotification = signalr.Call3[string, string, string](fanfare.CallbackNotification)
	receiveHealthUpdate        = signalr.Call3[string, string, map[string]any](fanfare.CallbackHealth)
)

// Callbacks tells clients of events. It is the sink of the event processor.
type Callbacks struct {
	hub *signalr.Hub
}

// NewCallbacks makes the product's hub, still without methods. With dev,
// clients are told the details of errors.
func NewCallbacks(dev bool, logger *slog.Logger) *Callbacks {
	return &Callbacks{hub: signalr.NewHub(&signalr.HubOptions{
		Name:                      "aspire-realtime",
		DetailedErrors:            dev,
		MaximumReceiveMessageSize: maxMessage,
		Logger:                    logger,
	})}
}

// Hub is the hub to be mapped at [Path].
func (c *Callbacks) Hub() *signalr.Hub { return c.hub }

// Deliver sends an event to its topic's group in callback form.
func (c *Callbacks) Deliver(ctx context.Context, callback fanfare.Callback, e fanfare.Envelope) error {
	target := c.hub.Group(group(e.Topic))
	switch payload := e.Event.Payload.(type) {
	case fanfare.DocumentPayload:
		if callback == fanfare.CallbackProcessing {
			return c.sendUpdate(ctx, target, e.Topic, payload)
		}
		return c.notify(ctx, target, e.Event, payload.Message)
	case fanfare.ScaledPayload:
		return c.notify(ctx, target, e.Event, payload.Message)
	case fanfare.AlertPayload:
		return receiveComplianceAlert.To(ctx, target, payload.Framework, payload.Message, payload.Severity)
	case fanfare.HealthPayload:
		metrics, err := plain(payload.Metrics)
		if err != nil {
			return err
		}
		return receiveHealthUpdate.To(ctx, target, e.Event.Service, string(payload.Status), metrics)
	default:
		return fmt.Errorf("deliver %s: no callback carries a %T", e.Event.Type, payload)
	}
}

// notify sends ReceiveServiceNotification, whose last argument is the event's
// type in lower case.
func (c *Callbacks) notify(ctx context.Context, target signalr.Target, event fanfare.Event, message string) error {
	return receiveServiceNotification.To(ctx, target, event.Service, message, strings.ToLower(event.Type.String()))
}

// sendUpdate tells target of a document's state, unless it knows a newer one.
func (c *Callbacks) sendUpdate(ctx context.Context, target signalr.Target, topic fanfare.Topic, state fanfare.DocumentPayload) error {
	newer := target.OnlyNewer(group(topic), state.Position())
	return receiveProcessingUpdate.To(ctx, newer, topic.ID, string(state.Status), state.Percentage)
}

// plain is the metrics by the names and forms of their JSON, which clients of
// either encoding get: times are strings, whole numbers integers.
func plain(metrics fanfare.HealthMetrics) (map[string]any, error) {
	data, err := json.Marshal(metrics)
	if err != nil {
		return nil, fmt.Errorf("encode metrics: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return nil, fmt.Errorf("decode metrics: %w", err)
	}
	for name, value := range members {
		if number, ok := value.(json.Number); ok {
			members[name] = numeral(number)
		}
	}
	return members, nil
}

func numeral(number json.Number) any {
	if whole, err := number.Int64(); err == nil {
		return whole
	}
	float, err := number.Float64()
	if err != nil {
		return number.String()
	}
	return float
}
