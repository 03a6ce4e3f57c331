package fanfare

import "testing"

func TestPositionGrowsAlongADocumentsWay(t *testing.T) {
	t.Parallel()
	way := []DocumentPayload{
		{Status: StatusQueued},
		{Status: StatusQueued, Attempt: 1},
		{Status: StatusStarted, Attempt: 1},
		{Status: StatusProcessing, Attempt: 1},
		{Status: StatusProcessing, Percentage: 100, Attempt: 1},
		{Status: StatusFailed, Attempt: 1},
		{Status: StatusFailed, Percentage: 100, Attempt: 1},
		{Status: StatusQueued, Attempt: 2},
		{Status: StatusProcessing, Percentage: 3, Attempt: 300},
	}
	var last uint64
	for _, p := range way {
		if p.Position() <= last {
			t.Errorf("%+v has %d, not above %d", p, p.Position(), last)
		}
		last = p.Position()
	}
	if got, want := (DocumentPayload{Status: StatusProcessing, Percentage: 40, Attempt: 2}).Position(), uint64(2<<16|3<<8|40); got != want {
		t.Errorf("it is %d, want %d", got, want)
	}
	if StatusCompleted.Rank() != StatusFailed.Rank() || !StatusFailed.Terminal() || StatusProcessing.Terminal() {
		t.Error("completed and failed are the two ends")
	}
}

func TestEventTypeOfAStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]Type{
		StatusQueued: DocumentUploaded, StatusStarted: ProcessingStarted, StatusProcessing: ProcessingProgress,
		StatusCompleted: ProcessingCompleted, StatusFailed: ProcessingFailed,
	} {
		if got, err := status.EventType(); got != want || err != nil || want.status() != status {
			t.Errorf("%s is told by %s, %v, want %s", status, got, err, want)
		}
	}
	if _, err := Status("done").EventType(); CodeOf(err) != CodeInvalidArgument {
		t.Errorf("an unknown status gives %v", err)
	}
}
