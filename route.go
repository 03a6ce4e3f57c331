package fanfare

// Callback names the client method by which a callback subscriber hears of an
// event, exactly as it stands on the wire.
type Callback string

// The callbacks. CallbackNone: no callback, envelopes only.
const (
	CallbackNone         Callback = ""
	CallbackProcessing   Callback = "ReceiveProcessingUpdate"
	CallbackAlert        Callback = "ReceiveComplianceAlert"
	CallbackNotification Callback = "ReceiveServiceNotification"
	CallbackHealth       Callback = "ReceiveHealthUpdate"
)
