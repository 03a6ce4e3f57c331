package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// TestRecordings plays the server's side of every recorded exchange to the
// client: it must send what was recorded, but for its own invocation ids and
// pings, and see what was received. Those that no such client takes part in
// stand in testdata/unplayed.json under the reason; one that can be played, or
// is not recorded, fails the test.
func TestRecordings(t *testing.T) {
	t.Parallel()
	scenarios, err := golden.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	unplayed := readUnplayed(t)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for i := range scenarios {
		name := scenarios[i].Name
		reason := unplayed[name]
		delete(unplayed, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := patience
			if reason != "" {
				limit = time.Second // it is expected to fail
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			err := playScenario(ctx, t, &scenarios[i])
			switch {
			case err == nil && reason != "":
				t.Errorf("can be played: take it out of testdata/unplayed.json, where it says %q", reason)
			case err != nil && reason != "":
				t.Skipf("%s: %v", reason, err)
			case err != nil:
				t.Error(err)
			}
		})
	}
	for name := range unplayed {
		t.Errorf("testdata/unplayed.json lists %q, which is not recorded", name)
	}
}

// readUnplayed returns the reason for each scenario that is not played.
func readUnplayed(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/unplayed.json")
	if err != nil {
		t.Fatal(err)
	}
	var byReason map[string][]string
	if err := json.Unmarshal(data, &byReason); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for reason, names := range byReason {
		for _, name := range names {
			reasons[name] = reason
		}
	}
	return reasons
}

func playScenario(ctx context.Context, t *testing.T, scenario *golden.Scenario) error {
	t.Helper()
	script, err := scenario.Script()
	if err != nil {
		return err
	}
	server := golden.NewCounterpart(script)
	web := httptest.NewServer(server)
	defer web.Close()
	actors := map[string]*actor{}
	for _, channel := range script.Channels {
		actors[channel.Name] = newActor(web.URL, channel, server, script)
	}
	// Whatever happened: nothing may be left behind.
	defer func() { //nolint:contextcheck // ctx has ended by then
		for _, a := range actors {
			a.leave()
		}
	}()
	for i, line := range script.Lines {
		if err := actors[line.Channel].play(ctx, line); err != nil {
			return fmt.Errorf("line %d, %s %v: %w", i+1, line.Channel, line.Kind, err)
		}
	}
	for name := range actors {
		last, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		if message, err := server.Hear(last, name); err == nil {
			cancel()
			return fmt.Errorf("%s: client sent %s as well", name, message)
		}
		cancel()
	}
	return nil
}

// actor is a client that does what is recorded of its channel.
type actor struct {
	channel *golden.Channel
	server  *golden.Counterpart
	client  *client.Client
	codec   hubproto.Codec
	ctx     context.Context // of all its calls
	cancel  context.CancelFunc

	started   chan error // holds the outcome of Start; nil before it
	running   bool       // Start has succeeded
	over      bool       // the server has ended the transport
	ids       map[string]string
	calls     map[string]*actorCall
	uploads   map[string]chan actorItem
	received  chan []hubproto.Raw
	questions map[string]chan actorItem // for the answers, by the handler's name
	asked     map[string]string         // the handler's name, by the question's id
	farewell  string                    // the error of the server's Close message
	in, out   numbers                   // of the server's and the client's messages
}

// actorItem is a value or an error.
type actorItem struct {
	value hubproto.Raw
	err   error
}

// actorCall is a call under way.
type actorCall struct {
	items  chan actorItem // of a stream; nil for an invocation
	end    chan actorItem
	cancel context.CancelFunc
	left   bool // the stream was cancelled
}

func newActor(url string, channel *golden.Channel, server *golden.Counterpart, script *golden.Script) *actor {
	a := &actor{
		channel: channel, server: server, codec: hubproto.NewJSON(nil), ids: map[string]string{},
		calls: map[string]*actorCall{}, uploads: map[string]chan actorItem{}, received: make(chan []hubproto.Raw, 1000),
		questions: map[string]chan actorItem{}, asked: map[string]string{},
	}
	if channel.Binary {
		a.codec = hubproto.NewMessagePack(nil)
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	options := &client.Options{Protocol: a.codec, StatefulReconnect: channel.Stateful, Transports: map[string]client.Transports{
		hubproto.TransportWebSockets:       client.WebSockets,
		hubproto.TransportServerSentEvents: client.ServerSentEvents,
		hubproto.TransportLongPolling:      client.LongPolling,
	}[channel.Transport]}
	if channel.Token != "" {
		options.AccessToken = func(context.Context) (string, error) { return channel.Token, nil }
	}
	a.client = client.New(url+channel.Path, options)
	a.register(script)
	return a
}

// register makes handlers for all that the script calls on the channel.
func (a *actor) register(script *golden.Script) {
	known := map[string]bool{}
	for _, line := range script.Lines {
		message, _ := a.codec.Parse(line.Message)
		call, ok := message.(*hubproto.Invocation)
		if !ok || line.Kind != golden.Hears || line.Channel != a.channel.Name || known[call.Target] {
			continue
		}
		known[call.Target] = true
		a.client.On(call.Target, a.handler(call))
	}
}

// handler makes a function with as many arguments as a call has.
func (a *actor) handler(call *hubproto.Invocation) any {
	raw := reflect.TypeFor[hubproto.Raw]()
	in, out := make([]reflect.Type, len(call.Arguments)), []reflect.Type(nil)
	for i := range in {
		in[i] = raw
	}
	var answers chan actorItem
	if call.InvocationID != "" {
		out = []reflect.Type{raw, reflect.TypeFor[error]()}
		answers = make(chan actorItem, 10)
		a.questions[call.Target] = answers
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, false), func(args []reflect.Value) []reflect.Value {
		raws := make([]hubproto.Raw, len(args))
		for i, arg := range args {
			raws[i] = arg.Bytes()
		}
		a.received <- raws
		if answers == nil {
			return nil
		}
		answer := actorItem{err: context.Canceled}
		select {
		case answer = <-answers:
		case <-a.ctx.Done():
		}
		failure := reflect.Zero(reflect.TypeFor[error]())
		if answer.err != nil {
			failure = reflect.ValueOf(answer.err)
		}
		return []reflect.Value{reflect.ValueOf(answer.value), failure}
	}).Interface()
}

// leave ends the client, whatever it does.
func (a *actor) leave() {
	a.cancel()
	if !a.over {
		a.server.End(a.channel.Name, 1000)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if a.started != nil && !a.running {
		a.client.Stop(ctx)
		<-a.started
	}
	a.client.Stop(ctx)
}

func (a *actor) play(ctx context.Context, line golden.Line) error {
	switch {
	case line.Kind == golden.Ends:
		return a.ends(ctx, line.Code)
	case line.Kind == golden.Cuts:
		a.server.Say(a.channel.Name, a.codec.Append(nil, &hubproto.Ack{SequenceID: int64(line.Code)}))
		a.server.Cut(a.channel.Name)
		return nil
	case line.Kind == golden.Says && a.started == nil:
		a.started = make(chan error, 1)
		go func() { a.started <- a.client.Start(a.ctx) }()
		return a.compareSent(ctx, line.Message, false)
	case line.Kind == golden.Says:
		return a.says(ctx, line.Message)
	case !a.running:
		return a.hearsHandshake(ctx, line.Message)
	default:
		return a.hears(ctx, line.Message)
	}
}

func (a *actor) hearsHandshake(ctx context.Context, message []byte) error {
	if a.started == nil {
		return errors.New("the server speaks first")
	}
	response, err := hubproto.ParseHandshakeResponse(message)
	if err != nil {
		return err
	}
	a.server.Say(a.channel.Name, append(bytes.Clone(message), 0x1e))
	got, err := within(ctx, a.started, "Start")
	if err != nil {
		return err
	}
	a.started <- got
	var refused *client.HandshakeError
	switch {
	case response.Error == "" && got == nil:
		a.running = true
		return nil
	case response.Error != "" && errors.As(got, &refused) && refused.Message == response.Error:
		return nil
	default:
		return fmt.Errorf("Start = %w after %s", got, message)
	}
}

// ends ends the transport, and looks at what the client says of it.
func (a *actor) ends(ctx context.Context, code int) error {
	a.over = true
	a.server.End(a.channel.Name, code)
	if !a.running { // Start has failed
		return nil
	}
	if _, err := within(ctx, a.client.Done(), "end of the client"); err != nil {
		return err
	}
	var closed *client.CloseError
	if err := a.client.Err(); err != nil && (!errors.As(err, &closed) || closed.Message != a.farewell) {
		return fmt.Errorf("client ended with %w, server said %q", err, a.farewell)
	}
	return nil
}

// says makes the client send a message.
func (a *actor) says(ctx context.Context, record []byte) error {
	message, err := a.codec.Parse(record)
	if err != nil {
		return err
	}
	if a.out.count(message) && a.channel.Stateful { // the client sends it again by itself
		return a.compareSent(ctx, record, a.channel.Binary)
	}
	switch m := message.(type) {
	case *hubproto.Invocation:
		a.invoke(m) //nolint:contextcheck // a call outlives its line
	case *hubproto.StreamItem:
		if a.uploads[m.InvocationID] == nil {
			return errors.New("an item of no stream")
		}
		a.uploads[m.InvocationID] <- actorItem{value: m.Item}
	case *hubproto.Completion:
		if err := a.complete(m); err != nil {
			return err
		}
	case *hubproto.CancelInvocation:
		if call := a.calls[m.InvocationID]; call == nil || call.items == nil {
			return errors.New("a cancellation of no stream")
		}
		a.calls[m.InvocationID].left = true
		a.calls[m.InvocationID].cancel()
	case *hubproto.Ping:
		return nil // the client pings when it is time to
	case *hubproto.Ack, *hubproto.Sequence: // the client sends them by itself
		if !a.channel.Stateful {
			return fmt.Errorf("a %T", m)
		}
		if _, isAck := m.(*hubproto.Ack); isAck {
			return nil // when it is time to
		}
	case *hubproto.Close:
		go a.client.Stop(a.ctx) //nolint:contextcheck // it outlives its line
	default:
		return fmt.Errorf("a %T", m)
	}
	return a.compareSent(ctx, record, a.channel.Binary)
}

// complete ends an upload, or answers a question.
func (a *actor) complete(m *hubproto.Completion) error {
	end := actorItem{value: m.Result}
	if m.HasError {
		end.err = errors.New(m.Error)
	}
	if upload := a.uploads[m.InvocationID]; upload != nil {
		if end.err != nil {
			upload <- end
		}
		close(upload)
		delete(a.uploads, m.InvocationID)
		return nil
	}
	target, known := a.asked[m.InvocationID]
	if !known {
		return errors.New("a completion of nothing")
	}
	delete(a.asked, m.InvocationID)
	a.questions[target] <- end
	return nil
}

// invoke makes a call, whose streams come by later messages.
func (a *actor) invoke(m *hubproto.Invocation) {
	args := make([]any, 0, len(m.Arguments)+len(m.StreamIDs))
	for _, arg := range m.Arguments {
		args = append(args, arg)
	}
	for _, id := range m.StreamIDs {
		items := make(chan actorItem, 1000)
		a.uploads[id] = items
		args = append(args, func(yield func(hubproto.Raw, error) bool) {
			for {
				select {
				case item, ok := <-items:
					if !ok || !yield(item.value, item.err) {
						return
					}
				case <-a.ctx.Done():
					return
				}
			}
		})
	}
	if m.InvocationID == "" {
		go a.client.Send(a.ctx, m.Target, args...)
		return
	}
	ctx, cancel := context.WithCancel(a.ctx)
	call := &actorCall{end: make(chan actorItem, 1), cancel: cancel}
	a.calls[m.InvocationID] = call
	if !m.Stream {
		go func() {
			var end actorItem
			end.err = a.client.Invoke(ctx, &end.value, m.Target, args...)
			call.end <- end
		}()
		return
	}
	call.items = make(chan actorItem, 1000)
	go func() {
		for item, err := range client.Stream[hubproto.Raw](ctx, a.client, m.Target, args...) {
			if err != nil {
				call.end <- actorItem{err: err}
				return
			}
			call.items <- actorItem{value: item}
		}
		call.end <- actorItem{}
	}()
}
