package bus

import (
	"strconv"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// TestStoredSubjects holds the form that stored data has: a change of any of
// these makes stores unreadable.
func TestStoredSubjects(t *testing.T) {
	t.Parallel()
	tests := []struct {
		topic fanfare.Topic
		want  string
	}{
		{fanfare.DocumentTopic("6f0c8a2e-0d5b-4c3e-9a57-3f1f6f0f9f11"), "ev.12._.document.NmYwYzhhMmUtMGQ1Yi00YzNlLTlhNTctM2YxZjZmMGY5ZjEx"},
		{fanfare.ServiceTopic("billing.v2"), "ev.2._.service.YmlsbGluZy52Mg"},
		{fanfare.Topic{Kind: fanfare.KindUser, ID: "Zoë > *"}, "ev.1._.user.Wm_DqyA-ICo"},
		{fanfare.Topic{Kind: fanfare.KindPresence, ID: "hub"}, "ev.1._.presence.aHVi"},
	}
	for _, test := range tests {
		key, err := topicKey(test.topic)
		if err != nil {
			t.Fatal(err)
		}
		if got := eventSubject(key, partition(key, 16)); got != test.want {
			t.Errorf("%s: subject %s, want %s", test.topic, got, test.want)
		}
	}
	if got, want := jobSubject("a.b"), "job._.YS5i"; got != want {
		t.Errorf("job subject %s, want %s", got, want)
	}
	if got, want := recordKey("a.b"), "_.document.YS5i"; got != want {
		t.Errorf("record key %s, want %s", got, want)
	}
}

func TestForeignSubjectsAreRefused(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{
		"",
		"ev.0._.document.aHVi",
		"live.ev.0._.document",
		"live.ev.0._.document.aHVi.x",
		"live.ev.0.other.document.aHVi",
		"live.ev.0._.planet.aHVi",
		"live.ev.0._.document.",
		"live.ev.0._.document.aHV",
		"live.ev.0._.document.aH=i",
	} {
		if topic, err := parseLiveSubject(subject); err == nil {
			t.Errorf("%q is read as %s", subject, topic)
		}
	}
	for _, subject := range []string{"", "job._.", "job.other.aHVi", "job._.a*"} {
		if id, err := parseJobSubject(subject); err == nil {
			t.Errorf("%q is read as job %q", subject, id)
		}
	}
	if id, err := parseRecordKey("_.service.aHVi"); err == nil {
		t.Errorf("another kind's key is read as %q", id)
	}
}

// FuzzParseLiveSubject: what parses is what the topic is written as.
func FuzzParseLiveSubject(f *testing.F) {
	f.Add("live.ev.0._.document.aHVi")
	f.Add("live.ev.15._.user.Wm_DqyA-ICo")
	f.Add("live.ev.0._.service.YQ==")
	f.Fuzz(func(t *testing.T, subject string) {
		topic, err := parseLiveSubject(subject)
		if err != nil || strings.ContainsAny(subject, "\r\n") { // NATS lets no line end through
			return
		}
		key, err := topicKey(topic)
		if err != nil {
			t.Fatalf("%q gives topic %+v, which has no key: %v", subject, topic, err)
		}
		if !strings.HasSuffix(subject, "."+key) {
			t.Errorf("%q gives topic %+v with key %q", subject, topic, key)
		}
	})
}

// FuzzTopicKey: every topic's subject is five tokens, and gives the topic back.
func FuzzTopicKey(f *testing.F) {
	f.Add("hub", uint8(16))
	f.Add(" .*>\n", uint8(1))
	f.Fuzz(func(t *testing.T, id string, partitions uint8) {
		topic := fanfare.Topic{Kind: fanfare.KindUser, ID: id}
		key, err := topicKey(topic)
		if err != nil || partitions == 0 {
			return
		}
		p := partition(key, int(partitions))
		if p < 0 || p >= int(partitions) {
			t.Fatalf("partition %d of %d", p, partitions)
		}
		subject := eventSubject(key, p)
		if got := strings.Split(subject, "."); len(got) != 5 || got[1] != strconv.Itoa(p) {
			t.Fatalf("subject %q", subject)
		}
		if got, err := parseLiveSubject("live." + subject); err != nil || got != topic {
			t.Errorf("%q gives %+v (%v), want %+v", subject, got, err, topic)
		}
	})
}
