package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nhacviec/tasks"
)

// outboxModel is what the outbox should be: plain maps.
type outboxModel struct {
	rows    map[string]tasks.Delivery // planned, retry, sending
	failed  map[string]tasks.Delivery
	settled map[string]bool
	ranks   map[tasks.SentKey][]int // ascending
	cursors map[string]time.Time
	entries int
}

func (m *outboxModel) commit(f tasks.Fired) {
	maps.Copy(m.cursors, f.Cursors)
	for _, d := range f.Deliveries {
		if _, waits := m.rows[d.ID]; waits || m.settled[d.ID] {
			continue
		}
		m.rows[d.ID] = d
		for _, mk := range d.Marks() {
			if old := m.ranks[mk.SentKey]; len(old) == 0 || old[len(old)-1] < mk.Rank {
				m.ranks[mk.SentKey] = append(old, mk.Rank)
			}
		}
	}
	for _, id := range f.Told {
		for _, in := range []map[string]tasks.Delivery{m.rows, m.failed} {
			if d, ok := in[id]; ok {
				d.Told = true
				in[id] = d
			}
		}
	}
}

// sent returns how far each series is told.
func (m *outboxModel) sent() tasks.Sent {
	out := tasks.Sent{}
	for key, ranks := range m.ranks {
		if len(ranks) > 0 {
			out[key] = ranks[len(ranks)-1]
		}
	}
	return out
}

func (m *outboxModel) put(d tasks.Delivery) {
	old := m.rows[d.ID]
	delete(m.rows, d.ID)
	d.Told = old.Told
	switch d.State {
	case tasks.Uncertain:
		d.State, d.Doubts = tasks.Retry, old.Doubts+1
		m.entries++
		m.rows[d.ID] = d
	case tasks.Planned, tasks.Retry, tasks.Sending:
		m.rows[d.ID] = d
	default:
		m.entries++
		m.settled[d.ID] = true
		if d.State == tasks.Failed {
			d.NextAttempt = time.Time{}
			m.failed[d.ID] = d
		}
		if d.State == tasks.Dropped || d.State == tasks.Superseded {
			for _, mk := range d.Marks() {
				m.ranks[mk.SentKey] = slices.DeleteFunc(m.ranks[mk.SentKey], func(rank int) bool { return rank == mk.Rank })
			}
		}
	}
}

func TestOutboxAgainstAModel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		path := filepath.Join(dir, fmt.Sprint(runs))
		var s *Store
		open := func() {
			if _, err := Inspect(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				rt.Fatal(err) // every index is in step
			}
			var err error
			if s, err = Open(path); err != nil {
				rt.Fatal(err)
			}
			s.db.NoSync = true // no power is cut here
		}
		open()
		defer func() { s.Close(); os.Remove(path) }()
		m := &outboxModel{map[string]tasks.Delivery{}, map[string]tasks.Delivery{}, map[string]bool{}, map[tasks.SentKey][]int{}, map[string]time.Time{}, 0}
		check := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		minutes := func(label string, most int) time.Time {
			return now.Add(time.Duration(rapid.IntRange(0, most).Draw(rt, label)) * time.Minute)
		}
		units := rapid.SampledFrom([]string{"a", "b", "c"})
		names := rapid.SampledFrom([]string{"T-7", "T-3", "T-0", "overdue+1"})
		numbers := rapid.SampledFrom([]string{"1", "2", "11"})
		waiting := func() []string { return slices.Sorted(maps.Keys(m.rows)) }

		rt.Repeat(map[string]func(*rapid.T){
			"commit": func(rt *rapid.T) {
				f := tasks.Fired{Cursors: map[string]time.Time{units.Draw(rt, "rule"): minutes("cursor", 99)}}
				for range rapid.IntRange(0, 3).Draw(rt, "messages") {
					msg := message(units.Draw(rt, "unit"), minutes("at", 2))
					for _, no := range rapid.SliceOfNDistinct(numbers, 1, 3, rapid.ID).Draw(rt, "tasks") {
						msg.Steps = append(msg.Steps, step(no, names.Draw(rt, "step"), "2023-07-15"))
					}
					f.Deliveries = append(f.Deliveries, tasks.NewDelivery(msg, "cfg", now))
				}
				if failed := slices.Sorted(maps.Keys(m.failed)); len(failed) > 0 {
					f.Told = []string{rapid.SampledFrom(failed).Draw(rt, "told")}
				}
				check(s.CommitFire(f))
				m.commit(f)
			},
			"put": func(rt *rapid.T) {
				if len(m.rows) == 0 {
					rt.Skip()
				}
				d := m.rows[rapid.SampledFrom(waiting()).Draw(rt, "id")]
				d.State = rapid.SampledFrom([]tasks.DeliveryState{tasks.Planned, tasks.Sending, tasks.Retry, tasks.Uncertain,
					tasks.Delivered, tasks.Dropped, tasks.Superseded, tasks.Failed}).Draw(rt, "state")
				d.NextAttempt = minutes("next", 5)
				check(s.Put(d, now))
				m.put(d)
			},
			"reopen": func(rt *rapid.T) {
				check(s.Close())
				open()
			},
			"": func(rt *rapid.T) {
				at := minutes("now", 5)
				var want []string
				var next time.Time
				for _, d := range m.rows {
					switch {
					case d.State == tasks.Sending:
					case !d.NextAttempt.After(at):
						want = append(want, d.NextAttempt.Format(time.RFC3339)+" "+d.ID)
					case next.IsZero() || d.NextAttempt.Before(next):
						next = d.NextAttempt
					}
				}
				slices.Sort(want)
				got, gotNext, err := s.Ready(tasks.Email, at, 1000)
				check(err)
				var have []string
				for _, d := range got {
					have = append(have, d.NextAttempt.In(saigon).Format(time.RFC3339)+" "+d.ID)
				}
				if !slices.Equal(have, want) || !gotNext.Equal(next) {
					rt.Fatalf("ready at %v:\n%q, next %v; want\n%q, next %v", at, have, gotNext, want, next)
				}
				sent, err := s.SentMarks(tasks.Key{Plan: "ct05", No: "1"}, tasks.Key{Plan: "ct05", No: "2"}, tasks.Key{Plan: "ct05", No: "11"})
				check(err)
				if want := m.sent(); !maps.Equal(sent, want) {
					rt.Fatalf("marks %v, want %v", sent, want)
				}
				cursors, err := s.Cursors()
				check(err)
				if !maps.EqualFunc(cursors, m.cursors, time.Time.Equal) {
					rt.Fatalf("cursors %v, want %v", cursors, m.cursors)
				}
				states := map[string]string{}
				for _, in := range []map[string]tasks.Delivery{m.rows, m.failed} {
					for id, d := range in {
						states[id] = fmt.Sprint(d.State, d.Doubts, d.Told)
					}
				}
				outbox, err := s.Outbox()
				check(err)
				haveStates := map[string]string{}
				for _, d := range outbox {
					haveStates[d.ID] = fmt.Sprint(d.State, d.Doubts, d.Told)
				}
				if !maps.Equal(haveStates, states) {
					rt.Fatalf("outbox %v, want %v", haveStates, states)
				}
				untold := 0
				for _, d := range m.failed {
					if !d.Told {
						untold++
					}
				}
				failures, err := s.Failures()
				check(err)
				if len(failures) != untold {
					rt.Fatalf("%d failures, want %d", len(failures), untold)
				}
				if n, err := s.Verify(); err != nil || n != uint64(m.entries) {
					rt.Fatalf("%d entries, %v; want %d", n, err, m.entries)
				}
			},
		})
	})
}
