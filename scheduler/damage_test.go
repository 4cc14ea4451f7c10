package scheduler

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// damagedStore has a record that cannot be read.
type damagedStore struct{ FailureStore }

func (damagedStore) Damaged() []string { return []string{`task "p|1"`} }

// TestDamagedRecord runs on a store with a record that was passed over: the
// others are told, the office hears of it once a day.
func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(2, "tu-phap", "trước ngày 30/6/2023"))
		defer w.store.Close()
		w.loop.failures = damagedStore{w.store}
		w.runUntil("2023-07-01 06:00")
		want := `sent failure -100 #1
sent failure -100 #1
sent failure vp@x.vn #1
sent failure vp@x.vn #1
sent reminder tp@x.vn T-0 #1
`
		if got := sortLines(w.ledger()); got != want {
			t.Errorf("ledger:\n%s\nwant:\n%s", got, want)
		}
	})
}

// unreadable is a library one of whose tasks cannot be read.
type unreadable struct{ Library }

func (l unreadable) Task(k tasks.Key) (tasks.Task, error) {
	if k.No == "1" {
		return tasks.Task{}, errors.New("checksum")
	}
	return l.Library.Task(k)
}

// TestUnreadableTask sends a digest without the task that cannot be read, and
// tells the office of it.
func TestUnreadableTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 30/6/2023"), task(2, "tu-phap", "trước ngày 30/6/2023"))
		defer w.store.Close()
		w.deliverer.Library = unreadable{w.store}
		w.runUntil("2023-06-30 08:00")
		want := `failed reminder tp@x.vn T-0 #0 p/1: cannot be read: checksum
sent failure -100 #1
sent reminder tp@x.vn T-0 #1
`
		if got := sortLines(w.ledger()); got != want {
			t.Errorf("ledger:\n%s\nwant:\n%s", got, want)
		}
	})
}

// TestFloodOfFailures refuses mail after mail in words that are never the same:
// the office hears of it, and not without end.
func TestFloodOfFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tt []tasks.Task
		for i := range 3 {
			tt = append(tt, task(i+1, []string{"tu-phap", "noi-vu", "cong-an"}[i], "trước ngày 30/6/2023"))
		}
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, tt...)
		defer w.store.Close()
		refused := func(n int, o tasks.Outgoing) error {
			return &tasks.SendError{Outcome: tasks.Permanent, Err: errors.New("554 5.7.1 refused <" + o.Address + "> (queue id " + strings.Repeat("A", n) + "1)")}
		}
		w.email.answer, w.telegram.answer = refused, refused
		w.runUntil("2023-06-30 20:00")
		notices := strings.Count(w.ledger(), "failed failure")
		if notices == 0 || notices > 3 {
			t.Errorf("%d notices to the office in half a day, want one or two", notices)
		}
	})
}

// TestChannelGone takes a channel out of the config while messages wait for it.
func TestChannelGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules := []Rule{rule(t, "r", daily, nil)}
		w := begin(t, rules, task(1, "noi-vu", "trước ngày 30/6/2023"))
		defer w.store.Close()
		w.telegram.answer = refuse(9, tasks.SendError{Outcome: tasks.Transient, Err: errors.New("502"), RetryAfter: time.Hour})
		w.runUntil("2023-06-30 07:31")
		s := office(t, rules...)
		s.Channels = []tasks.Channel{tasks.Email}
		w.loop.Reload(s)
		w.deliverer.Use(map[tasks.Channel]Lane{tasks.Email: {Sender: w.email}})
		w.runUntil("2023-06-30 08:00")
		want := `failed reminder -7 T-0 #1 the channel telegram is no longer configured
sent failure vp@x.vn #1
sent reminder nv@x.vn T-0 #1
`
		if got := sortLines(w.ledger()); got != want {
			t.Errorf("ledger:\n%s\nwant:\n%s", got, want)
		}
	})
}

// TestSentInPart ends a task of which the part not yet sent speaks: what has
// gone out is settled as sent, the rest is not sent.
func TestSentInPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		due := "trước ngày 3/7/2023"
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "noi-vu", due), task(2, "noi-vu", due), task(3, "noi-vu", due))
		defer w.store.Close()
		w.telegram.answer = func(n int, o tasks.Outgoing) error {
			if n == 2 {
				time.Sleep(time.Second) // the mail is out
				_, err := w.store.Change(tasks.Key{Plan: "p", No: "3"}, tasks.Change{Action: "done"}, time.Now(), func(t *tasks.Task) error {
					t.Status = tasks.Done
					return nil
				})
				return &tasks.SendError{Outcome: tasks.Transient, Err: errors.Join(err, errors.New("502"))}
			}
			return nil
		}
		w.runUntil("2023-06-30 12:00")
		want := `dropped reminder -7 T-1 #0 p/3: the task is done
sent reminder -7 T-1 T-1 #1
sent reminder nv@x.vn T-1 T-1 T-1 #1
`
		if got := sortLines(w.ledger()); got != want {
			t.Errorf("ledger:\n%s\nwant:\n%s", got, want)
		}
	})
}
