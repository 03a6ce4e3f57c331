package fanfare

import (
	"strings"
	"testing"
)

func TestCursorComesBack(t *testing.T) {
	t.Parallel()
	epoch := Epoch{1, 2, 3, 4, 5, 6, 7, 8}
	for name, cursor := range map[string]Cursor{
		"at an event":      CursorAt(epoch, 1<<63+7, "id-1"),
		"before any":       CursorBefore(epoch, 42),
		"of an empty log":  CursorBefore(epoch, 0),
		"of the zero time": {},
	} {
		text := cursor.Encode(DocumentTopic(documentID))
		if len(text) > 64 {
			t.Errorf("%s: %q has %d characters", name, text, len(text))
		}
		if got, err := ParseCursor(text, DocumentTopic(documentID)); err != nil || got != cursor {
			t.Errorf("%s: %q is %+v, %v", name, text, got, err)
		}
	}
}

func TestCursorStandsAtItsEventAlone(t *testing.T) {
	t.Parallel()
	at, before := CursorAt(Epoch{}, 7, "a"), CursorBefore(Epoch{}, 7)
	if !at.AtEvent() || !at.At(7, "a") {
		t.Errorf("%+v is not at its event", at)
	}
	if at.At(8, "a") || at.At(7, "b") {
		t.Errorf("%+v is at another event", at)
	}
	if before.AtEvent() || before.At(7, "a") {
		t.Errorf("%+v is at an event", before)
	}
}

// A cursor that was changed on its way, or is another topic's, would skip or
// repeat events without a word.
func TestParseCursorRefuses(t *testing.T) {
	t.Parallel()
	topic := ServiceTopic("hub")
	text := CursorAt(Epoch{9}, 1042, "id").Encode(topic)
	cases := map[string]string{
		"empty": "", "no base64": "?", "cut": text[:len(text)-1], "longer": text + "A", "padded": text + "=",
		"another version": "C" + text[1:], "another topic's": CursorAt(Epoch{9}, 1042, "id").Encode(UserTopic("hub")),
		"very long": strings.Repeat("A", 1<<20),
	}
	for i := range text {
		changed := []byte(text)
		if changed[i] == 'A' {
			changed[i] = 'B'
		} else {
			changed[i] = 'A'
		}
		cases["changed at "+string(rune('a'+i%26))+text[:i]] = string(changed)
	}
	for name, text := range cases {
		if got, err := ParseCursor(text, topic); CodeOf(err) != CodeInvalidCursor {
			t.Errorf("%s: %+v, %v, want invalid_cursor", name, got, err)
		}
	}
}

func TestEpochText(t *testing.T) {
	t.Parallel()
	epoch := Epoch{0xde, 0xad, 0, 0, 0, 0, 0xbe, 0xef}
	if got, err := ParseEpoch(epoch.String()); err != nil || got != epoch {
		t.Errorf("%s is %v, %v", epoch, got, err)
	}
	for _, text := range []string{"", "de", "zz", "dead00000000bee", "dead00000000beef00"} {
		if _, err := ParseEpoch(text); CodeOf(err) != CodeInvalidArgument {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	topic := UserTopic("u")
	f.Add(CursorAt(Epoch{1}, 5, "x").Encode(topic))
	f.Add(CursorBefore(Epoch{}, 0).Encode(topic))
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := ParseCursor(text, topic)
		if err != nil {
			if CodeOf(err) != CodeInvalidCursor {
				t.Fatal(err)
			}
			return
		}
		if again := cursor.Encode(topic); again != text {
			t.Fatalf("%q is written again as %q", text, again)
		}
	})
}
