package fanfare

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
)

// DefaultTenant is the tenant of everything, until there are others.
const DefaultTenant = "_"

// Epoch tells one log from another: positions of one mean nothing in another.
type Epoch [8]byte

// String returns the epoch in hexadecimal.
func (e Epoch) String() string { return hex.EncodeToString(e[:]) }

// ParseEpoch reads what [Epoch.String] wrote.
func ParseEpoch(s string) (Epoch, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(Epoch{}) {
		return Epoch{}, Errorf(CodeInvalidArgument, "epoch is %s: want 16 hexadecimal digits", quote(s))
	}
	return Epoch(b), nil
}

// Cursor is a position in one topic, the same on every node. It stands at an
// event, or, with a zero Mark, before any: then Seq is below that of the first
// event to come.
type Cursor struct {
	Epoch Epoch
	Seq   uint64
	Mark  [4]byte // of the id of the event at Seq
}

// The form of a cursor, before base64url:
// version, topic (8), epoch (8), seq (8), mark (4), checksum (4).
const (
	cursorVersion = 1
	cursorBytes   = 1 + 8 + 8 + 8 + 4 + 4
)

// CursorAt returns the position at an event.
func CursorAt(epoch Epoch, seq uint64, id string) Cursor {
	return Cursor{Epoch: epoch, Seq: seq, Mark: markOf(id)}
}

// CursorBefore returns the position before the events that follow seq.
func CursorBefore(epoch Epoch, seq uint64) Cursor { return Cursor{Epoch: epoch, Seq: seq} }

// AtEvent reports whether the cursor stands at an event.
func (c Cursor) AtEvent() bool { return c.Mark != [4]byte{} }

// At reports whether the cursor stands at the event with this seq and id.
func (c Cursor) At(seq uint64, id string) bool { return c.Seq == seq && c.Mark == markOf(id) }

// Encode returns the text that clients keep, at most 64 characters.
func (c Cursor) Encode(topic Topic) string {
	b := make([]byte, 0, cursorBytes)
	b = append(b, cursorVersion)
	b = append(b, topicHash(topic)...)
	b = append(b, c.Epoch[:]...)
	b = binary.BigEndian.AppendUint64(b, c.Seq)
	b = append(b, c.Mark[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads a cursor of this topic. The error is CodeInvalidCursor.
func ParseCursor(text string, topic Topic) (Cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != cursorBytes || b[0] != cursorVersion {
		return Cursor{}, Errorf(CodeInvalidCursor, "the cursor cannot be read: give one as it was received, or none")
	}
	body, sum := b[:cursorBytes-4], b[cursorBytes-4:]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sum) {
		return Cursor{}, Errorf(CodeInvalidCursor, "the cursor is damaged: give one as it was received, or none")
	}
	if string(body[1:9]) != string(topicHash(topic)) {
		return Cursor{}, Errorf(CodeInvalidCursor, "the cursor is of another topic than %s", quote(topic.String()))
	}
	return Cursor{
		Epoch: Epoch(body[9:17]),
		Seq:   binary.BigEndian.Uint64(body[17:25]),
		Mark:  [4]byte(body[25:29]),
	}, nil
}

func topicHash(topic Topic) []byte {
	sum := sha256.Sum256([]byte(DefaultTenant + "\n" + topic.String()))
	return sum[:8]
}

// markOf is never zero, which would mean that there is no event.
func markOf(id string) [4]byte {
	sum := sha256.Sum256([]byte(id))
	mark := [4]byte(sum[:4])
	if mark == [4]byte{} {
		mark[3] = 1
	}
	return mark
}
