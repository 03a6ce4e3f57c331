package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The connections that only ask. The server answers a connection's questions
// one after the other, in the goroutine that reads from it: on the connection
// that appends, a replay would hold up every writer. So the number of
// connections is also what bounds the work that replays make at one time.
const (
	pageAskers = 4 // for what may go through the whole of a stream: replays
	lookAskers = 2 // for what is found by an index: snapshots, ends, comparisons
	keepAskers = 1 // for what the keepers of the state have to read
)

// answerQueue has room for an answer of [maxLookup] messages and its end, and
// for what is left of one that nobody waited for.
const answerQueue = 2 * (maxLookup + 1)

// maxLookup bounds the messages of one answer; the server refuses more than
// 1,024 subjects in one question.
const maxLookup = 1000

// question is a request for stored messages, as JetStream's DIRECT.GET
// understands it. Which fields go together is the server's to say.
type question struct {
	Seq       uint64     `json:"seq,omitempty"`
	LastFor   string     `json:"last_by_subj,omitempty"`
	NextFor   string     `json:"next_by_subj,omitempty"`
	Batch     int        `json:"batch,omitempty"`
	MaxBytes  int        `json:"max_bytes,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"`
	MultiLast []string   `json:"multi_last,omitempty"`
}

// single reports whether the answer is one message without an end.
func (q question) single() bool { return q.Batch == 0 && len(q.MultiLast) == 0 }

// asker is a connection for questions, one at a time.
type asker struct {
	conn    *nats.Conn
	inbox   string // answers come on this and a number
	answers chan *nats.Msg
	asked   uint64
}

// askers are those that are free; they go back when the answer is complete.
type askers chan *asker

// openAskers returns n askers; after an error those that it returns are to be
// closed all the same.
func (b *Bus) openAskers(s *session, n int) (askers, error) {
	free := make(askers, n)
	for range n {
		conn, err := b.connect(s.server)
		if err != nil {
			return free, err
		}
		a := &asker{conn: conn, inbox: nats.NewInbox() + ".", answers: make(chan *nats.Msg, answerQueue)}
		free <- a
		s.asking = append(s.asking, conn)
		if _, err := conn.ChanSubscribe(a.inbox+"*", a.answers); err != nil {
			return free, err
		}
	}
	return free, nil
}

// ask puts the question to the stream, gives every message of the answer to
// take, and returns how many more there would be. It waits for an asker as
// long as ctx lets it. Nothing stored that matches is an empty answer.
func (free askers) ask(ctx context.Context, s *session, stream string, q question, take func(*nats.Msg) error) (pending uint64, err error) {
	operation := "read from " + stream
	if err := ctx.Err(); err != nil {
		return 0, translate(operation, err)
	}
	var a *asker
	select {
	case a = <-free:
		defer func() { free <- a }()
	case <-ctx.Done():
		return 0, translate(operation, ctx.Err())
	case <-s.stopping:
		return 0, unavailable(operation, errNotRunning)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	pending, err = a.ask(ctx, s.stopping, stream, q, take)
	return pending, translate(operation, err)
}

func (a *asker) ask(ctx context.Context, stopping <-chan struct{}, stream string, q question, take func(*nats.Msg) error) (uint64, error) {
	data, err := json.Marshal(q)
	if err != nil {
		return 0, err
	}
	a.asked++
	reply := a.inbox + strconv.FormatUint(a.asked, 10)
	if err := a.conn.PublishRequest("$JS.API.DIRECT.GET."+stream, reply, data); err != nil {
		return 0, err
	}
	for {
		select {
		case msg := <-a.answers:
			if msg.Subject != reply { // of a question that somebody did not wait for
				continue
			}
			if pending, done, err := q.hear(msg, take); done || err != nil {
				return pending, err
			}
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-stopping:
			return 0, errNotRunning
		}
	}
}

// hear takes one message of the answer; done says that it was the last.
func (q question) hear(msg *nats.Msg, take func(*nats.Msg) error) (pending uint64, done bool, err error) {
	status := msg.Header.Get("Status")
	if status == "" {
		return 0, q.single(), take(msg)
	}
	code, _ := strconv.Atoi(status)
	switch code {
	case http.StatusNoContent: // the end of a batch
		pending, err = parseSeq(msg, "Nats-Num-Pending")
		return pending, true, err
	case http.StatusNotFound:
		if len(q.MultiLast) > 0 && msg.Header.Get("Description") != "No Results" {
			return 0, true, errors.New("a message was found and could not be loaded")
		}
		return 0, true, nil
	case http.StatusServiceUnavailable:
		return 0, true, nats.ErrNoResponders
	}
	return 0, true, fmt.Errorf("the server answers %s %s", status, msg.Header.Get("Description"))
}

// streamLook is what is asked of a stream's present state.
type streamLook struct {
	Error  *jetstream.APIError `json:"error"`
	Config struct {
		MaxPerSubject int64 `json:"max_msgs_per_subject"`
	} `json:"config"`
	State struct {
		FirstSeq uint64            `json:"first_seq"` // LastSeq + 1 while it is empty
		LastSeq  uint64            `json:"last_seq"`
		Subjects map[string]uint64 `json:"subjects"` // messages of the subject that was asked for
	} `json:"state"`
}

// look asks for the state of a stream, and for the number of messages on one
// subject if that is not empty. Only the leader of a replicated stream answers.
func (s *session) look(ctx context.Context, stream, subject string) (look streamLook, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var request []byte
	if subject != "" {
		request = fmt.Appendf(nil, `{"subjects_filter":%q}`, subject)
	}
	msg, err := s.conn.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+stream, request)
	if err == nil {
		err = json.Unmarshal(msg.Data, &look)
	}
	if err == nil && look.Error != nil {
		err = look.Error
	}
	return look, translate("look at "+stream, err)
}
