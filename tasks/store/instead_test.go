package store

import (
	"testing"
	"time"

	"nhacviec/tasks"
)

// What goes out in the place of another is stored with it, once, whatever is
// repeated and whenever the process ends.
func TestInstead(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := fire(t, s, message("a", now, step("21", "T-3", "2023-07-15")))[0]
	m := d.Message
	m.Address = "new@example.gov.vn"
	next := tasks.NewDelivery(m, "cfg", now)
	next.For = d.ID
	d.State, d.Error, d.Instead = tasks.Failed, "bot was kicked", []string{next.ID}
	must(t, s.Divide([]tasks.Delivery{d, next}, now))

	path := s.Path()
	must(t, s.Close())
	s, err := Open(path)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	d.NextAttempt = time.Time{}
	equal(t, get1[tasks.Delivery](t)(s.Delivery(d.ID)), d)
	equal(t, ids(ready(t, s, now)), []string{next.ID})
	equal(t, ids(get1[[]tasks.Delivery](t)(s.Failures())), []string{d.ID})
	told := get1[tasks.Sent](t)(s.Told(m))
	equal(t, len(told), 1)

	next.State = tasks.Delivered
	must(t, s.Put(next, now))
	next.State = tasks.Planned
	must(t, s.Divide([]tasks.Delivery{d, next}, now.Add(time.Hour))) // by one that does not know
	equal(t, len(ready(t, s, now)), 0)
	about := ledger(t, s, tasks.LedgerQuery{ID: d.ID})
	equal(t, len(about), 2)
	equal(t, []tasks.DeliveryState{about[0].State, about[1].State}, []tasks.DeliveryState{tasks.Failed, tasks.Delivered})

	again := get1[tasks.Delivery](t)(s.Resend(next.ID, "an", now))
	equal(t, again.For, d.ID)

	d.State = tasks.Dropped // it cannot be two things
	if err := s.Divide([]tasks.Delivery{d, tasks.NewDelivery(message("b", now), "cfg", now)}, now); err == nil {
		t.Error("a failed delivery was dropped")
	}
	equal(t, ids(ready(t, s, now)), []string{again.ID})
}
