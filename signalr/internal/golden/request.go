package golden

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

func (r *run) request(ctx context.Context, s *Step) error {
	body := string(s.Request.Base64)
	if body == "" {
		body = r.fill(s.Request.Body)
	}
	got, err := r.do(ctx, s.Request.Method, s.Request.Path, s.Request.Headers, body)
	if err != nil {
		return err
	}
	if s.Save != "" && got.Status == http.StatusOK {
		var made struct{ ConnectionID, ConnectionToken string }
		_ = json.Unmarshal([]byte(got.Body), &made) // a body without them differs below
		r.name(s.Save, "id", made.ConnectionID)
		r.name(s.Save, "token", made.ConnectionToken)
	}
	return r.player.compareResponse(r.recorded(s.Response), got)
}

// recorded is a recorded response with the names filled in.
func (r *run) recorded(want *Response) *Response {
	if want == nil {
		return nil
	}
	filled := *want
	filled.Body = r.fill(want.Body)
	return &filled
}

func (r *run) do(ctx context.Context, method, path string, headers map[string]string, body string) (*Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.player.BaseURL+r.fill(path), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, value := range headers {
		request.Header.Set(name, r.fill(value))
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	defer response.Body.Close()
	return readResponse(response)
}

// readResponse keeps what is compared of a response.
func readResponse(response *http.Response) (*Response, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	got := &Response{Status: response.StatusCode, Headers: map[string]string{}}
	kept := []string{"content-type", "content-length", "cache-control", "content-encoding", "x-accel-buffering", "allow", "www-authenticate", "location", "vary"}
	for name, values := range response.Header {
		if name = strings.ToLower(name); slices.Contains(kept, name) || strings.HasPrefix(name, "access-control") {
			got.Headers[name] = strings.Join(values, ", ")
		}
	}
	if utf8.Valid(body) {
		got.Body = string(body)
	} else {
		got.Base64 = body
	}
	return got, nil
}

// open opens a WebSocket.
func (r *run) open(ctx context.Context, s *Step) error {
	header := http.Header{}
	for name, value := range s.Headers {
		header.Set(name, r.fill(value))
	}
	url := "ws" + strings.TrimPrefix(r.player.BaseURL, "http") + r.fill(s.Path)
	conn, refusal, err := ws.Dial(ctx, url, header)
	if err == nil {
		r.channels[s.Open] = newChannel(conn, s)
		if s.Opened == nil {
			return fmt.Errorf("opened, recorded as refused with %d", s.Refused.Status)
		}
		return nil
	}
	if refusal == nil {
		return err
	}
	defer refusal.Body.Close()
	return r.refused(s, refusal)
}

func (r *run) refused(s *Step, response *http.Response) error {
	got, err := readResponse(response)
	if err != nil {
		return err
	}
	if s.Refused == nil {
		return fmt.Errorf("refused with %d %q, recorded as opened", got.Status, got.Body)
	}
	return r.player.compareResponse(r.recorded(s.Refused), got)
}

// events asks for Server-Sent Events. Only a refusal can be compared.
func (r *run) events(ctx context.Context, s *Step) error {
	if s.Refused == nil {
		return errUnplayed
	}
	headers := map[string]string{"accept": "text/event-stream"}
	maps.Copy(headers, s.Headers)
	got, err := r.do(ctx, http.MethodGet, s.Path, headers, "")
	if err != nil {
		return err
	}
	return r.player.compareResponse(r.recorded(s.Refused), got)
}
