package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

func (b *scriptBuilder) send(s *Step) error {
	data := s.Base64
	if s.Pack != nil {
		var err error
		if data, err = pack(names(string(s.Pack))); err != nil {
			return err
		}
	}
	return b.messages(s.Send, Says, s.Text, data)
}

func (b *scriptBuilder) receive(s *Step) error {
	if s.AtLeast {
		return errors.New("it is not recorded how much comes")
	}
	for _, recorded := range s.Messages {
		if err := b.recorded(s.Receive, recorded); err != nil {
			return err
		}
	}
	return nil
}

// recorded adds one message of the server.
func (b *scriptBuilder) recorded(name string, recorded json.RawMessage) error {
	var text string
	if json.Unmarshal(recorded, &text) == nil {
		return b.message(name, Hears, []byte(names(text)))
	}
	means, err := recordedMeaning(recorded)
	if err != nil {
		return err
	}
	frame, err := pack("[" + names(means) + "]")
	if err != nil {
		return err
	}
	return b.messages(name, Hears, "", frame)
}

// messages splits what was sent in one piece.
func (b *scriptBuilder) messages(name string, kind LineKind, text string, data []byte) error {
	if text != "" {
		data = []byte(names(text))
	}
	for len(data) > 0 {
		record, rest, err := b.codec(name, kind).Next(data, 0)
		if err != nil || record == nil {
			return errors.New("not a whole message")
		}
		if err := b.message(name, kind, record); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

func (b *scriptBuilder) message(name string, kind LineKind, record []byte) error {
	c := b.channels[name]
	if c == nil {
		return errors.New("a message on no channel")
	}
	if b.shake(name, kind) {
		message, err := b.codec(name, kind).Parse(record)
		if err != nil {
			return fmt.Errorf("not a message of the protocol: %w", err)
		}
		// A client announces what is not acknowledged to it.
		if sequence, ok := message.(*hubproto.Sequence); ok && kind == Says && b.cut > 0 {
			b.script.Lines[b.cut].Code = int(sequence.SequenceID) - 1
		}
	}
	if asks, err := hubproto.ParseHandshakeRequest(record); err == nil && kind == Says {
		c.Binary = c.Binary || asks.Protocol == "messagepack" // a poll does not tell
	}
	b.line(Line{Channel: c.Name, Kind: kind, Message: record})
	return nil
}

// shake says whether the handshake is behind that side, which it is after its
// first message.
func (b *scriptBuilder) shake(name string, kind LineKind) (before bool) {
	key := b.channels[name].Name + "/" + kind.String()
	before = b.shaken[key]
	b.shaken[key] = true
	return before
}

func (b *scriptBuilder) codec(name string, kind LineKind) hubproto.Codec {
	c := b.channels[name]
	if c != nil && c.Binary && b.shaken[c.Name+"/"+kind.String()] {
		return hubproto.NewMessagePack(nil)
	}
	return hubproto.NewJSON(nil)
}

// names puts ids in place of the names of what the recorded server made up:
// {a.token} becomes a.token.
func names(text string) string {
	for _, kind := range []string{"id", "token", "ask"} {
		for {
			head, tail, found := strings.Cut(text, "."+kind+"}")
			start := strings.LastIndexByte(head, '{')
			if !found || start < 0 {
				break
			}
			text = head[:start] + head[start+1:] + "." + kind + tail
		}
	}
	return text
}
