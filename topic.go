package fanfare

import (
	"strings"
	"unicode/utf8"
)

// Kind is the first half of a topic.
type Kind string

// The four kinds of topic.
const (
	KindDocument Kind = "document"
	KindService  Kind = "service"
	KindUser     Kind = "user"
	KindPresence Kind = "presence"
)

// Anonymous stands in presence payloads for a user without an id. It is
// nobody's id: nothing can be sent to it.
const Anonymous = "anonymous"

const (
	maxServiceName = 64  // bytes
	maxUserID      = 256 // bytes
)

// Topic is what a client follows and what events are ordered by. The zero
// Topic is none. Its text form is "kind:id".
type Topic struct {
	Kind Kind
	ID   string // a lower-case GUID, a service name or a user id
}

// DocumentTopic returns the topic of the document with this lower-case GUID.
func DocumentTopic(id string) Topic { return Topic{Kind: KindDocument, ID: id} }

// ServiceTopic returns the topic of what this service says about itself.
func ServiceTopic(name string) Topic { return Topic{Kind: KindService, ID: name} }

// UserTopic returns the topic of what is meant for this user.
func UserTopic(id string) Topic { return Topic{Kind: KindUser, ID: id} }

// PresenceTopic returns the topic of who connects to this service.
func PresenceTopic(service string) Topic { return Topic{Kind: KindPresence, ID: service} }

// IsZero reports whether t is no topic.
func (t Topic) IsZero() bool { return t == Topic{} }

// String returns the text form, "" for the zero Topic.
func (t Topic) String() string {
	if t.IsZero() {
		return ""
	}
	return string(t.Kind) + ":" + t.ID
}

// ParseTopic reads the text form. A GUID in it may be in any case. The error is
// CodeInvalidTopic.
func ParseTopic(s string) (Topic, error) {
	kind, id, _ := strings.Cut(s, ":")
	t := Topic{Kind: Kind(kind), ID: id}
	if t.Kind == KindDocument {
		if guid, err := ParseGUID(id); err == nil {
			t.ID = guid
		}
	}
	if want := t.mismatch(); want != "" {
		return Topic{}, Errorf(CodeInvalidTopic, "topic is %s: %s", quote(s), want)
	}
	return t, nil
}

// mismatch says what t should have been, "" if it is valid.
func (t Topic) mismatch() string {
	switch t.Kind {
	case KindDocument:
		if guid, err := ParseGUID(t.ID); err != nil || guid != t.ID {
			return "want document: and a GUID"
		}
	case KindService, KindPresence:
		if !isServiceName(t.ID) {
			return "want " + string(t.Kind) + ": and 1 to 64 of A-Z a-z 0-9 . _ -"
		}
	case KindUser:
		if !isUserID(t.ID) || t.ID == Anonymous {
			return "want user: and 1 to 256 bytes of UTF-8, but not " + Anonymous
		}
	default:
		return "want document:, service:, user: or presence:"
	}
	return ""
}

func isServiceName(s string) bool {
	if s == "" || len(s) > maxServiceName {
		return false
	}
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// isUserID asks for UTF-8, because an id that JSON cannot carry would arrive as
// somebody else's.
func isUserID(s string) bool {
	return s != "" && len(s) <= maxUserID && utf8.ValidString(s)
}
