package scheduler

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// fullDisk is an outbox that takes no record of a state until an instant.
type fullDisk struct {
	Outbox
	state tasks.DeliveryState
	until time.Time
}

func (o fullDisk) Put(d tasks.Delivery, now time.Time) error {
	if d.State == o.state && now.Before(o.until) {
		return errors.New("no space left on device")
	}
	return o.Outbox.Put(d, now)
}

// TestDiskFull sends while the outbox cannot be written: nothing is sent whose
// attempt is not recorded, and what was sent is recorded when it can be.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	for _, state := range []tasks.DeliveryState{tasks.Sending, tasks.Delivered} {
		synctest.Test(t, func(t *testing.T) {
			w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 30/6/2023"), task(2, "cong-an", "trước ngày 30/6/2023"))
			defer w.store.Close()
			w.deliverer.Outbox = fullDisk{w.store, state, instant("2023-06-30 07:45")}
			w.runUntil("2023-06-30 07:46")
			if got := w.ledger(); sortLines(got) != "sent reminder ca@x.vn T-0 #1\nsent reminder tp@x.vn T-0 #1\n" {
				t.Errorf("%s could not be written: ledger\n%s", state, got)
			}
			if got := len(w.email.addresses()); got != 2 {
				t.Errorf("%s could not be written: sent %d times, want 2", state, got)
			}
		})
	}
}

// TestSuspectGoesAlone holds a delivery during which the process has ended
// twice to be sent with no other under way.
func TestSuspectGoesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, nil)
		defer w.store.Close()
		now := time.Now()
		for i, unit := range []string{"noi-vu", "cong-an", "tu-phap", "ubnd"} {
			m := tasks.Message{Kind: tasks.WeeklyReport, At: now, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: unit, Address: unit + "@x.vn"}}
			d := tasks.NewDelivery(m, "", now)
			if i == 1 {
				d.Crashes = tasks.MaxCrashes - 1
			}
			if err := w.store.Put(d, now); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		under := 0
		w.email.answer = func(_ int, o tasks.Outgoing) error {
			mu.Lock()
			under++
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			if o.Address == "cong-an@x.vn" && under != 1 {
				t.Errorf("%d under way with the one that may end the process", under-1)
			}
			under--
			return nil
		}
		w.deliverer.Drain(context.Background())
		if got := len(w.email.addresses()); got != 4 {
			t.Errorf("sent %d, want 4", got)
		}
	})
}

// dying is an outbox whose process ends behind its first record.
type dying struct {
	Outbox
	records atomic.Int64
}

var errEnded = errors.New("the process has ended")

func (o *dying) Put(d tasks.Delivery, now time.Time) error {
	if o.records.Add(1) > 1 {
		return errEnded
	}
	return o.Outbox.Put(d, now)
}

func (o *dying) Divide(into []tasks.Delivery, now time.Time) error {
	if o.records.Add(1) > 1 {
		return errEnded
	}
	return o.Outbox.Divide(into, now)
}

// TestTakenOutAtOnce ends the process behind the record that a step is not to be
// sent: what waits is without it, or it would be sent, and told of twice, once
// its task is opened again.
func TestTakenOutAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 30/6/2023"), task(2, "tu-phap", "trước ngày 30/6/2023"))
		defer w.store.Close()
		for _, at := range []string{"2023-06-30 07:20", "2023-06-30 07:30"} {
			if _, err := w.loop.Pass(instant(at)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.store.Change(tasks.Key{Plan: "p", No: "1"}, tasks.Change{Action: "done"}, time.Now(), func(t *tasks.Task) error {
			t.Status = tasks.Done
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.deliverer.Outbox = &dying{Outbox: w.store}
		w.runUntil("2023-06-30 07:31")
		waiting, err := w.store.Outbox()
		if err != nil || len(waiting) != 1 || len(waiting[0].Steps) != 1 || waiting[0].Steps[0].No != "2" {
			t.Errorf("%+v waits, %v; want the message without task 1", waiting, err)
		}
		if got, want := w.ledger(), "dropped reminder tp@x.vn T-0 #0 p/1: the task is done\n"; got != want {
			t.Errorf("the ledger has %q, want %q", got, want)
		}
	})
}
