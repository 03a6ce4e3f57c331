package hubproto

import (
	"fmt"
	"math"
)

// Parse turns a record into a message. Missing stream ids, a missing
// allowReconnect and items too many are accepted (MP-05, MP-12, MP-15). The
// message is nil without an error where its type is unknown. Arguments that
// are no array are Invocation.ArgumentsError (MP-18); an argument, item or
// result that is cut off or missing fails only when it is unmarshalled. An
// error is a *ProtocolError with one of the texts of MP-17.
func (*MessagePack) Parse(record []byte) (Message, error) {
	u := unpacker{data: record}
	items, err := u.count(packArray)
	if err != nil {
		return nil, err
	}
	number, err := u.integerItem("messageType", "Int32", math.MinInt32, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	switch t := MessageType(number); t {
	case TypeInvocation, TypeStreamInvocation:
		return u.invocation(t, items)
	case TypeStreamItem:
		return u.streamItem()
	case TypeCompletion:
		return u.completion()
	case TypeCancelInvocation:
		headers, id, err := u.identified(t)
		return orError(&CancelInvocation{Headers: headers, InvocationID: id}, err)
	case TypePing:
		return &Ping{}, nil
	case TypeClose:
		return u.close(items)
	case TypeAck:
		id, err := u.sequenceID()
		return orError(&Ack{SequenceID: id}, err)
	case TypeSequence:
		id, err := u.sequenceID()
		return orError(&Sequence{SequenceID: id}, err)
	default:
		return nil, nil //nolint:nilnil // Codec.Parse's answer for a type to be skipped
	}
}

func orError(m Message, err error) (Message, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (u *unpacker) invocation(t MessageType, items uint64) (Message, error) {
	headers, err := u.headers()
	if err != nil {
		return nil, err
	}
	id, _, err := u.textItem("invocationId")
	if err != nil {
		return nil, err
	}
	if t == TypeStreamInvocation && id == "" {
		return nil, nullOrEmpty("invocation ID for StreamInvocation message")
	}
	target, _, err := u.textItem("target")
	if err != nil {
		return nil, err
	}
	if target == "" {
		return nil, nullOrEmpty("target for " + t.String() + " message")
	}
	m := &Invocation{Headers: headers, InvocationID: id, Target: target, Stream: t == TypeStreamInvocation}
	if !u.arguments(m) || items < 6 {
		return m, nil
	}
	m.StreamIDs, err = u.streamIDs()
	return orError(m, err)
}

// arguments reads the arguments of m and says whether what follows them can be
// found. Where one breaks off, it and all behind it are values that cannot be
// unmarshalled; but they are counted, since .NET complains of a wrong number
// first.
func (u *unpacker) arguments(m *Invocation) (sound bool) {
	n, err := u.count(packArray)
	if err != nil {
		m.ArgumentsError = invalidData("Reading array length for 'arguments' failed.")
		return false
	}
	if n == 0 {
		return true
	}
	m.Arguments = make([]Raw, n)
	sound = true
	for i := range m.Arguments {
		m.Arguments[i], sound = u.rawItem()
		if !sound {
			u.pos = len(u.data)
		}
	}
	return sound
}

func (u *unpacker) streamIDs() ([]string, error) {
	n, err := u.count(packArray)
	if err != nil {
		return nil, invalidData("Reading array length for 'streamIds' failed.")
	}
	var ids []string
	for range n {
		if u.null() {
			return nil, nullOrEmpty("value in streamIds received")
		}
		h, err := u.headOf(packString)
		if err != nil {
			return nil, err
		}
		id := u.text(h)
		if id == "" {
			return nil, nullOrEmpty("value in streamIds received")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (u *unpacker) streamItem() (Message, error) {
	headers, id, err := u.identified(TypeStreamItem)
	item, _ := u.rawItem()
	return orError(&StreamItem{Headers: headers, InvocationID: id, Item: item}, err)
}

func (u *unpacker) completion() (Message, error) {
	headers, id, err := u.identified(TypeCompletion)
	if err != nil {
		return nil, err
	}
	kind, err := u.integerItem("resultKind", "Int32", math.MinInt32, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	m := &Completion{Headers: headers, InvocationID: id}
	switch kind {
	case resultError:
		m.Error, m.HasError, err = u.textItem("error")
	case resultVoid:
	case resultValue:
		m.HasResult = true
		m.Result, _ = u.rawItem()
	default:
		err = invalidData("Invalid invocation result kind.")
	}
	return orError(m, err)
}

func (u *unpacker) close(items uint64) (Message, error) {
	m := &Close{}
	var err error
	m.Error, m.HasError, err = u.textItem("error")
	if err != nil || items < 3 {
		return orError(m, err)
	}
	h, err := u.headOf(packBool)
	if err != nil {
		return nil, failedReading("allowReconnect", "Boolean")
	}
	m.AllowReconnect = h.bits > 0
	return m, nil
}

func (u *unpacker) sequenceID() (int64, error) {
	return u.integerItem("sequenceId", "Int64", math.MinInt64, math.MaxInt64)
}

// identified reads the two items with which messages about an invocation begin.
func (u *unpacker) identified(t MessageType) (headers map[string]string, id string, err error) {
	if headers, err = u.headers(); err != nil {
		return nil, "", err
	}
	if id, _, err = u.textItem("invocationId"); err != nil {
		return nil, "", err
	}
	if id == "" {
		return nil, "", nullOrEmpty("invocation ID for " + t.String() + " message")
	}
	return headers, id, nil
}

func (u *unpacker) headers() (map[string]string, error) {
	n, err := u.count(packMap)
	if err != nil {
		return nil, invalidData("Reading map length for 'headers' failed.")
	}
	if n == 0 {
		return nil, nil //nolint:nilnil // no headers are no error
	}
	headers := map[string]string{}
	for i := range n {
		key, err := u.header(i, "Key", "key")
		if err != nil {
			return nil, err
		}
		if headers[key], err = u.header(i, "Value", "value"); err != nil {
			return nil, err
		}
	}
	return headers, nil
}

func (u *unpacker) header(i uint64, part, word string) (string, error) {
	h, err := u.headOf(packString)
	switch {
	case err == nil && h.bits > 0:
		return u.text(h), nil
	case err == nil || h.code == codeNil:
		return "", nullOrEmpty(word + " in header")
	default:
		return "", failedReading(fmt.Sprintf("headers[%d].%s", i, part), "String")
	}
}

// headOf reads the head of a value that must be of that kind.
func (u *unpacker) headOf(kind packKind) (packHead, error) {
	h, err := u.head()
	if err == nil && h.kind != kind {
		err = unexpected(h.code)
	}
	return h, err
}

// count opens an array or a map.
func (u *unpacker) count(kind packKind) (uint64, error) {
	h, err := u.headOf(kind)
	return h.bits, err
}

// textItem reads a string or nil; present tells them apart.
func (u *unpacker) textItem(name string) (text string, present bool, err error) {
	if u.null() {
		return "", false, nil
	}
	h, err := u.headOf(packString)
	if err != nil {
		return "", false, failedReading(name, "String")
	}
	return u.text(h), true, nil
}

func (u *unpacker) integerItem(name, as string, least, most int64) (int64, error) {
	h, err := u.head()
	n, ok := h.integer()
	if err != nil || !ok || n < least || n > most {
		return 0, failedReading(name, as)
	}
	return n, nil
}

// rawItem splits one value off; if it is not sound, the rest of the record.
func (u *unpacker) rawItem() (raw Raw, sound bool) {
	start := u.pos
	if err := u.skip(); err != nil {
		return Raw(u.data[start:]), false
	}
	return Raw(u.data[start:u.pos:u.pos]), true
}

func failedReading(name, as string) error {
	return invalidData("Reading '%s' as %s failed.", name, as)
}

func nullOrEmpty(what string) error { return invalidData("Null or empty %s.", what) }
