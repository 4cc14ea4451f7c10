package tasks

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewDelivery(t *testing.T) {
	t.Parallel()
	m := reminder(t)
	want := Delivery{ID: m.ID(), Message: m, State: Planned, Config: "abc", Created: at, NextAttempt: at}
	if diff := cmp.Diff(want, NewDelivery(m, "abc", at)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAsSendError(t *testing.T) {
	t.Parallel()
	cause := errors.New("mailbox full")
	permanent := &SendError{Outcome: Permanent, Err: cause}
	if got := AsSendError(fmt.Errorf("sending: %w", permanent)); got != permanent {
		t.Errorf("a wrapped SendError = %v", got)
	}
	if !errors.Is(permanent, cause) || permanent.Error() != "permanent: mailbox full" {
		t.Errorf("a SendError is %q and hides its cause", permanent)
	}
	if got := AsSendError(cause); got.Outcome != Transient || !errors.Is(got, cause) || got.RetryAfter != 0 {
		t.Errorf("any other error = %+v, want a transient one", got)
	}
}
