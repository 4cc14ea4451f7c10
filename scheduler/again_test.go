package scheduler

import (
	"errors"
	"fmt"
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

// A task that is done when a part of a chat message has gone out is not in the
// next part. The ledger has the text of what was sent and no more.
func TestDivide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tt []tasks.Task
		for no := range 5 {
			tt = append(tt, task(no+1, "noi-vu", "trước ngày 30/6/2023"))
		}
		w := begin(t, []Rule{rule(t, "r", daily, func(r *Rule) { r.Channels = []tasks.Channel{tasks.Telegram} })}, tt...)
		defer w.store.Close()
		w.telegram.answer = func(n int, _ tasks.Outgoing) error {
			if n != 2 {
				return nil
			}
			_, err := w.store.Change(tt[2].Key, tasks.Change{Action: "done"}, time.Now(), func(t *tasks.Task) error {
				t.Status = tasks.Done
				return nil
			})
			return errors.Join(err, errors.New("502"))
		}
		w.runUntil("2023-06-30 18:00")
		want := "dropped reminder -7 T-0 #0 p/3: the task is done\nsent reminder -7 T-0 T-0 #1\nsent reminder -7 T-0 T-0 #1\n"
		if got := sortLines(w.ledger()); got != want {
			t.Errorf("the ledger has\n%swant\n%s", got, want)
		}
		var texts []string
		err := w.store.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
			if e.Delivery == nil || e.State != tasks.Delivered {
				return nil
			}
			text, err := w.store.Text(e.SHA256)
			texts = append(texts, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%q", texts); got != `["1 T-0 Nhiệm vụ 1\n2 T-0 Nhiệm vụ 2" "4 T-0 Nhiệm vụ 4\n5 T-0 Nhiệm vụ 5"]` {
			t.Errorf("the ledger's texts are %s", got)
		}
	})
}

// What is left of a message that is sent again is sent again too, although a
// later step is told.
func TestDivideAgain(t *testing.T) {
	t.Parallel()
	m := tasks.Message{Kind: tasks.Reminder, Steps: []tasks.Step{{Name: "T-3"}, {Name: "T-1"}}}
	del := tasks.NewDelivery(m, "", time.Now())
	del.Again, del.Parts, del.PartsSent, del.Carries = true, []string{"a", "b"}, 1, [][]int{{0}, {1}}
	into := divide(del, "", time.Now())
	if rest := into[1]; !rest.Again || len(rest.Steps) != 1 || rest.Steps[0].Name != "T-1" {
		t.Errorf("left is %+v", rest)
	}
}

// What waits for a task that was taken out of the plan and has come back past its
// date waits for a person, as the task does.
func TestStalePastWhenRead(t *testing.T) {
	t.Parallel()
	r := rule(t, "r", daily, nil)
	back := task(1, "tu-phap", "trước ngày 30/6/2023")
	back.DeadlineOn = day("3/7/2023")
	step := tasks.Step{Rule: "r", Key: back.Key, Name: "T-0", Due: day("30/6/2023"), Version: 1}
	del := tasks.Delivery{Message: tasks.Message{Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "tu-phap", Address: "tp@x.vn"}}}
	if why := office(t, r).Stale(del, step, back, day("3/7/2023")); why == "" {
		t.Error("it is sent")
	}
	back.Confirmed = true
	if why := office(t, r).Stale(del, step, back, day("3/7/2023")); why != "" {
		t.Errorf("confirmed, it is not sent: %s", why)
	}
}
