package conformance

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed items.json
var itemsJSON []byte

//go:embed reasons.json
var reasonsJSON []byte

//go:embed deviations.json
var deviationsJSON []byte

// Level is how much depends on an item.
type Level string

// The levels, in the order of the report.
const (
	Must Level = "MUST" // clients or their tests break without it
	Err  Level = "ERR"  // an error's exact outcome
	API  Level = "API"  // seen by the code of applications
	Def  Level = "DEF"  // a default, to be changed by settings
	Rec  Level = "REC"  // better than ASP.NET, which has a hole here
	Info Level = "INFO" // true of ASP.NET, harmless to differ
)

var levels = []Level{Must, Err, API, Def, Rec, Info} //nolint:gochecknoglobals // a constant that Go cannot spell

// Item is one behaviour.
type Item struct {
	ID    string `json:"id"`
	Level Level  `json:"level"`
	Title string `json:"title"`
}

// Group is what stands before the number of an id.
func (i Item) Group() string {
	group, _, _ := strings.Cut(i.ID, "-")
	return group
}

// Required says whether an item needs a test, or a reason why it has none.
func (i Item) Required() bool { return i.Level == Must || i.Level == Err }

// Reason says why items have no test.
type Reason struct {
	IDs    []string `json:"ids"`
	Reason string   `json:"reason"`
}

// Deviation is a deliberate difference from ASP.NET Core that no recording
// shows; those that one shows are [golden.Differences].
type Deviation struct {
	IDs       []string `json:"ids"`
	Behaviour string   `json:"behaviour"`
	Reason    string   `json:"reason"`
}

// Data is what is known apart from the tests.
type Data struct {
	Items      []Item // by group, in the order of the report
	Reasons    []Reason
	Deviations []Deviation
}

// Load returns the data of this project.
func Load() (Data, error) {
	var d Data
	for file, part := range map[string]struct {
		text []byte
		into any
	}{
		"items.json":      {itemsJSON, &d.Items},
		"reasons.json":    {reasonsJSON, &d.Reasons},
		"deviations.json": {deviationsJSON, &d.Deviations},
	} {
		decoder := json.NewDecoder(bytes.NewReader(part.text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(part.into); err != nil {
			return Data{}, fmt.Errorf("read %s: %w", file, err)
		}
	}
	return d, nil
}

// reasons returns the reason of each id that has one.
func (d Data) reasons() map[string]string {
	all := map[string]string{}
	for _, reason := range d.Reasons {
		for _, id := range reason.IDs {
			all[id] = reason.Reason
		}
	}
	return all
}
