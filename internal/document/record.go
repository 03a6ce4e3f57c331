package document

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fanfare-hub/fanfare"
)

const (
	// recordVersion is the form of the stored JSON. A greater one was written
	// by a later build and is refused.
	recordVersion = 1

	// maxRecordBytes has room for the places of about twenty findings, and
	// keeps a record that clients read as a whole within reason.
	maxRecordBytes = 1 << 20
)

// Record is a document as it is stored, except for its bytes. Clients see its
// [View].
type Record struct {
	Version    int              `json:"version"`
	ID         string           `json:"id"` // UUIDv7, so that ids sort by time
	Owner      string           `json:"owner"`
	Name       string           `json:"name"`
	Size       int64            `json:"size"`
	SHA256     string           `json:"sha256"` // lower-case hex; also the name of the blob
	MediaType  string           `json:"mediaType"`
	Status     fanfare.Status   `json:"status"`
	Percentage int              `json:"percentage"`
	Attempt    int              `json:"attempt"` // 1 at first
	Pages      int              `json:"pages"`
	Unreadable int              `json:"unreadable"` // of the pages
	Words      int              `json:"words"`
	Characters int              `json:"characters"`
	Findings   []Finding        `json:"findings"`
	Error      *fanfare.Failure `json:"error"`
	Tries      int              `json:"tries"`     // begun, and neither ended nor let go in order
	Announced  bool             `json:"announced"` // DocumentUploaded of this attempt is in the log
	Alerted    []string         `json:"alerted"`   // framework/rule of the alerts that are in the log
	CreatedAt  time.Time        `json:"createdAt"`
	UpdatedAt  time.Time        `json:"updatedAt"`
}

// View is a document as the API shows it: the members of CONTRACT.md section
// 4, in that order.
type View struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Size       int64            `json:"size"`
	SHA256     string           `json:"sha256"`
	MediaType  string           `json:"mediaType"`
	Status     fanfare.Status   `json:"status"`
	Percentage int              `json:"percentage"`
	Attempt    int              `json:"attempt"`
	Pages      int              `json:"pages"`
	Words      int              `json:"words"`
	Findings   []Finding        `json:"findings"`
	Error      *fanfare.Failure `json:"error"`
	CreatedAt  time.Time        `json:"createdAt"`
	UpdatedAt  time.Time        `json:"updatedAt"`
}

// View is the part of the record that clients see. Lists are never null.
func (r Record) View() View {
	findings := make([]Finding, len(r.Findings))
	for i, f := range r.Findings {
		f.Samples = orEmpty(f.Samples)
		f.Places = orEmpty(f.Places)
		findings[i] = f
	}
	return View{
		ID: r.ID, Name: r.Name, Size: r.Size, SHA256: r.SHA256, MediaType: r.MediaType,
		Status: r.Status, Percentage: r.Percentage, Attempt: r.Attempt,
		Pages: r.Pages, Words: r.Words, Findings: findings, Error: r.Error,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// payload is the record as the events tell it.
func (r Record) payload(instance string) fanfare.DocumentPayload {
	return fanfare.DocumentPayload{
		DocumentID:      r.ID,
		Status:          r.Status,
		Percentage:      r.Percentage,
		ServiceInstance: instance,
		Error:           r.Error,
		Attempt:         r.Attempt,
	}
}

// encode gives the stored form. A record that would be too large loses places
// of its findings, from half the length of the longest list on; the counts stay
// true.
func (r Record) encode() ([]byte, error) {
	places := 0
	for _, f := range r.Findings {
		places = max(places, len(f.Places))
	}
	for {
		value, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("encode record: %w", err)
		}
		if len(value) <= maxRecordBytes || places == 0 {
			return value, nil
		}
		places /= 2
		r.Findings = withPlaces(r.Findings, places)
	}
}

// withPlaces copies the findings with at most limit places each.
func withPlaces(findings []Finding, limit int) []Finding {
	short := make([]Finding, len(findings))
	for i, f := range findings {
		f.Places = f.Places[:min(len(f.Places), limit)]
		short[i] = f
	}
	return short
}

// decodeRecord reads the stored form.
func decodeRecord(value []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(value, &r); err != nil {
		return Record{}, fmt.Errorf("decode record: %w", err)
	}
	if r.Version != recordVersion {
		return Record{}, fmt.Errorf("decode record: version %d, this build reads %d", r.Version, recordVersion)
	}
	return r, nil
}

// now is the time as records and events carry it: UTC, whole milliseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
