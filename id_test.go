package fanfare

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNewIDIsUUIDv7(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen, last := map[string]bool{}, ""
		for range 100 {
			id := NewID()
			if guid, err := ParseGUID(id); err != nil || guid != id || id[14] != '7' || !strings.ContainsRune("89ab", rune(id[19])) {
				t.Fatalf("%s is no UUIDv7: %v", id, err)
			}
			if seen[id] || id < last {
				t.Fatalf("%s comes after %s", id, last)
			}
			seen[id], last = true, id
			<-time.After(time.Millisecond)
		}
		if want := fmt.Sprintf("%012x", time.Now().UnixMilli()-1); strings.ReplaceAll(last, "-", "")[:12] != want {
			t.Errorf("%s does not begin with the time %s", last, want)
		}
	})
}

func TestDeriveID(t *testing.T) {
	t.Parallel()
	// The expected ids were made by Python's uuid.uuid5(uuid.NAMESPACE_URL, name).
	for name, want := range map[string]string{
		"https://example.org/": "527dda32-a0de-5105-a042-cb475b5f7d11",
		"a\nb":                 "d4ed2a93-6ab3-5e5e-bbbc-32313d600a72",
	} {
		if got := DeriveID(strings.Split(name, "\n")...); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestParseGUID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{documentID, strings.ToUpper(documentID), strings.ReplaceAll(documentID, "-", "")} {
		if got, err := ParseGUID(text); err != nil || got != documentID {
			t.Errorf("%s is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", documentID[1:], documentID + "0", "{" + documentID + "}", strings.Replace(documentID, "6", "g", 1), strings.Replace(documentID, "-", "0", 1)} {
		if got, err := ParseGUID(text); CodeOf(err) != CodeInvalidArgument {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}

func TestMessageIDTellsEventsApart(t *testing.T) {
	t.Parallel()
	e := Event{ID: "1", Service: "s"}
	topic := ServiceTopic("s")
	id := e.MessageID("_", topic)
	if want := "tb096BN4-FtU9ys8wFr-KelamqmKIxDXkI8yoj0WD-Y"; id != want { // printf '_\ns\n1\nservice:s' | sha256sum, in base64url
		t.Errorf("it is %s, want %s", id, want)
	}
	e.Time, e.Payload = time.Now(), ScaledPayload{}
	if e.MessageID("_", topic) != id {
		t.Error("it depends on more than tenant, service, id and topic")
	}
	for _, other := range []string{
		e.MessageID("t", topic), e.MessageID("_", PresenceTopic("s")),
		Event{ID: "2", Service: "s"}.MessageID("_", topic), Event{ID: "1", Service: "t"}.MessageID("_", topic),
	} {
		if other == id {
			t.Error("two events have the same id")
		}
	}
}
