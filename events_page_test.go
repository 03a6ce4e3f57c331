package fanfare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEventsPage holds the tables of docs/events.md against the code, or writes
// them under UPDATE_GOLDEN=1.
func TestEventsPage(t *testing.T) {
	t.Parallel()
	path := filepath.Join("docs", "events.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(page)
	for name, text := range map[string]string{"routes": routesTable(), "envelope": envelopeExample(t), "codes": codesTable()} {
		want = replaceSection(t, want, name, text)
	}
	if want == string(page) {
		return
	}
	if os.Getenv("UPDATE_GOLDEN") == "" {
		t.Fatalf("%s is out of date: run make events-page", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func replaceSection(t *testing.T, page, name, text string) string {
	t.Helper()
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("there is no section %s", name)
	}
	return before + begin + text + end + after
}

// routesTable is the routing table, a line for each type and topic.
func routesTable() string {
	var b strings.Builder
	b.WriteString("| type | number | topic | callback | default priority |\n|---|---|---|---|---|\n")
	for _, kind := range allTypes() {
		for i, rule := range routes[kind].rules {
			topic := "`" + topicPattern(rule.kind) + "`"
			switch {
			case i > 0 && routes[kind].firstOnly:
				topic = "else " + topic
			case i > 0:
				topic = "and " + topic
			}
			callback := "none, envelopes only"
			if rule.callback != CallbackNone {
				callback = "`" + string(rule.callback) + "`"
			}
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", kind, kind, topic, callback, priorities(kind))
		}
	}
	return b.String()
}

func topicPattern(kind Kind) string {
	switch kind {
	case KindDocument:
		return "document:{document_id}"
	case KindUser:
		return "user:{targetuser}"
	case KindService:
		return "service:{service}"
	case KindPresence:
		return "presence:{service}"
	}
	return "?"
}

// priorities asks for the default of mild and of grave payloads.
func priorities(kind Type) string {
	mild := kind.DefaultPriority(nil)
	switch kind {
	case HealthStatusChanged:
		return fmt.Sprintf("%d, critical %d", mild, kind.DefaultPriority(HealthPayload{Status: HealthCritical}))
	case ComplianceAlert:
		for severity := 1; severity <= 10; severity++ {
			if grave := kind.DefaultPriority(AlertPayload{Severity: severity}); grave != mild {
				return fmt.Sprintf("%d, from severity %d on %d", mild, severity, grave)
			}
		}
	default:
	}
	return strconv.Itoa(mild)
}

// envelopeExample is a progress event as its followers get it.
func envelopeExample(t *testing.T) string {
	t.Helper()
	e := sample(ProcessingProgress)
	topic := DocumentTopic(documentID)
	e.Subject = topic
	data, err := Envelope{
		Stored: Stored{Event: e, Topic: topic, Seq: 1042, Prev: 1037},
		Cursor: CursorAt(Epoch{}, 1042, e.ID).Encode(topic), Covers: 1,
	}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return "```json\n" + indented.String() + "\n```\n"
}

func codesTable() string {
	var b strings.Builder
	b.WriteString("| code | status | |\n|---|---|---|\n")
	for _, code := range []Code{
		CodeInvalidArgument, CodeInvalidTopic, CodeInvalidCursor, CodeUnauthenticated, CodeForbidden, CodeNotFound,
		CodeConflict, CodeTooLarge, CodeUnsupportedMedia, CodeRateLimited, CodeInternal, CodeUnavailable,
	} {
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", code, code.HTTPStatus(), code.Title())
	}
	return b.String()
}
