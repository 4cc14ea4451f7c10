package scheduler

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// While it is held nothing is planned, nothing that waits is sent, and the
// office is told all the same. Then all goes on.
func TestHeldTellsOnlyTheOffice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		held := false
		w := begin(t, []Rule{rule(t, "r", daily, func(r *Rule) { r.Before, r.Channels = []int{3, 0}, []tasks.Channel{tasks.Email} })},
			task(1, "tu-phap", "trước ngày 3/7/2023"), task(2, "cong-an", "trước ngày 4/7/2023"))
		defer w.store.Close()
		w.loop.Held, w.deliverer.Held = func() bool { return held }, func() bool { return held }
		at := wallClock("30/06 07:00")
		w.deliverer.Now = func() time.Time { return at }
		pass := func(shown string, sends bool) (kinds map[tasks.MessageKind]int) {
			t.Helper()
			at = wallClock(shown)
			if _, err := w.loop.Pass(at); err != nil {
				t.Fatal(err)
			}
			before := len(w.email.got)
			if sends {
				w.deliverer.Drain(context.Background())
			}
			kinds = map[tasks.MessageKind]int{}
			for _, o := range w.email.got[before:] {
				kinds[o.Kind]++
			}
			return kinds
		}
		pass("30/06 07:00", true)
		pass("30/06 07:30", false) // planned, not sent
		held = true
		w.loop.Report(Trouble{Cause: "Tệp đã mất"}, at)
		if got := pass("03/07 07:30", true); len(got) != 1 || got[tasks.FailureNotice] != 1 {
			t.Errorf("held: %v", got)
		}
		held = false
		if got := pass("03/07 08:00", true); got[tasks.Reminder] != 2 {
			t.Errorf("after: %v", got)
		}
	})
}
