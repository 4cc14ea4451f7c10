package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"nhacviec/tasks"
)

func step(no, name, due string) tasks.Step {
	left := 15
	return tasks.Step{Rule: "sap-den-han", Key: tasks.Key{Plan: "ct05", No: tasks.Number(no)}, Name: name, Due: date(due), DaysLeft: &left, Version: 1}
}

func message(unit string, at time.Time, steps ...tasks.Step) tasks.Message {
	return tasks.Message{Kind: tasks.Reminder, At: at, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: unit, Address: unit + "@example.gov.vn"}, Steps: steps}
}

func fire(t testing.TB, s *Store, mm ...tasks.Message) []tasks.Delivery {
	t.Helper()
	var dd []tasks.Delivery
	for _, m := range mm {
		dd = append(dd, tasks.NewDelivery(m, "cfg", m.At))
	}
	must(t, s.CommitFire(tasks.Fired{Deliveries: dd}))
	return dd
}

func ready(t testing.TB, s *Store, at time.Time) []tasks.Delivery {
	t.Helper()
	dd, _, err := s.Ready(tasks.Email, at, 100)
	must(t, err)
	return dd
}

// ranks returns the sent marks of a task, by series.
func ranks(t testing.TB, s *Store, no string) map[string]int {
	t.Helper()
	sent, err := s.SentMarks(tasks.Key{Plan: "ct05", No: tasks.Number(no)})
	must(t, err)
	out := map[string]int{}
	for k, rank := range sent {
		out[k.Series+" "+k.Unit] = rank
	}
	return out
}

func ids(dd []tasks.Delivery) []string {
	out := []string{}
	for _, d := range dd {
		out = append(out, d.ID)
	}
	return out
}

func TestCommitFire(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Dated, "2023-07-15"), task("2", tasks.Dated, "2023-07-15"), task("12", tasks.Dated, "2023-07-15"))
	m := message("tu-phap", now, step("1", "T-7", "2023-07-15"), step("2", "T-14", "2023-07-15"))
	d := tasks.NewDelivery(m, "cfg", now)
	must(t, s.CommitFire(tasks.Fired{Cursors: map[string]time.Time{"a": now, "b": now.Add(time.Hour)}, Deliveries: []tasks.Delivery{d}}))
	must(t, s.CommitFire(tasks.Fired{Cursors: map[string]time.Time{"a": now.Add(time.Minute)}}))

	equal(t, get1[map[string]time.Time](t)(s.Cursors()), map[string]time.Time{"a": now.Add(time.Minute), "b": now.Add(time.Hour)})
	equal(t, ready(t, s, now), []tasks.Delivery{d})
	equal(t, get1[tasks.Delivery](t)(s.Delivery(d.ID)), d)
	equal(t, ranks(t, s, "1"), map[string]int{"2023-07-15 tu-phap": -7})
	tt, sent, err := s.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Dated}, Until: date("2023-07-15")})
	must(t, err)
	want := tasks.Sent{}
	want.Add(m)
	equal(t, sent, want)
	equal(t, keysOf(tt), []string{"ct05/1", "ct05/2", "ct05/12"})

	// A higher mark stays, a lower one gives way.
	fire(t, s, message("tu-phap", now.Add(time.Hour), step("1", "T-14", "2023-07-15"), step("2", "T-3", "2023-07-15")))
	equal(t, ranks(t, s, "1"), map[string]int{"2023-07-15 tu-phap": -7})
	equal(t, ranks(t, s, "2"), map[string]int{"2023-07-15 tu-phap": -3})

	// What is known is left alone: waiting, or settled.
	again := d
	again.Config = "other"
	must(t, s.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{again}}))
	equal(t, get1[tasks.Delivery](t)(s.Delivery(d.ID)), d)
	d.State = tasks.Dropped
	must(t, s.Put(d, now))
	must(t, s.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{again}}))
	if got := ids(ready(t, s, now)); len(got) != 0 {
		t.Errorf("a settled delivery came back: %v", got)
	}
	equal(t, ranks(t, s, "1"), map[string]int{})

	again.ID, again.State = "odd", tasks.Delivered
	if err := s.CommitFire(tasks.Fired{Cursors: map[string]time.Time{"a": now.Add(9 * time.Hour)}, Deliveries: []tasks.Delivery{again}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a sent delivery in a fire: %v", err)
	}
	equal(t, get1[map[string]time.Time](t)(s.Cursors())["a"], now.Add(time.Minute))
}

func TestReadyInOrderByChannelAndTime(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var dd []tasks.Delivery
	for i := range 5 {
		d := tasks.NewDelivery(message(fmt.Sprint("u", i), now), "cfg", now)
		d.NextAttempt = now.Add(time.Duration(4-i) * time.Minute)
		dd = append(dd, d)
	}
	tele := dd[0]
	tele.Channel, tele.ID = tasks.Telegram, "t"
	must(t, s.CommitFire(tasks.Fired{Deliveries: append([]tasks.Delivery{tele}, dd...)}))
	for _, c := range []struct {
		at    time.Duration
		limit int
		want  []string
		next  time.Duration
	}{
		{-time.Nanosecond, 10, nil, 0},
		{0, 10, []string{dd[4].ID}, time.Minute},
		{2 * time.Minute, 10, []string{dd[4].ID, dd[3].ID, dd[2].ID}, 3 * time.Minute},
		{2 * time.Minute, 2, []string{dd[4].ID, dd[3].ID}, 3 * time.Minute},
		{2*time.Minute + time.Nanosecond, 0, nil, 3 * time.Minute},
		{time.Hour, 10, []string{dd[4].ID, dd[3].ID, dd[2].ID, dd[1].ID, dd[0].ID}, -1},
	} {
		got, next, err := s.Ready(tasks.Email, now.Add(c.at), c.limit)
		must(t, err)
		wantNext := now.Add(c.next)
		if c.next < 0 {
			wantNext = time.Time{}
		}
		if fmt.Sprint(ids(got)) != fmt.Sprint(c.want) || !next.Equal(wantNext) {
			t.Errorf("at %v, limit %d: %v, next %v; want %v, next %v", c.at, c.limit, ids(got), next, c.want, wantNext)
		}
	}
	got, next, err := s.Ready(tasks.ZaloBot, now, 10)
	if len(got) != 0 || !next.IsZero() || err != nil {
		t.Errorf("a channel without messages: %v, %v, %v", got, next, err)
	}
}

func TestPutByState(t *testing.T) {
	t.Parallel()
	later := now.Add(5 * time.Minute)
	for _, c := range []struct {
		state                 tasks.DeliveryState
		ready, outbox, ledger bool
		stored, written       tasks.DeliveryState
		marked                bool
	}{
		{tasks.Planned, true, true, false, tasks.Planned, "", true},
		{tasks.Retry, true, true, false, tasks.Retry, "", true},
		{tasks.Sending, false, true, false, tasks.Sending, "", true},
		{tasks.Uncertain, true, true, true, tasks.Retry, tasks.Uncertain, true},
		{tasks.Delivered, false, false, true, tasks.Delivered, tasks.Delivered, true},
		{tasks.Superseded, false, false, true, tasks.Superseded, tasks.Superseded, false},
		{tasks.Dropped, false, false, true, tasks.Dropped, tasks.Dropped, false},
		{tasks.Failed, false, true, true, tasks.Failed, tasks.Failed, true},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			d := fire(t, s, message("tu-phap", now, step("1", "T-7", "2023-07-15")))[0]
			d.State, d.Attempts, d.Boot = tasks.Sending, 1, "b1"
			must(t, s.Put(d, now))
			d.State, d.NextAttempt, d.Parts, d.PartsSent = c.state, later, []string{"một", "hai"}, 1
			must(t, s.Put(d, later))
			if got := len(ready(t, s, later)) == 1; got != c.ready {
				t.Errorf("ready: %v", got)
			}
			if got := len(ready(t, s, later.Add(-1))) == 1; got {
				t.Error("ready before its time")
			}
			if got := len(get1[[]tasks.Delivery](t)(s.Outbox())) == 1; got != c.outbox {
				t.Errorf("in the outbox: %v", got)
			}
			stored := get1[tasks.Delivery](t)(s.Delivery(d.ID))
			if stored.State != c.stored {
				t.Errorf("stored as %s", stored.State)
			}
			if c.outbox != (len(stored.Parts) == 2) {
				t.Errorf("parts: %q", stored.Parts)
			}
			if want := c.state == tasks.Uncertain; (stored.Doubts == 1) != want {
				t.Errorf("doubts: %d", stored.Doubts)
			}
			if want := c.state == tasks.Delivered; stored.SentAt.Equal(later) != want {
				t.Errorf("sent at %v", stored.SentAt)
			}
			entries := ledger(t, s, tasks.LedgerQuery{})
			if (len(entries) == 1) != c.ledger || c.ledger && (entries[0].Delivery.State != c.written || !entries[0].Time.Equal(later)) {
				t.Errorf("ledger: %+v", entries)
			}
			if got := len(ranks(t, s, "1")) == 1; got != c.marked {
				t.Errorf("marked: %v", got)
			}
			if got := len(get1[[]tasks.Delivery](t)(s.Failures())) == 1; got != (c.state == tasks.Failed) {
				t.Errorf("among the failures: %v", got)
			}
			settled := c.ledger && c.state != tasks.Uncertain
			d.State = tasks.Retry
			if err := s.Put(d, later); errors.Is(err, ErrSettled) != settled {
				t.Errorf("putting it back: %v", err)
			}
			if settled {
				d.State = c.state
				must(t, s.Put(d, later)) // the same once more changes nothing
				equal(t, ledger(t, s, tasks.LedgerQuery{}), entries)
			}
		})
	}
	s := newStore(t)
	if err := s.Put(tasks.Delivery{ID: "x", State: "lost"}, now); !errors.Is(err, ErrInvalid) {
		t.Errorf("a state that does not exist: %v", err)
	}
}

func TestDoubtsAreCountedOnceWhoeverCounts(t *testing.T) {
	t.Parallel()
	for _, counted := range []int{0, 1} {
		s := newStore(t)
		d := fire(t, s, message("tu-phap", now))[0]
		d.State, d.Doubts = tasks.Uncertain, counted
		must(t, s.Put(d, now))
		equal(t, get1[tasks.Delivery](t)(s.Delivery(d.ID)).Doubts, 1)
	}
}

func TestDroppedForgetsOnlyItsOwnMarks(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := fire(t, s, message("tu-phap", now, step("1", "T-7", "2023-07-15"), step("2", "T-7", "2023-07-15"), step("3", "T-7", "2023-07-15")))[0]
	fire(t, s, message("tu-phap", now.Add(time.Hour), step("1", "T-3", "2023-07-15")))

	fewer := d // task 2 is held now: the message goes without it
	fewer.Steps = []tasks.Step{d.Steps[0], d.Steps[2]}
	fewer.State = tasks.Sending
	must(t, s.Put(fewer, now))
	equal(t, ranks(t, s, "2"), map[string]int{})
	equal(t, ranks(t, s, "3"), map[string]int{"2023-07-15 tu-phap": -7})

	d.State = tasks.Dropped
	must(t, s.Put(d, now))
	equal(t, ranks(t, s, "1"), map[string]int{"2023-07-15 tu-phap": -3}) // marked higher since
	equal(t, ranks(t, s, "3"), map[string]int{})

	part := d // the deliverer's record of dropped steps, never in the outbox itself
	part.ID, part.Steps = "part", []tasks.Step{step("1", "T-3", "2023-07-15")}
	must(t, s.Put(part, now))
	equal(t, ranks(t, s, "1"), map[string]int{})
}

// What was told before a later step was planned is still told when that one is
// dropped, and what is sent again leaves what was told alone.
func TestDroppedLeavesWhatWasToldBefore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	told := func(want int) {
		t.Helper()
		equal(t, ranks(t, s, "1"), map[string]int{"2023-07-15 tu-phap": want})
	}
	plan := func(step1 string, after time.Duration) tasks.Delivery {
		return fire(t, s, message("tu-phap", now.Add(after), step("1", step1, "2023-07-15")))[0]
	}
	settle := func(d tasks.Delivery, state tasks.DeliveryState) {
		t.Helper()
		d.State = state
		must(t, s.Put(d, now))
	}
	week := plan("T-7", 0)
	settle(week, tasks.Delivered)
	three, one := plan("T-3", time.Hour), plan("T-1", 2*time.Hour)
	settle(one, tasks.Dropped)
	told(-3)
	settle(three, tasks.Dropped)
	told(-7)

	settle(get1[tasks.Delivery](t)(s.Resend(week.ID, "an", now)), tasks.Dropped)
	told(-7)

	three, one = plan("T-3", 3*time.Hour), plan("T-1", 4*time.Hour)
	settle(three, tasks.Superseded)
	told(-1)
	settle(one, tasks.Dropped)
	told(-7)
}

func TestRecover(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	dd := fire(t, s, message("a", now), message("b", now), message("c", now), message("d", now))
	sending := func(d tasks.Delivery, boot string, crashes int) {
		d.State, d.Boot, d.Doubts, d.Crashes, d.Attempts = tasks.Sending, boot, crashes, crashes, crashes+1
		must(t, s.Put(d, now))
	}
	sending(dd[0], "old", 0)
	sending(dd[1], "old", tasks.MaxCrashes-1)
	sending(dd[2], "new", 0)
	later := now.Add(time.Hour)
	got := get1[[]tasks.Delivery](t)(s.Recover("new", later))
	byID := map[string]tasks.Delivery{}
	for _, d := range got {
		byID[d.ID] = d
	}
	if a := byID[dd[0].ID]; len(got) != 2 || a.State != tasks.Retry || a.Doubts != 1 || !a.NextAttempt.Equal(later) || a.Error == "" {
		t.Errorf("left in sending once: %+v of %d", a, len(got))
	}
	if b := byID[dd[1].ID]; b.State != tasks.Failed || b.Crashes != tasks.MaxCrashes || b.Error == "" {
		t.Errorf("left in sending three times: %+v", b)
	}
	equal(t, get1[tasks.Delivery](t)(s.Delivery(dd[2].ID)).State, tasks.Sending)
	equal(t, len(ready(t, s, later)), 2)
	equal(t, ids(get1[[]tasks.Delivery](t)(s.Failures())), []string{dd[1].ID})
	var states []string
	for _, e := range ledger(t, s, tasks.LedgerQuery{}) {
		states = append(states, string(e.Delivery.State)+" "+e.Delivery.Unit)
	}
	if fmt.Sprint(states) != "[uncertain a failed b]" && fmt.Sprint(states) != "[failed b uncertain a]" {
		t.Errorf("ledger: %v", states)
	}
	equal(t, len(get1[[]tasks.Delivery](t)(s.Recover("new", later))), 0)
}

func TestFailuresUntilTold(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	dd := fire(t, s, message("a", now), message("b", now), message("c", now))
	dd[0].State, dd[0].Error = tasks.Failed, "550 no such user"
	must(t, s.Put(dd[0], now))
	dd[1].State, dd[1].Down = tasks.Retry, true // its whole channel is down
	must(t, s.Put(dd[1], now))
	failures := func() []string { return ids(get1[[]tasks.Delivery](t)(s.Failures())) }
	equal(t, len(failures()), 2)
	must(t, s.CommitFire(tasks.Fired{Told: []string{dd[0].ID, dd[1].ID, "gone"}}))
	equal(t, failures(), []string{})
	equal(t, len(get1[[]tasks.Delivery](t)(s.Outbox())), 3)
	must(t, s.Put(dd[1], now)) // by a deliverer that does not know that the office was told
	equal(t, failures(), []string{})
	equal(t, get1[tasks.Delivery](t)(s.Delivery(dd[1].ID)).Told, true)
}

func TestResend(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	dd := fire(t, s, message("a", now, step("1", "T-7", "2023-07-15")), message("b", now), message("c", now))
	for i, state := range []tasks.DeliveryState{tasks.Failed, tasks.Delivered, tasks.Dropped} {
		dd[i].State, dd[i].Attempts, dd[i].PartsSent = state, 3, 1
		must(t, s.Put(dd[i], now))
	}
	later := now.Add(time.Hour)
	again := get1[tasks.Delivery](t)(s.Resend(dd[0].ID, "an", later))
	want := tasks.NewDelivery(dd[0].Message, "cfg", later)
	want.ID, want.Again = dd[0].ID+"-2", true
	equal(t, again, want)
	equal(t, ready(t, s, later), []tasks.Delivery{want})
	equal(t, len(get1[[]tasks.Delivery](t)(s.Failures())), 0)
	last := ledger(t, s, tasks.LedgerQuery{})[3]
	equal(t, *last.Change, tasks.Change{Plan: "ct05", Action: "resend", By: "an", Old: dd[0].ID, New: want.ID})

	if _, err := s.Resend(again.ID, "an", later); !errors.Is(err, ErrWaiting) {
		t.Errorf("one that waits: %v", err)
	}
	again.State = tasks.Delivered
	must(t, s.Put(again, later))
	equal(t, get1[tasks.Delivery](t)(s.Resend(again.ID, "an", later)).ID, dd[0].ID+"-3")
	equal(t, get1[tasks.Delivery](t)(s.Resend(dd[1].ID, "an", later)).ID, dd[1].ID+"-2")
	if _, err := s.Resend(dd[2].ID, "an", later); !errors.Is(err, ErrInvalid) {
		t.Errorf("one that was dropped: %v", err)
	}
	if _, err := s.Resend("nothing", "an", later); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}
