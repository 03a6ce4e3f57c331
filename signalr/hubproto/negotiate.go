package hubproto

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// MaxNegotiateVersion is the highest version of the negotiate document.
const MaxNegotiateVersion = 1

// The transfer formats of a transport (NEG-09).
const (
	FormatText   = "Text"
	FormatBinary = "Binary"
)

// Negotiation is the answer to a negotiate request: an Error, or a redirect to
// URL, or a connection (NEG-02, NEG-07, NEG-19).
type Negotiation struct {
	Error string `json:"error"`

	URL         string `json:"url"`
	AccessToken string `json:"accessToken"`

	UseStatefulReconnect bool   `json:"useStatefulReconnect"`
	Version              int    `json:"negotiateVersion"`
	ConnectionID         string `json:"connectionId"`
	// ConnectionToken is what requests carry as id. In version 0 it is not
	// written, and read as the ConnectionID (NEG-15).
	ConnectionToken string `json:"connectionToken"`
	// TokenLifetimeSeconds is how long the request's credential is good, if the
	// server lets it be refreshed (NEG-23); 0 is not written.
	TokenLifetimeSeconds int             `json:"tokenLifetimeSeconds"`
	Transports           []TransportInfo `json:"availableTransports"`
}

// TransportInfo is one transport that a server offers.
type TransportInfo struct {
	Transport       string   `json:"transport"`
	TransferFormats []string `json:"transferFormats"`
}

// AppendNegotiation appends n as ASP.NET Core writes it (NEG-11, NEG-13).
func AppendNegotiation(dst []byte, n *Negotiation) []byte {
	if n.Error != "" {
		return append(appendString(append(dst, `{"error":`...), n.Error), '}')
	}
	if n.URL != "" {
		return appendRedirect(dst, n)
	}
	dst = append(dst, '{')
	if n.UseStatefulReconnect {
		dst = append(dst, `"useStatefulReconnect":true,`...)
	}
	dst = strconv.AppendInt(append(dst, `"negotiateVersion":`...), int64(n.Version), 10)
	dst = appendString(append(dst, `,"connectionId":`...), n.ConnectionID)
	if n.Version > 0 {
		dst = appendString(append(dst, `,"connectionToken":`...), n.ConnectionToken)
	}
	dst = append(dst, `,"availableTransports":[`...)
	for i, transport := range n.Transports {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTransport(dst, transport)
	}
	dst = append(dst, ']')
	if n.TokenLifetimeSeconds > 0 {
		dst = strconv.AppendInt(append(dst, `,"tokenLifetimeSeconds":`...), int64(n.TokenLifetimeSeconds), 10)
	}
	return append(dst, '}')
}

func appendRedirect(dst []byte, n *Negotiation) []byte {
	dst = appendString(append(dst, `{"url":`...), n.URL)
	if n.AccessToken != "" {
		dst = appendString(append(dst, `,"accessToken":`...), n.AccessToken)
	}
	return append(dst, '}')
}

func appendTransport(dst []byte, t TransportInfo) []byte {
	dst = appendString(append(dst, `{"transport":`...), t.Transport)
	dst = append(dst, `,"transferFormats":[`...)
	for i, format := range t.TransferFormats {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, format)
	}
	return append(dst, ']', '}')
}

// ParseNegotiation reads a server's answer. Unknown members are skipped.
func ParseNegotiation(data []byte) (*Negotiation, error) {
	var n Negotiation
	if err := json.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("read negotiate response: %w", err)
	}
	if n.Version == 0 {
		n.ConnectionToken = n.ConnectionID
	}
	return &n, nil
}

// NegotiateError is why a negotiate request is refused. Its text goes into
// Negotiation.Error, and clients show it as it is (NEG-02).
type NegotiateError struct {
	text string
}

// Error returns ASP.NET Core's text.
func (e *NegotiateError) Error() string { return e.text }

// NegotiateVersion chooses the version for a request with these values of the
// query parameter negotiateVersion, whose name is compared without case
// (EP-06): 0 where none is asked for, MaxNegotiateVersion at most (NEG-03). An
// error is a *NegotiateError: below minimum (NEG-04), or not an integer
// (NEG-05).
func NegotiateVersion(asked []string, minimum int) (int, error) {
	version := int64(0)
	if len(asked) > 0 {
		var err error
		version, err = strconv.ParseInt(strings.Trim(asked[0], " \t\n\v\f\r"), 10, 32)
		if err != nil || len(asked) > 1 {
			return 0, &NegotiateError{text: "The client requested a non-integer protocol version."}
		}
	}
	if version < int64(minimum) {
		return 0, &NegotiateError{
			text: fmt.Sprintf("The client requested version '%d', but the server does not support this version.", version),
		}
	}
	return int(min(version, MaxNegotiateVersion)), nil
}
