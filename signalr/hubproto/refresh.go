package hubproto

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Refresh is the answer to a request that renews a connection's credential: an
// Error, which is a code such as "invalid_token", or how long the credential is
// good now; 0 is without end (AUTH-11).
type Refresh struct {
	Error                string `json:"error"`
	TokenLifetimeSeconds int    `json:"tokenLifetimeSeconds"`
}

// AppendRefresh appends r as ASP.NET Core writes it.
func AppendRefresh(dst []byte, r *Refresh) []byte {
	switch {
	case r.Error != "":
		return append(appendString(append(dst, `{"error":`...), r.Error), '}')
	case r.TokenLifetimeSeconds > 0:
		return append(strconv.AppendInt(append(dst, `{"tokenLifetimeSeconds":`...), int64(r.TokenLifetimeSeconds), 10), '}')
	default:
		return append(dst, "{}"...)
	}
}

// ParseRefresh reads a server's answer. Unknown members are skipped.
func ParseRefresh(data []byte) (*Refresh, error) {
	var r Refresh
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read refresh response: %w", err)
	}
	return &r, nil
}
