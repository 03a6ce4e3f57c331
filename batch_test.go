package fanfare

import (
	"errors"
	"strings"
	"testing"
)

func TestDecodeCloudEventsTakes(t *testing.T) {
	t.Parallel()
	one := string(progress(t, nil))
	for text, want := range map[string]int{
		"[]":                          0,
		" [ ] \n":                     0,
		"[" + one + "]":               1,
		"[" + one + ",\n" + one + "]": 2,
		"[" + strings.Repeat(one+",", MaxBatchEvents-1) + one + "]": MaxBatchEvents,
	} {
		events, err := DecodeCloudEvents([]byte(text))
		if err != nil || len(events) != want {
			t.Errorf("%.60s gives %d events, %v; want %d", text, len(events), err, want)
		}
		for _, e := range events {
			if e.Type != ProcessingProgress || e.Payload == nil {
				t.Errorf("%.60s gives %+v", text, e)
			}
		}
	}
}

func TestDecodeCloudEventsRefuses(t *testing.T) {
	t.Parallel()
	one := string(progress(t, nil))
	const whole = -1
	tests := map[string]struct {
		text  string
		code  Code
		index int
		says  string
	}{
		"nothing":           {"", CodeInvalidArgument, whole, "JSON array"},
		"an object":         {one, CodeInvalidArgument, whole, "JSON array"},
		"no end":            {"[" + one, CodeInvalidArgument, whole, "JSON array"},
		"more behind":       {"[" + one + "] {}", CodeInvalidArgument, whole, "behind"},
		"junk behind":       {"[]x", CodeInvalidArgument, whole, "behind"},
		"the first":         {"[{}]", CodeInvalidArgument, 0, "specversion is missing"},
		"no comma":          {"[" + one + one + "]", CodeInvalidArgument, 1, "after array element"},
		"the second":        {"[" + one + "," + string(progress(t, map[string]string{"type": `"X"`})) + "]", CodeInvalidArgument, 1, `type is "X"`},
		"the third's topic": {"[" + one + "," + one + "," + string(progress(t, map[string]string{"subject": `"x"`})) + "]", CodeInvalidTopic, 2, "x"},
		"a number":          {"[" + one + ",5]", CodeInvalidArgument, 1, "it is a JSON number"},
		"too many":          {"[" + strings.Repeat(one+",", MaxBatchEvents) + one + "]", CodeTooLarge, whole, "500"},
	}
	for name, test := range tests {
		_, err := DecodeCloudEvents([]byte(test.text))
		if CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s gives %v, want %s with %q", name, err, test.code, test.says)
		}
		index := whole
		if e, ok := errors.AsType[*BatchError](err); ok {
			index = e.Index
		}
		if index != test.index {
			t.Errorf("%s gives the index %d, want %d", name, index, test.index)
		}
	}
}

func TestBatchErrorNamesTheEvent(t *testing.T) {
	t.Parallel()
	err := &BatchError{Index: 3, Err: Errorf(CodeInvalidTopic, "no")}
	if err.Error() != "event 3: invalid_topic: no" || CodeOf(err) != CodeInvalidTopic {
		t.Errorf("%v has the code %s", err, CodeOf(err))
	}
}
