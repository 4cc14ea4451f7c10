package scheduler

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// What a person asks for is sent though a later step is told.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 4/7/2023"))
		w.runUntil("2023-07-03 11:00")
		var first string
		err := w.store.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
			if e.Delivery != nil && first == "" {
				first = e.Delivery.ID
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Resend(first, "an", time.Now()); err != nil {
			t.Fatal(err)
		}
		w.runUntil("2023-07-03 12:00")
		want := "sent reminder tp@x.vn T-3 #1\nsent reminder tp@x.vn T-1 #1\nsent reminder tp@x.vn T-3 #1\n"
		if got := w.ledger(); got != want {
			t.Errorf("the ledger has\n%swant\n%s", got, want)
		}
		if text := w.email.got[len(w.email.got)-1].Text; !strings.Contains(text, "T-3") {
			t.Errorf("sent %q", text)
		}
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
