package fanfare

// Kind is the first half of a topic.
type Kind string

// The four kinds of topic.
const (
	KindDocument Kind = "document"
	KindService  Kind = "service"
	KindUser     Kind = "user"
	KindPresence Kind = "presence"
)

// Topic is what a client follows and what events are ordered by. The zero
// Topic is none. Its text form is "kind:id".
type Topic struct {
	Kind Kind
	ID   string // a lower-case GUID, a service name or a user id
}
