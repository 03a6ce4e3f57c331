package golden

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	if s.Start != "" {
		started := make(chan reply, 1)
		r.started[s.Start] = started
		method, path, headers := s.Request.Method, r.fill(s.Request.Path), r.fillAll(s.Request.Headers)
		go func() {
			response, err := r.do(ctx, method, path, headers, body)
			started <- reply{response, err}
			close(started)
		}()
		return nil
	}
	got, err := r.do(ctx, s.Request.Method, r.fill(s.Request.Path), r.fillAll(s.Request.Headers), body)
	if err != nil {
		return err
	}
	if s.Save != "" && got.Status == http.StatusOK {
		var made struct{ ConnectionID, ConnectionToken string }
		_ = json.Unmarshal([]byte(got.Body), &made) // a body without them differs below
		r.name(s.Save, "id", made.ConnectionID)
		r.name(s.Save, "token", made.ConnectionToken)
	}
	return compareResponse(r.recorded(s.Response), got)
}

// finish waits for the response of a request that was started.
func (r *run) finish(s *Step) error {
	got := <-r.started[s.Finish]
	if got.err != nil {
		return got.err
	}
	return compareResponse(r.recorded(s.Response), got.response)
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
	request, err := http.NewRequestWithContext(ctx, method, r.player.BaseURL+path, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	defer response.Body.Close()
	return readResponse(response)
}

func (r *run) fillAll(headers map[string]string) map[string]string {
	filled := map[string]string{}
	for name, value := range headers {
		filled[name] = r.fill(value)
	}
	return filled
}

// readResponse keeps what is compared of a response.
func readResponse(response *http.Response) (*Response, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	got := readHead(response)
	if utf8.Valid(body) {
		got.Body = string(body)
	} else {
		got.Base64 = body
	}
	return got, nil
}

func readHead(response *http.Response) *Response {
	got := &Response{Status: response.StatusCode, Headers: map[string]string{}}
	kept := []string{"content-type", "content-length", "cache-control", "content-encoding", "x-accel-buffering", "allow", "www-authenticate", "location", "vary"}
	for name, values := range response.Header {
		if name = strings.ToLower(name); slices.Contains(kept, name) || strings.HasPrefix(name, "access-control") {
			got.Headers[name] = strings.Join(values, ", ")
		}
	}
	return got
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
	return compareResponse(r.recorded(s.Refused), got)
}

// events opens a stream of Server-Sent Events, or is refused.
func (r *run) events(ctx context.Context, s *Step) error {
	ctx, cancel := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.player.BaseURL+r.fill(s.Path), http.NoBody)
	if err != nil {
		cancel()
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Accept", "text/event-stream")
	for name, value := range s.Headers {
		request.Header.Set(name, r.fill(value))
	}
	response, err := r.client.Do(request)
	if err != nil {
		cancel()
		return fmt.Errorf("request: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		defer cancel()
		defer response.Body.Close()
		return r.refused(s, response)
	}
	r.channels[s.Events] = newEvents(response.Body, cancel)
	if s.Refused != nil {
		return fmt.Errorf("opened, recorded as refused with %d", s.Refused.Status)
	}
	var opened Response
	if err := json.Unmarshal(s.Opened, &opened); err != nil {
		return fmt.Errorf("read recorded response: %w", err)
	}
	return compareResponse(r.recorded(&opened), readHead(response))
}
