package hubproto

import (
	"bytes"
	"unicode/utf8"
)

// Parse turns a record into a message. Members may come in any order, unknown
// ones are skipped, of repeated ones the last wins, names are compared in
// their case, and what follows the object is ignored (JSON-02, JSON-03,
// JSON-31). A null invocationId or error counts as absent (JSON-08). The
// message is nil without an error where its type is unknown (JSON-05). An
// error is a *ProtocolError.
func (*JSON) Parse(record []byte) (Message, error) {
	e := envelope{s: scanner{data: record}}
	if err := e.s.expectObject(); err != nil {
		return nil, err
	}
	if err := e.s.object(e.member); err != nil {
		return nil, err
	}
	// Broken UTF-8 must not reach other clients in a text frame: their
	// WebSocket would fail on it.
	if !utf8.Valid(record[:e.s.pos]) {
		return nil, errReading
	}
	if !e.hasType {
		return nil, missing("type")
	}
	return e.message()
}

// envelope collects the members of one message.
type envelope struct {
	s scanner // by value: a pointer would put it on the heap

	typ            MessageType
	headers        map[string]string
	invocationID   string
	target         string
	arguments      []Raw
	streamIDs      []string
	item           Raw
	result         Raw
	err            string
	sequenceID     int64
	hasType        bool
	hasID          bool
	hasArguments   bool
	hasError       bool
	hasSequence    bool
	allowReconnect bool
}

func (e *envelope) member(name []byte) error {
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(plain(name))
	}
	var err error
	switch string(name) {
	case "type":
		err = e.readType()
	case "headers":
		err = e.readHeaders()
	case "invocationId":
		e.invocationID, e.hasID, err = e.s.optionalString("invocationId")
	case "target":
		e.target, err = e.s.requiredString("target")
	case "error":
		e.err, e.hasError, err = e.s.optionalString("error")
	case "arguments":
		err = e.readArguments()
	case "streamIds":
		err = e.readStreamIDs()
	case "item":
		e.item, err = e.s.raw()
	case "result":
		e.result, err = e.s.raw()
	case "sequenceId":
		e.sequenceID, e.hasSequence, err = e.s.integer("sequenceId", 64)
	case "allowReconnect":
		e.allowReconnect, err = e.s.boolean("allowReconnect")
	default:
		err = e.s.skipElement()
	}
	return err
}

func (e *envelope) readType() error {
	number, present, err := e.s.integer("type", 32)
	e.typ, e.hasType = MessageType(number), present
	return err
}

func (e *envelope) readHeaders() error {
	if e.s.peek() != '{' {
		return e.s.blame(mistyped("headers", "StartObject"))
	}
	e.headers = map[string]string{}
	return e.s.object(func(name []byte) error {
		key := plain(name)
		if e.s.peek() != '"' {
			return e.s.blame(invalidData("Expected header '%s' to be of type String.", key))
		}
		value, err := e.s.requiredString(key)
		e.headers[key] = value
		return err
	})
}

func (e *envelope) readArguments() error {
	if e.s.peek() != '[' {
		return e.s.blame(mistyped("arguments", "Array"))
	}
	e.hasArguments, e.arguments = true, nil
	return e.s.array(func() error {
		argument, err := e.s.raw()
		e.arguments = append(e.arguments, argument)
		return err
	})
}

func (e *envelope) readStreamIDs() error {
	if e.s.peek() != '[' {
		return e.s.blame(mistyped("streamIds", "Array"))
	}
	e.streamIDs = nil
	return e.s.array(func() error {
		if e.s.peek() == 'n' {
			return e.s.blame(invalidData("Null value for 'streamIds' is not valid."))
		}
		if e.s.peek() != '"' {
			return e.s.blame(&ProtocolError{name: nameInvalidOperation, text: "A value in 'streamIds' is not a String."})
		}
		id, err := e.s.requiredString("streamIds")
		e.streamIDs = append(e.streamIDs, id)
		return err
	})
}

// message binds what was collected, once the whole object was read.
func (e *envelope) message() (Message, error) {
	switch e.typ {
	case TypeInvocation, TypeStreamInvocation:
		return e.invocation()
	case TypeStreamItem:
		if !e.hasID {
			return nil, missing("invocationId")
		}
		if e.item == nil {
			return nil, missing("item")
		}
		return &StreamItem{Headers: e.headers, InvocationID: e.invocationID, Item: e.item}, nil
	case TypeCompletion:
		return e.completion()
	case TypeCancelInvocation:
		if e.invocationID == "" {
			return nil, missing("invocationId")
		}
		return &CancelInvocation{Headers: e.headers, InvocationID: e.invocationID}, nil
	case TypePing:
		return &Ping{}, nil
	case TypeClose:
		return &Close{Error: e.err, HasError: e.hasError, AllowReconnect: e.allowReconnect}, nil
	case TypeAck, TypeSequence:
		return e.numbered()
	default:
		return nil, nil //nolint:nilnil // Codec.Parse's answer for a type to be skipped
	}
}

func (e *envelope) invocation() (Message, error) {
	stream := e.typ == TypeStreamInvocation
	switch {
	case stream && e.invocationID == "":
		return nil, missing("invocationId")
	case e.target == "":
		return nil, missing("target")
	case !e.hasArguments:
		return nil, missing("arguments")
	}
	return &Invocation{
		Headers: e.headers, InvocationID: e.invocationID, Target: e.target, Arguments: e.arguments, StreamIDs: e.streamIDs, Stream: stream,
	}, nil
}

func (e *envelope) completion() (Message, error) {
	switch {
	case e.invocationID == "":
		return nil, missing("invocationId")
	case e.hasError && e.result != nil:
		return nil, invalidData("The 'error' and 'result' properties are mutually exclusive.")
	}
	return &Completion{
		Headers: e.headers, InvocationID: e.invocationID, Result: e.result, HasResult: e.result != nil, Error: e.err, HasError: e.hasError,
	}, nil
}

func (e *envelope) numbered() (Message, error) {
	if !e.hasSequence {
		return nil, missing("sequenceId")
	}
	if e.typ == TypeAck {
		return &Ack{SequenceID: e.sequenceID}, nil
	}
	return &Sequence{SequenceID: e.sequenceID}, nil
}
