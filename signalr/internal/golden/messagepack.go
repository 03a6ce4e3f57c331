package golden

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// safeInteger is the largest integer that JavaScript, and so the recorder,
// holds in a number.
const safeInteger = 1<<53 - 1

// Means renders the body of a MessagePack message as the recordings do: as
// JSON, in which {"$bytes"} is bin, {"$time"} a timestamp and {"$int"} an
// integer too large for JavaScript.
func Means(body []byte) string {
	var value any
	if err := hubproto.NewMessagePack(nil).Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("% x: %v", body, err)
	}
	text, err := json.Marshal(meaning(value))
	if err != nil {
		return fmt.Sprintf("% x: %v", body, err)
	}
	return string(text)
}

func meaning(value any) any {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			value[i] = meaning(element)
		}
		return value
	case map[string]any:
		for name, member := range value {
			value[name] = meaning(member)
		}
		return value
	case []byte:
		return map[string]any{"$bytes": base64.StdEncoding.EncodeToString(value)}
	case time.Time:
		return map[string]any{"$time": value.Format("2006-01-02T15:04:05.000Z")}
	case int64:
		if value > safeInteger || value < -safeInteger {
			return map[string]any{"$int": strconv.FormatInt(value, 10)}
		}
		return value
	case uint64: // beyond int64
		return map[string]any{"$int": strconv.FormatUint(value, 10)}
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil // as JSON writes them in JavaScript
		}
		return value
	default:
		return value
	}
}

// pack encodes the messages of a pack step, each with its length before it.
func pack(messages string) ([]byte, error) {
	var list []any
	decoder := json.NewDecoder(strings.NewReader(messages))
	decoder.UseNumber()
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("read messages to pack: %w", err)
	}
	var frame []byte
	for _, message := range list {
		body, err := hubproto.NewMessagePack(nil).Marshal(message)
		if err != nil {
			return nil, fmt.Errorf("pack a message: %w", err)
		}
		frame = append(binary.AppendUvarint(frame, uint64(len(body))), body...)
	}
	return frame, nil
}

// recordedMeaning returns what a recorded message means, as JSON: its text, or
// what is written beside its bytes.
func recordedMeaning(recorded json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(recorded, &text) == nil {
		return text, nil
	}
	var packed struct{ Means json.RawMessage }
	if json.Unmarshal(recorded, &packed) != nil || packed.Means == nil {
		return "", errUnplayed
	}
	return string(packed.Means), nil
}
