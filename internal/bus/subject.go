package bus

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/fanfare-hub/fanfare"
)

// The first tokens of the subjects, and the tenant until there are others.
const (
	tenant      = "_"
	eventPrefix = "ev." // ev.{p}.{tenant}.{kind}.{base64url id}
	republished = "live."
	livePrefix  = republished + eventPrefix // the same, as republished
	jobPrefix   = "job."                    // job.{tenant}.{base64url id}
)

// hashName is how a topic finds its partition; it stands in the store's
// metadata, because another hash would look for events where they are not.
const hashName = "fnv1a32"

// idEncoding makes any id one token: no dots, wildcards or spaces.
var idEncoding = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // an immutable value that the language cannot make a constant

// topicKey is {tenant}.{kind}.{base64url id}.
func topicKey(topic fanfare.Topic) (string, error) {
	if !knownKind(topic.Kind) || topic.ID == "" {
		return "", &fanfare.Error{
			Code:    fanfare.CodeInvalidTopic,
			Message: fmt.Sprintf("topic with kind %q and id %q: the kind must be document, service, user or presence, and the id not empty", topic.Kind, topic.ID),
		}
	}
	return tenant + "." + string(topic.Kind) + "." + idEncoding.EncodeToString([]byte(topic.ID)), nil
}

func knownKind(kind fanfare.Kind) bool {
	switch kind {
	case fanfare.KindDocument, fanfare.KindService, fanfare.KindUser, fanfare.KindPresence:
		return true
	}
	return false
}

// partition is FNV-1a-32 of the key, modulo the number of partitions.
func partition(key string, partitions int) int {
	hash := fnv.New32a()
	hash.Write([]byte(key))
	return int(hash.Sum32() % uint32(partitions)) //nolint:gosec // partitions is at most maxPartitions
}

// eventStream names the stream of a partition.
func eventStream(p int) string { return "EVENTS_" + strconv.Itoa(p) }

// eventSubject is where a topic's events are stored.
func eventSubject(key string, p int) string {
	return eventPrefix + strconv.Itoa(p) + "." + key
}

// liveSubject is where a topic's events are republished when they are stored.
func liveSubject(key string, p int) string { return republished + eventSubject(key, p) }

// parseLiveSubject returns the topic of a republished event.
func parseLiveSubject(subject string) (fanfare.Topic, error) {
	rest, ok := strings.CutPrefix(subject, livePrefix)
	tokens := strings.Split(rest, ".")
	if !ok || len(tokens) != 4 {
		return fanfare.Topic{}, fmt.Errorf("subject %q is not %s{p}.{tenant}.{kind}.{id}", subject, livePrefix)
	}
	if tokens[1] != tenant {
		return fanfare.Topic{}, fmt.Errorf("subject %q is another tenant's", subject)
	}
	id, err := parseID(tokens[3])
	if err != nil {
		return fanfare.Topic{}, fmt.Errorf("subject %q: %w", subject, err)
	}
	topic := fanfare.Topic{Kind: fanfare.Kind(tokens[2]), ID: id}
	if !knownKind(topic.Kind) {
		return fanfare.Topic{}, fmt.Errorf("subject %q has an unknown kind", subject)
	}
	return topic, nil
}

// jobSubject is where the job of a document is stored.
func jobSubject(id string) string {
	return jobPrefix + tenant + "." + idEncoding.EncodeToString([]byte(id))
}

func parseJobSubject(subject string) (id string, err error) {
	token, ok := strings.CutPrefix(subject, jobPrefix+tenant+".")
	if !ok {
		return "", fmt.Errorf("subject %q is not %s{tenant}.{id}", subject, jobPrefix)
	}
	return parseID(token)
}

// recordKey is the key of a document's record.
func recordKey(id string) string {
	return recordPrefix + idEncoding.EncodeToString([]byte(id))
}

func parseRecordKey(key string) (id string, err error) {
	token, ok := strings.CutPrefix(key, recordPrefix)
	if !ok {
		return "", fmt.Errorf("key %q is not %s{id}", key, recordPrefix)
	}
	return parseID(token)
}

const recordPrefix = tenant + "." + string(fanfare.KindDocument) + "."

func parseID(token string) (string, error) {
	id, err := idEncoding.DecodeString(token)
	if err != nil {
		return "", fmt.Errorf("id %q: %w", token, err)
	}
	if len(id) == 0 {
		return "", fmt.Errorf("id %q is empty", token)
	}
	return string(id), nil
}
