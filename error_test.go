package fanfare

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorf(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	err := Errorf(CodeUnavailable, "store %s: %w", "event", cause)
	e, ok := errors.AsType[*Error](fmt.Errorf("emit: %w", err))
	if !ok || e.Message != "store event" || !errors.Is(err, cause) {
		t.Errorf("it is %+v", e)
	}
	if want := "unavailable: store event: disk full"; err.Error() != want {
		t.Errorf("it says %q, want %q", err, want)
	}
	if got := Errorf(CodeConflict, "again").Error(); got != "conflict: again" {
		t.Errorf("without a cause it says %q", got)
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	inner := Errorf(CodeNotFound, "x")
	for _, test := range []struct {
		err  error
		want Code
	}{
		{nil, ""},
		{errors.New("x"), CodeInternal},
		{fmt.Errorf("y: %w", inner), CodeNotFound},
		{Errorf(CodeUnavailable, "y: %w", inner), CodeUnavailable},
	} {
		if got := CodeOf(test.err); got != test.want {
			t.Errorf("%v has the code %q, want %q", test.err, got, test.want)
		}
	}
}

func TestCodesHaveStatusAndTitle(t *testing.T) {
	t.Parallel()
	for code, want := range map[Code]int{
		CodeInvalidArgument: 400, CodeInvalidTopic: 400, CodeInvalidCursor: 400, CodeUnauthenticated: 401, CodeForbidden: 403, CodeNotFound: 404,
		CodeConflict: 409, CodeTooLarge: 413, CodeUnsupportedMedia: 415, CodeRateLimited: 429, CodeInternal: 500, CodeUnavailable: 503, "new": 500,
	} {
		if got := code.HTTPStatus(); got != want || code.Title() == "" {
			t.Errorf("%s is %d %q, want %d", code, got, code.Title(), want)
		}
	}
}
