package document

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// TestRealChildFindsAndHides runs a document through a real extraction child:
// what it finds is told, but nowhere as it stands in the text.
func TestRealChildFindsAndHides(t *testing.T) {
	t.Parallel()
	const card = "4111 1111 1111 1111"
	b := newBench(t, noFaults(), nil)
	service, err := New(Options{Dir: b.dir, Records: b.records, Jobs: b.jobs, Emitter: b.log, History: b.log, Worker: testWorkerArgv(), Instance: "host-1"})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	b.service = service
	stop := b.run(t)
	record, err := b.service.Upload(t.Context(), upload("bill.txt", "Pay with credit card "+card+" by Friday.\n"))
	if err != nil {
		t.Fatalf("Upload: %v", err)
	}
	record = b.awaitEnd(t, record.ID)
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if record.Status != fanfare.StatusCompleted || record.MediaType != "text/plain" || record.Words != 10 {
		t.Errorf("record %+v", record)
	}
	_, alerts := b.log.of(record.ID)
	if len(alerts) == 0 || alerts[0].Payload.(fanfare.AlertPayload).Framework != "PCI-DSS" {
		t.Fatalf("alerts %+v", alerts)
	}
	stored, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{card, strings.ReplaceAll(card, " ", ""), "411111"} {
		if strings.Contains(string(stored), raw) || strings.Contains(fmt.Sprintf("%+v", b.log.events), raw) {
			t.Errorf("%q is in the record or an event", raw)
		}
	}
}

// awaitEnd waits until the document's last event is in the log.
func (b *bench) awaitEnd(t *testing.T, id string) Record {
	t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for b.jobs.pending() > 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not finished: %+v", b.find(t, id))
		}
	}
	return b.find(t, id)
}
