package scheduler

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// A mail bears the date of the attempt that sends it; a second copy of one that
// perhaps arrived bears that of the first.
func TestMailBearsTheDateOfItsAttempt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		outcome tasks.Outcome
		same    bool
	}{"put off": {tasks.Transient, false}, "no answer": {tasks.Unknowable, true}} {
		synctest.Test(t, func(t *testing.T) {
			w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 30/6/2023"))
			defer w.store.Close()
			var times []time.Time
			w.email.answer = func(n int, _ tasks.Outgoing) error {
				times = append(times, time.Now())
				if n == 1 {
					return &tasks.SendError{Outcome: tc.outcome, RetryAfter: time.Hour, Err: errors.New("no")}
				}
				return nil
			}
			w.runUntil("2023-06-30 12:00")
			got := w.email.got
			if len(got) != 2 {
				t.Fatalf("%s: sent %d times, want 2", name, len(got))
			}
			want := times[1]
			if tc.same {
				want = times[0]
			}
			if late := want.Sub(got[1].At); late < 0 || late >= time.Second {
				t.Errorf("%s: the second has the date %s; sent at %s and %s", name, got[1].At, times[0], times[1])
			}
		})
	}
}
