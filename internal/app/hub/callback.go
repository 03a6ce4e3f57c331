package hub

import (
	"context"
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
	hub    *signalr.Hub
	logger *slog.Logger
}

// NewCallbacks makes the product's hub, still without methods. With dev,
// clients are told the details of errors.
func NewCallbacks(dev bool, logger *slog.Logger) *Callbacks {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Callbacks{logger: logger, hub: signalr.NewHub(&signalr.HubOptions{
		Name:                      "aspire-realtime",
		DetailedErrors:            dev,
		MaximumReceiveMessageSize: maxMessage,
		Logger:                    logger,
	})}
}

// Hub is the hub to be mapped at [Path].
func (c *Callbacks) Hub() *signalr.Hub { return c.hub }

// Deliver tells everybody who follows the envelope's topic by callback.
func (c *Callbacks) Deliver(ctx context.Context, callback fanfare.Callback, e fanfare.Envelope) error {
	return c.call(ctx, c.hub.Group(group(e.Topic)), callback, e)
}

// call sends the callback of an event to target.
func (c *Callbacks) call(ctx context.Context, target signalr.Target, callback fanfare.Callback, e fanfare.Envelope) error {
	target = target.With(delivery(e))
	switch payload := e.Event.Payload.(type) {
	case fanfare.DocumentPayload:
		if callback == fanfare.CallbackProcessing {
			return receiveProcessingUpdate.To(ctx, target, e.Topic.ID, string(payload.Status), payload.Percentage)
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

// delivery is how an event is treated in the queue of a slow client: in the
// order of its topic, what is urgent before other topics, progress by its newest
// alone, and from the log once the queue is full.
func delivery(e fanfare.Envelope) signalr.Delivery {
	return signalr.Delivery{
		Key:      e.Topic.String(),
		Urgent:   e.Event.High(),
		Conflate: e.Event.Conflatable() && !e.Snapshot && e.Gap == nil,
		Logged:   true,
		Position: e.Prev,
	}
}
