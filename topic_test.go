package fanfare

import (
	"strings"
	"testing"
)

func TestParseTopic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Topic{
		"document:" + documentID:                              DocumentTopic(documentID),
		"document:" + strings.ToUpper(documentID):             DocumentTopic(documentID),
		"service:A-z_0.9":                                     ServiceTopic("A-z_0.9"),
		"service:" + strings.Repeat("s", 64):                  ServiceTopic(strings.Repeat("s", 64)),
		"user:a:b\nc d":                                       UserTopic("a:b\nc d"),
		"user:Anonymous":                                      UserTopic("Anonymous"),
		"user:" + strings.Repeat("é", 128):                    UserTopic(strings.Repeat("é", 128)),
		"presence:hub":                                        PresenceTopic("hub"),
		"document:" + strings.ReplaceAll(documentID, "-", ""): DocumentTopic(documentID),
	} {
		if got, err := ParseTopic(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseTopicRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", ":", "document", "document:", "document:x", "Document:" + documentID, "service:", "service:a b", "service:a/b", "service:é",
		"service:" + strings.Repeat("s", 65), "user:", "user:anonymous", "user:\xff", "user:" + strings.Repeat("u", 257), "presence:", "group:g",
		"document:{" + documentID + "}", " service:s",
	} {
		if got, err := ParseTopic(text); CodeOf(err) != CodeInvalidTopic {
			t.Errorf("%q is %+v, %v, want invalid_topic", text, got, err)
		}
	}
}

func TestZeroTopicHasNoText(t *testing.T) {
	t.Parallel()
	if s := (Topic{}).String(); s != "" {
		t.Errorf("it is %q", s)
	}
}
