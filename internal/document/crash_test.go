package document

import (
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare"
)

// TestEveryCrashPoint lets each write of a document's life fail once, before
// and after it took effect, and starts a new service on what is stored.
func TestEveryCrashPoint(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for at := 0; crashAt(t, at, after); at++ {
		}
	}
}

// crashAt reports whether there was an operation of that number, and all went
// well.
func crashAt(t *testing.T, at int, after bool) bool {
	t.Helper()
	f := &faults{at: at, after: after}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, f, nil)
		_, err := b.service.Upload(t.Context(), upload("a.txt", "hello"))
		b.restart(t, nil)
		b.finish(t)
		records := b.records.all(t)
		if len(records) == 0 && err == nil {
			t.Error("an accepted document is lost")
		}
		for _, record := range records {
			checkLife(t, b, record)
		}
		if t.Failed() {
			t.Logf("this was operation %d, after its effect: %t", at, after)
		}
	})
	return f.fired && !t.Failed()
}

// checkLife holds the promises of the package comment against the log.
func checkLife(t *testing.T, b *bench, record Record) {
	t.Helper()
	if record.Status != fanfare.StatusCompleted || record.Percentage != 100 || len(record.Findings) != 2 {
		t.Errorf("record %+v", record)
	}
	steps, alerts := b.log.of(record.ID)
	var last fanfare.DocumentPayload
	for i, e := range steps {
		p := e.Payload.(fanfare.DocumentPayload)
		if p.Percentage < last.Percentage || p.Attempt < last.Attempt || p.Status.Rank() < last.Status.Rank() {
			t.Errorf("a step back:\n%s", tell(steps))
		}
		if terminal := p.Status.Terminal(); terminal != (i == len(steps)-1) || terminal != (p.Percentage == 100) {
			t.Errorf("terminal once, last and alone with 100 %%:\n%s", tell(steps))
		}
		if (e.Type == fanfare.DocumentUploaded) != (i == 0) {
			t.Errorf("DocumentUploaded once and first:\n%s", tell(steps))
		}
		last = p
	}
	if len(alerts) != 2 || alerts[0].ID == alerts[1].ID {
		t.Errorf("%d alerts, want 2", len(alerts))
	}
}
