package stock_test

import (
	"os"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/stock"
)

func load(t *testing.T) *stock.Matrix {
	t.Helper()
	matrix, err := stock.Load()
	if err != nil {
		t.Fatal(err)
	}
	return matrix
}

// TestDocumentation holds docs/clients.md against the plan.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	if load(t).Markdown() != string(page) {
		t.Error("docs/clients.md is not what go run ./signalr/internal/stockmatrix -docs prints")
	}
}

// TestClientsAreListed names what issue 4 asks for: none of it may be lost, and
// none of it may be excepted as a whole.
func TestClientsAreListed(t *testing.T) {
	t.Parallel()
	matrix := load(t)
	for _, cell := range []stock.Cell{
		{Client: "js10", Transport: "WebSockets", Encoding: "json"},
		{Client: "js10", Transport: "WebSockets", Encoding: "messagepack"},
		{Client: "js10", Transport: "ServerSentEvents", Encoding: "json"},
		{Client: "js10", Transport: "LongPolling", Encoding: "json"},
		{Client: "js10", Transport: "LongPolling", Encoding: "messagepack"},
		{Client: "js8", Transport: "WebSockets", Encoding: "messagepack"},
		{Client: "js8", Transport: "LongPolling", Encoding: "messagepack"},
		{Client: "chromium", Transport: "WebSockets", Encoding: "messagepack"},
		{Client: "chromium", Transport: "ServerSentEvents", Encoding: "json"},
		{Client: "java", Transport: "WebSockets", Encoding: "json"},
		{Client: "java", Transport: "LongPolling", Encoding: "json"},
		{Client: "python", Transport: "WebSockets", Encoding: "json"},
		{Client: "python", Transport: "WebSockets", Encoding: "messagepack"},
	} {
		if n := matrix.Closed(cell); n > 0 {
			t.Errorf("%+v is closed by exception %d", cell, n)
		}
		if n := matrix.Exception(cell, "invoke"); n > 0 {
			t.Errorf("%+v: invoke is excepted by %d", cell, n)
		}
	}
}

// TestPinned holds the versions in the plan's words against the files that pin
// them.
func TestPinned(t *testing.T) {
	t.Parallel()
	about := map[string]string{}
	for _, client := range load(t).Clients {
		about[client.Name] = client.About
	}
	for _, pin := range []struct{ client, says, file, pins string }{
		{"js10", "@microsoft/signalr 10.0.11", "js10/package.json", `"@microsoft/signalr": "10.0.11"`},
		{"js10", "@microsoft/signalr-protocol-msgpack 10.0.11", "js10/package.json", `"@microsoft/signalr-protocol-msgpack": "10.0.11"`},
		{"js8", "@microsoft/signalr 8.0.29", "js8/package.json", `"@microsoft/signalr": "8.0.29"`},
		{"js8", "@microsoft/signalr-protocol-msgpack 8.0.29", "js8/package.json", `"@microsoft/signalr-protocol-msgpack": "8.0.29"`},
		{"chromium", "@microsoft/signalr 10.0.11", "js10/package.json", `"@microsoft/signalr": "10.0.11"`},
		{"java", "signalr 9.0.3", "java/pom.xml", "<version>9.0.3</version>"},
		{"python", "pysignalr 1.3.3", "python/requirements.txt", "pysignalr==1.3.3"},
	} {
		content, err := os.ReadFile("clients/" + pin.file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), pin.pins) {
			t.Errorf("%s: clients/%s does not pin %s", pin.client, pin.file, pin.pins)
		}
		if !strings.Contains(about[pin.client], pin.says) {
			t.Errorf("%s: %q does not say %q", pin.client, about[pin.client], pin.says)
		}
	}
}

// TestExceptions: what a plan may not say.
func TestExceptions(t *testing.T) {
	t.Parallel()
	const rest = `"clients":[{"name":"a"}],"transports":["T"],"encodings":["E"],"cases":[{"name":"c"},{"name":"d"}]`
	for name, test := range map[string]struct{ exceptions, err string }{
		"a case":         {`{"cases":["c"],"side":"client","reason":"r"}`, ""},
		"a cell":         {`{"clients":["a"],"side":"protocol","reason":"r"}`, ""},
		"no reason":      {`{"cases":["c"],"side":"client"}`, "no side or no reason"},
		"no side":        {`{"cases":["c"],"reason":"r"}`, "no side or no reason"},
		"unknown side":   {`{"cases":["c"],"side":"nobody","reason":"r"}`, "no side or no reason"},
		"unknown case":   {`{"cases":["x"],"side":"client","reason":"r"}`, `"x": not in the matrix`},
		"unknown client": {`{"clients":["x"],"side":"client","reason":"r"}`, `"x": not in the matrix`},
		"covered":        {`{"side":"client","reason":"r"},{"cases":["c"],"side":"client","reason":"r"}`, "exception 2: an earlier exception covers all of it"},
		"unknown member": {`{"case":"c","side":"client","reason":"r"}`, "unknown field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stock.Parse([]byte(`{` + rest + `,"exceptions":[` + test.exceptions + `]}`))
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v, want %q", err, test.err)
			}
		})
	}
}
