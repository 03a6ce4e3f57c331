package hubproto_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// recording is what one client sent to a real ASP.NET Core server (10.0.12) and
// got back. Sent frames have the lengths of their messages in them, received
// messages have not.
type recording struct {
	Name     string
	Hub      string
	Sent     []recorded
	Received []recorded
}

type recorded struct {
	Base64 []byte
	Means  any
}

func recordings(t *testing.T) []recording {
	t.Helper()
	data, err := os.ReadFile("testdata/messagepack.json")
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var list []recording
	if err := decoder.Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestMessagePackRecordings: what ASP.NET Core wrote is read as it was meant
// and written again byte for byte; what it refused is refused with its words.
func TestMessagePackRecordings(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewMessagePack(nil)
	for _, r := range recordings(t) {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			var text string
			for _, message := range r.Received {
				if closing, ok := rewritten(t, codec, message).(*hubproto.Close); ok {
					text = closing.Error
				}
			}
			refusal := refused(codec, r)
			switch {
			case (refusal == nil) != (text == ""):
				t.Errorf("refused with %v, recorded %q", refusal, text)
			case refusal != nil && r.Hub == "/detailed" && text != "Connection closed with an error. "+named(refusal):
				t.Errorf("refused with %q, recorded %q", named(refusal), text)
			}
		})
	}
}

// rewritten reads a recorded message and checks that it means what it should
// and is written the same.
func rewritten(t *testing.T, codec *hubproto.MessagePack, m recorded) hubproto.Message {
	t.Helper()
	message, err := codec.Parse(m.Base64)
	if err != nil {
		t.Fatal(err)
	}
	record, _, err := codec.Next(codec.Append(nil, message), 0)
	if err != nil || !bytes.Equal(record, m.Base64) {
		t.Errorf("%+v was written as % x, %v, recorded % x", message, record, err, m.Base64)
	}
	var value any
	if err := codec.Unmarshal(m.Base64, &value); err != nil {
		t.Fatal(err)
	}
	if got := meaning(value); m.Means != nil && !reflect.DeepEqual(got, m.Means) {
		t.Errorf("read %v, recorded %v", got, m.Means)
	}
	return message
}

// refused returns the error that the bytes sent by the client end in.
func refused(codec *hubproto.MessagePack, r recording) error {
	limit := 0
	if r.Hub == "/hasty" {
		limit = 256
	}
	var data []byte
	for _, frame := range r.Sent {
		data = append(data, frame.Base64...)
		for {
			record, rest, err := codec.Next(data, limit)
			if err != nil {
				return err
			}
			if record == nil {
				break
			}
			if _, err := codec.Parse(record); err != nil {
				return err
			}
			data = rest
		}
	}
	return nil
}

// meaning renders a value as the recordings do.
func meaning(value any) any {
	switch value := value.(type) {
	case []any:
		out := []any{}
		for _, element := range value {
			out = append(out, meaning(element))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name, member := range value {
			out[name] = meaning(member)
		}
		return out
	case []byte:
		return map[string]any{"$bytes": base64.StdEncoding.EncodeToString(value)}
	case time.Time:
		return map[string]any{"$time": value.Format("2006-01-02T15:04:05.000Z")}
	case int64:
		text := strconv.FormatInt(value, 10)
		if math.Abs(float64(value)) > 1<<53-1 { // JavaScript's safe integers
			return map[string]any{"$int": text}
		}
		return json.Number(text)
	case float64:
		return json.Number(strconv.FormatFloat(value, 'g', -1, 64))
	default:
		return value
	}
}
