package hubproto_test

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

func TestNegotiateVersion(t *testing.T) {
	t.Parallel()
	const notInteger = "The client requested a non-integer protocol version."
	tests := []struct {
		id, query string
		minimum   int
		want      int
		refusal   string
	}{
		{"NEG-03 absent", "", 0, 0, ""},
		{"NEG-03 as requested", "negotiateVersion=1", 0, 1, ""},
		{"NEG-03 above", "negotiateVersion=2", 0, 1, ""},
		{"NEG-03 far above", "negotiateVersion=2147483647", 0, 1, ""},
		{"NEG-04 negative", "negotiateVersion=-1", 0, 0, "The client requested version '-1', but the server does not support this version."},
		{"NEG-04 absent", "", 1, 0, "The client requested version '0', but the server does not support this version."},
		{"NEG-05 word", "negotiateVersion=one", 0, 0, notInteger},
		{"NEG-05 empty", "negotiateVersion=", 0, 0, notInteger},
		{"NEG-05 fraction", "negotiateVersion=1.0", 0, 0, notInteger},
		{"NEG-05 twice", "negotiateVersion=1&negotiateVersion=1", 0, 0, notInteger},
		{"NEG-05 overflow", "negotiateVersion=99999999999", 0, 0, notInteger},
		{"NEG-05 space", "negotiateVersion=%201%09", 0, 1, ""},
		{"NEG-05 plus and zeros", "negotiateVersion=%2B001", 0, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := hubproto.NegotiateVersion(query["negotiateVersion"], test.minimum)
			refusal := ""
			if err != nil {
				refusal = err.Error()
			}
			if got != test.want || refusal != test.refusal {
				t.Errorf("got %d, %q, want %d, %q", got, refusal, test.want, test.refusal)
			}
		})
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	all := []hubproto.TransportInfo{
		{Transport: hubproto.TransportWebSockets, TransferFormats: []string{hubproto.FormatText, hubproto.FormatBinary}},
		{Transport: hubproto.TransportServerSentEvents, TransferFormats: []string{hubproto.FormatText}},
	}
	const allText = `[{"transport":"WebSockets","transferFormats":["Text","Binary"]},{"transport":"ServerSentEvents","transferFormats":["Text"]}]`
	tests := []struct {
		id, text string
		document hubproto.Negotiation
	}{
		{
			"NEG-11", `{"negotiateVersion":1,"connectionId":"i","connectionToken":"t","availableTransports":` + allText + `}`,
			hubproto.Negotiation{Version: 1, ConnectionID: "i", ConnectionToken: "t", Transports: all},
		},
		{
			"NEG-07 version 0", `{"negotiateVersion":0,"connectionId":"i","availableTransports":` + allText + `}`,
			hubproto.Negotiation{ConnectionID: "i", ConnectionToken: "i", Transports: all},
		},
		{
			"NEG-08 no transports", `{"negotiateVersion":1,"connectionId":"i","connectionToken":"t","availableTransports":[]}`,
			hubproto.Negotiation{Version: 1, ConnectionID: "i", ConnectionToken: "t", Transports: []hubproto.TransportInfo{}},
		},
		{
			"NEG-13", `{"useStatefulReconnect":true,"negotiateVersion":1,"connectionId":"i","connectionToken":"t","availableTransports":` + allText + `}`,
			hubproto.Negotiation{UseStatefulReconnect: true, Version: 1, ConnectionID: "i", ConnectionToken: "t", Transports: all},
		},
		{"NEG-02", `{"error":"no"}`, hubproto.Negotiation{Error: "no"}},
		{"NEG-19", `{"url":"https://else.example/hub?a=b","accessToken":"x"}`, hubproto.Negotiation{URL: "https://else.example/hub?a=b", AccessToken: "x"}},
		{"NEG-19 no token", `{"url":"https://else.example"}`, hubproto.Negotiation{URL: "https://else.example"}},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			if got := string(hubproto.AppendNegotiation(nil, &test.document)); got != test.text {
				t.Errorf("wrote %s, want %s", got, test.text)
			}
			got, err := hubproto.ParseNegotiation([]byte(test.text))
			if err != nil || !reflect.DeepEqual(*got, test.document) {
				t.Errorf("read %+v, %v, want %+v", got, err, test.document)
			}
		})
	}
	t.Run("NEG-13 unknown members are skipped", func(t *testing.T) {
		t.Parallel()
		if _, err := hubproto.ParseNegotiation([]byte(`{"x":{},"negotiateVersion":1}`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("NEG-01 not JSON", func(t *testing.T) {
		t.Parallel()
		if n, err := hubproto.ParseNegotiation([]byte(`<html>`)); err == nil {
			t.Errorf("read %+v from no JSON", n)
		}
	})
}
