package client

import "testing"

// SSE-03, at any split of the bytes.
func TestEventParser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ stream, want string }{
		"comment":           {":\r\n", ""},
		"event":             {"data: Hello, World\r\n\r\n", "Hello, World"},
		"two lines":         {"data: Hello\r\ndata: World\r\n\r\n", "Hello\nWorld"},
		"empty last line":   {"data: Hello\r\ndata: \r\n\r\n", "Hello\n"},
		"two events":        {"data: a\r\n\r\ndata: b\r\n\r\n", "ab"},
		"no space":          {"data:a\r\n\r\n", "a"},
		"only one space":    {"data:  a\r\n\r\n", " a"},
		"line feeds only":   {"data: a\ndata: b\n\ndata: c\n\n", "a\nbc"},
		"returns only":      {"data: a\rdata: b\r\rdata: c\r\r", "a\nbc"},
		"other fields":      {"event: x\r\nid: 1\r\ndata: a\r\nretry: 5\r\n\r\n", "a"},
		"field that begins": {"dat: x\r\ndatab: x\r\ndata\r\ndata: a\r\n\r\n", "a"},
		"colon in data":     {"data: a: b\r\n\r\n", "a: b"},
		"separator":         {"data: {}\x1e{}\x1e\r\n\r\n", "{}\x1e{}\x1e"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for split := range len(test.stream) + 1 {
				var parser eventParser
				got := parser.parse(nil, []byte(test.stream[:split]))
				got = parser.parse(got, []byte(test.stream[split:]))
				if string(got) != test.want {
					t.Errorf("split at %d: %q, want %q", split, got, test.want)
				}
			}
		})
	}
}
