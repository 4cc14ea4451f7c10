package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
	"nhacviec/tasks/store"
)

// acceptor is a channel that says yes to everything.
type acceptor struct{}

func (acceptor) Send(context.Context, tasks.Outgoing) (tasks.Receipt, error) {
	return tasks.Receipt{Reply: "250 ok"}, nil
}

// office is the real daemon on a real store, for the seed plan with the example
// config, in a bubble whose clock the test moves.
type office struct {
	t      *testing.T
	config *Config
	path   string
}

// opensOn moves the bubble's clock to a day's first moment and imports the plan.
func opensOn(t *testing.T, first tasks.Date) *office {
	t.Helper()
	dir := t.TempDir()
	if err := furnish(dir); err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadConfig(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(first.At(0, 0, cfg.Location)))
	o := &office{t, cfg, cfg.storePath()}
	st := o.open()
	defer st.Close()
	doc, err := planfile.Read(filepath.Join(dir, "ke-hoach-05.md"), planfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan := tasks.Plan{ID: "ct05", Title: doc.Title, Issued: first}
	read, err := tasks.Understand(plan, doc.Rows, cfg.Units, first)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Import(plan, time.Now(), "test", "", allNew(read)); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) open() *store.Store {
	o.t.Helper()
	st, err := store.Open(o.path)
	if err != nil {
		o.t.Fatal(err)
	}
	return st
}

// works runs the daemon until an instant, from wherever the clock stands.
func (o *office) works(until time.Time) {
	o.t.Helper()
	st := o.open()
	defer st.Close()
	lanes := map[tasks.Channel]scheduler.Lane{}
	for _, ch := range tasks.Channels {
		lanes[ch] = scheduler.Lane{Sender: acceptor{}, Workers: 2}
	}
	d, err := newDaemon(o.config.Setup, st, lanes, time.Now, quiet)
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { d.loop.Run(ctx) })
	running.Go(func() { d.deliverer.Run(ctx, context.Background()) })
	time.Sleep(time.Until(until))
	synctest.Wait()
	stop()
	running.Wait()
}

// delivered returns the ledger's sent messages as printed, sorted, and holds
// the ledger to its chain.
func (o *office) delivered() []string {
	o.t.Helper()
	st := o.open()
	defer st.Close()
	var out []string
	err := st.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
		if e.Delivery == nil {
			return nil
		}
		if e.State != tasks.Delivered || e.Attempts != 1 {
			o.t.Errorf("%s to %s is %s after %d attempts", e.Kind, e.Address, e.State, e.Attempts)
		}
		out = append(out, o.line(e.Message))
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := st.Verify(); err != nil {
		o.t.Error(err)
	}
	slices.Sort(out)
	return out
}

func (o *office) line(m tasks.Message) string {
	m.At = m.At.In(o.config.Location)
	text, err := json.Marshal(m.Public())
	if err != nil {
		o.t.Fatal(err)
	}
	return string(text)
}

func (o *office) forecast(from, to time.Time) []string {
	o.t.Helper()
	st := o.open()
	defer st.Close()
	mm, err := planner{st, func() scheduler.Setup { return o.config.Setup }, time.Now}.Forecast(from, to)
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, m := range mm {
		out = append(out, o.line(m))
	}
	slices.Sort(out)
	return out
}

// TestYear runs the daemon for a year of the seed plan: what it delivers is
// what forecast said before, entry by entry, although it is stopped and started
// again in the middle of every month, and although each restart finds the same
// day once more.
func TestYear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := day(t, "2023-06-05")
		o := opensOn(t, first)
		from := first.At(0, 0, o.config.Location)
		months := 12
		if underRace {
			months = 1 // with a stop in its middle, as in each of the twelve
		}
		to := from.AddDate(0, months, 0).Add(-time.Second)
		want := o.forecast(from, to)
		if len(want) < 80*months {
			t.Fatalf("only %d messages are foreseen", len(want))
		}
		for at := from.AddDate(0, 0, 15).Add(8 * time.Hour); at.Before(to); at = at.AddDate(0, 1, 0) {
			o.works(at)
		}
		o.works(to)
		if diff := cmp.Diff(want, o.delivered()); diff != "" {
			t.Errorf("-foreseen +delivered:\n%s", diff)
		}
		if again := o.forecast(to.Add(-24*time.Hour), to); len(again) > 0 {
			t.Errorf("the last day would be told again: %s", again)
		}
	})
}

// TestTenDaysDown stops the daemon for ten days over many fires. Afterwards
// every series of steps has been told as far as without the stop, nobody got
// the same step twice, and nobody more than one message on the day of return
// through a channel.
func TestTenDaysDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := day(t, "2023-06-05")
		o := opensOn(t, first)
		o.works(day(t, "2023-06-22").At(12, 0, o.config.Location))
		back := day(t, "2023-07-03").At(10, 0, o.config.Location)
		time.Sleep(time.Until(back.Add(-time.Hour)))
		end := day(t, "2023-07-05").At(23, 0, o.config.Location)
		o.works(end)

		uninterrupted := tasks.Sent{}
		st := o.open()
		tt, err := st.Tasks("")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range scheduler.Forecast(tt, o.config.Setup, nil, first.At(0, 0, o.config.Location), end) {
			uninterrupted.Add(m)
		}
		told, onReturn := tasks.Sent{}, map[tasks.Recipient]int{}
		err = st.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
			if e.Delivery == nil {
				return nil
			}
			for _, mark := range e.Marks() {
				if rank, ok := told[mark.SentKey]; ok && rank >= mark.Rank {
					t.Errorf("%s was told of %s %s twice", e.Address, mark.Key, mark.Series)
				}
			}
			told.Add(e.Message)
			if e.Kind == tasks.Reminder && e.SentAt.Before(back) && e.SentAt.After(back.AddDate(0, 0, -1)) {
				onReturn[e.Recipient]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		st.Close()
		if diff := cmp.Diff(uninterrupted, told); diff != "" {
			t.Errorf("-without the stop +with it:\n%s", diff)
		}
		if len(onReturn) == 0 {
			t.Error("nobody was told on the day of return: the test shows nothing")
		}
		for r, n := range onReturn {
			if n > 1 {
				t.Errorf("%s got %d messages on the day of return", r.Address, n)
			}
		}
	})
}
