package api

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(curl .*?)\n```")
	quotedFlag = regexp.MustCompile(`-(H|d) '([^']*)'`)
)

// TestPageExamples sends what docs/events.md tells readers to send.
func TestPageExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	api, log := newHub(t, nil)
	sent := 0
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		body, headers := "", []string{}
		for _, flag := range quotedFlag.FindAllStringSubmatch(block[1], -1) {
			if flag[1] == "d" {
				body = flag[2]
				continue
			}
			name, value, _ := strings.Cut(flag[2], ": ")
			headers = append(headers, name, value)
		}
		if body == "" {
			continue // it reads
		}
		sent++
		if got := post(api, "", body, headers...); got.status != http.StatusAccepted {
			t.Errorf("%s\nis answered %d, %s", block[1], got.status, got.body)
		}
	}
	if sent != 4 || log.seq != 6 {
		t.Errorf("%d examples store %d events, want the four forms with 5 events and a second copy", sent, log.seq)
	}
}
