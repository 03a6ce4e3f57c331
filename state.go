package fanfare

// StateOf returns what an event of type t tells the state of, on this topic:
// the last event of each name is the topic's snapshot. It is empty for an event
// that tells of something that happened and not of how things are.
func StateOf(t Type, topic Topic) string {
	switch {
	case topic.Kind == KindDocument:
		return "document"
	case topic.Kind != KindService:
		return ""
	case t == HealthStatusChanged:
		return "health"
	case t == ServiceScaled:
		return "scale"
	}
	return ""
}

// Terminal reports whether the event is the end of a document's processing:
// by the status word of its payload, whatever its type.
func (e Event) Terminal() bool {
	p, ok := e.Payload.(DocumentPayload)
	return ok && p.Status.Terminal()
}

// Conflatable reports whether a newer event of the same topic makes this one
// needless to who is slow: progress that is not the end.
func (e Event) Conflatable() bool { return e.Type == ProcessingProgress && !e.Terminal() }
