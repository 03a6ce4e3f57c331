package golden

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Script is a scenario as a conversation of hub messages, whatever transport
// carries them: what a client has to say and to hear.
type Script struct {
	Name     string
	Channels []*Channel // in the order in which they are opened
	Lines    []Line
}

// Channel is one client's connection in a script.
type Channel struct {
	Name      string
	Path      string // the hub's, with its query
	Token     string // the bearer token of its requests, if they have one
	Transport string // by its name on the wire
	Stateful  bool   // it asks for stateful reconnect
	Binary    bool   // MessagePack
	answer    string // to its negotiation
}

// Line is one thing said by either side.
type Line struct {
	Channel string
	Kind    LineKind
	Message []byte // as the codec's Parse takes it; the handshake's are JSON
	Code    int    // of Ends; of Cuts how many of the client's messages are acknowledged before
}

// LineKind says who does what in a line.
type LineKind int

// The kinds of lines.
const (
	Says  LineKind = iota + 1 // the client sends Message
	Hears                     // the server sends Message
	Ends                      // the server ends the connection
	Cuts                      // the connection is lost, and the client comes back
)

// String returns the kind's name.
func (k LineKind) String() string {
	switch k {
	case Says:
		return "says"
	case Hears:
		return "hears"
	case Ends:
		return "ends"
	case Cuts:
		return "is cut"
	default:
		return "unknown"
	}
}

// Script turns a scenario into a script. The error says what in it is no
// client's conversation with a hub.
func (s *Scenario) Script() (*Script, error) {
	b := &scriptBuilder{script: &Script{Name: s.Name}, channels: map[string]*Channel{}, shaken: map[string]bool{}}
	for i := range s.Steps {
		if err := b.add(&s.Steps[i]); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	for _, c := range b.script.Channels {
		if c.Transport == "" {
			return nil, errors.New("nothing follows the negotiation")
		}
	}
	if len(b.script.Lines) == 0 {
		return nil, errors.New("nothing is said")
	}
	return b.script, nil
}

type scriptBuilder struct {
	script   *Script
	channels map[string]*Channel
	shaken   map[string]bool // name/kind -> the handshake's message was there
	cut      int             // the line of the last Cuts
}

func (b *scriptBuilder) add(s *Step) error {
	switch {
	case s.Request != nil && strings.Contains(s.Request.Path, "/negotiate"):
		return b.negotiate(s)
	case s.Request != nil:
		return b.request(s)
	case s.Finish != "":
		return b.response(s.Finish, s.Response)
	case s.Open != "":
		return b.open(s, s.Open, hubproto.TransportWebSockets)
	case s.Events != "":
		return b.open(s, s.Events, hubproto.TransportServerSentEvents)
	case s.Send != "":
		return b.send(s)
	case s.Receive != "":
		return b.receive(s)
	case s.Closed != "" && !s.StillOpen:
		b.line(Line{Channel: s.Closed, Kind: Ends, Code: s.Code})
	case s.Close != "":
		return errors.New("the client closes without a Close message")
	case s.Drop != "":
		return b.drop(s.Drop)
	}
	return nil
}

// drop loses a connection. That the client cuts it comes to the same for one
// that comes back.
func (b *scriptBuilder) drop(name string) error {
	c := b.channels[name]
	if c == nil || !c.Stateful {
		return errors.New("the client cuts the connection")
	}
	b.cut = len(b.script.Lines)
	b.line(Line{Channel: c.Name, Kind: Cuts})
	return nil
}

func (b *scriptBuilder) line(l Line) { b.script.Lines = append(b.script.Lines, l) }

func (b *scriptBuilder) negotiate(s *Step) error {
	path, query, _ := strings.Cut(s.Request.Path, "?")
	path, isHub := strings.CutSuffix(path, "/negotiate")
	switch {
	case s.Request.Method != http.MethodPost || !isHub || s.Request.Body != "":
		return errors.New("not a negotiation as clients make it")
	case s.Save == "" || s.Response == nil || s.Response.Status != http.StatusOK:
		return errors.New("the negotiation makes no connection")
	}
	// The client adds its own parameters at the end.
	query, stateful := strings.CutSuffix(query, "&useStatefulReconnect=true")
	query, isOne := strings.CutSuffix(query, "negotiateVersion=1")
	if !isOne {
		return errors.New("not the client's version of negotiation")
	}
	c := &Channel{Name: s.Save, Path: path, Stateful: stateful, answer: names(s.Response.Body)}
	if query = strings.TrimSuffix(query, "&"); query != "" {
		c.Path += "?" + query
	}
	if err := c.authorize(s.Request.Headers); err != nil {
		return err
	}
	b.channels[c.Name] = c
	b.script.Channels = append(b.script.Channels, c)
	return nil
}

// authorize takes over the token of a request, and knows no other header but
// those that clients set.
func (c *Channel) authorize(headers map[string]string) error {
	for name, value := range headers {
		token, isToken := strings.CutPrefix(value, "Bearer ")
		switch {
		case strings.EqualFold(name, "content-type"):
		case !strings.EqualFold(name, "authorization") || !isToken:
			return fmt.Errorf("a request with the header %s", name)
		case c.Token != "" && c.Token != token:
			return errors.New("requests with several tokens")
		default:
			c.Token = token
		}
	}
	return nil
}

// channel finds the one of a request by its token, and checks that the request
// is one of the client's.
func (b *scriptBuilder) channel(path string, headers map[string]string) (*Channel, error) {
	at, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("read query: %w", err)
	}
	id, isName := strings.CutSuffix(values.Get("id"), ".token}")
	c := b.channels[strings.TrimPrefix(id, "{")]
	if !isName || c == nil {
		return nil, errors.New("a request for a connection that was not negotiated")
	}
	if hub, _, _ := strings.Cut(c.Path, "?"); hub != at {
		return nil, errors.New("a request to another path than that of the negotiation")
	}
	return c, c.authorize(headers)
}

func (b *scriptBuilder) open(s *Step, name, transport string) error {
	c, err := b.channel(s.Path, s.Headers)
	switch {
	case err != nil:
		return err
	case s.Refused != nil:
		return errors.New("a transport is refused")
	case c.Stateful && c.Transport == transport && b.channels[name] == nil:
		b.channels[name] = c // come back
		return nil
	case c.Name != name || c.Transport != "" || s.Raw:
		return errors.New("not the one transport of its hub connection")
	}
	c.Transport, c.Binary = transport, s.Binary
	return nil
}

// request is that of a transport: a poll or a post.
func (b *scriptBuilder) request(s *Step) error {
	c, err := b.channel(s.Request.Path, s.Request.Headers)
	if err != nil {
		return err
	}
	switch s.Request.Method {
	case http.MethodGet:
		return b.poll(c, s)
	case http.MethodPost:
		if s.Response == nil || s.Response.Status != http.StatusOK {
			return errors.New("a message is refused")
		}
		return b.messages(c.Name, Says, s.Request.Body, s.Request.Base64)
	default:
		return fmt.Errorf("%s is not a request that carries messages", s.Request.Method)
	}
}

func (b *scriptBuilder) poll(c *Channel, s *Step) error {
	if c.Transport == "" {
		c.Transport = hubproto.TransportLongPolling
	}
	if c.Transport != hubproto.TransportLongPolling {
		return errors.New("a poll on another transport")
	}
	if s.Start != "" {
		if s.Start != c.Name {
			b.channels[s.Start] = c
		}
		return nil
	}
	return b.response(c.Name, s.Response)
}

// response is that of a poll.
func (b *scriptBuilder) response(name string, r *Response) error {
	c := b.channels[name]
	switch {
	case c == nil || r == nil:
		return errors.New("a response that was not waited for")
	case r.Status == http.StatusNoContent:
		b.line(Line{Channel: c.Name, Kind: Ends, Code: 1000})
		return nil
	case r.Status != http.StatusOK:
		return errors.New("a poll is refused")
	}
	return b.messages(c.Name, Hears, r.Body, r.Base64)
}
