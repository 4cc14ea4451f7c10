package web_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"nhacviec/tasks"
	"nhacviec/web"
)

var (
	saigon  = time.FixedZone("+07", 7*3600)
	morning = time.Date(2023, 6, 5, 7, 0, 0, 0, saigon)
	issued  = tasks.DateOf(morning)
)

// office is everything that a handler stands on, in memory.
type office struct {
	plans   []tasks.Plan
	tasks   map[tasks.Key]tasks.Task
	entries []tasks.Entry
	outbox  []tasks.Delivery
	sent    []tasks.Delivery
	texts   map[string]string
	stale   string
	writes  int // calls of a method that changes or sends

	fails       error // what every method that reads the ledger ends with
	broken      error // what Verify finds
	status      web.Status
	reloadError error
}

func (o *office) Plans() ([]tasks.Plan, error) { return o.plans, nil }

func (o *office) Tasks(plan string) ([]tasks.Task, error) {
	var out []tasks.Task
	for _, t := range o.tasks {
		if plan == "" || t.Plan == plan {
			out = append(out, t)
		}
	}
	return out, nil
}

func (o *office) Change(key tasks.Key, c tasks.Change, now time.Time, fn func(*tasks.Task) error) (tasks.Task, error) {
	o.writes++
	t := o.tasks[key]
	if err := fn(&t); err != nil {
		return tasks.Task{}, err
	}
	o.tasks[key] = t
	o.entries = append(o.entries, tasks.Entry{Seq: uint64(len(o.entries) + 1), Time: now.UTC(), Change: &c})
	return t, nil
}

func (o *office) Import(p tasks.Plan, _ time.Time, _, _ string, merge func(tasks.Stored, func(tasks.Compared) error) error) error {
	var kept []tasks.Task
	err := merge(officePlan{o, p.ID}, func(c tasks.Compared) error {
		if c.Fate == tasks.IsNew {
			kept = append(kept, c.New)
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.writes++
	o.plans = append(o.plans, p)
	for _, t := range kept {
		o.tasks[t.Key] = t
	}
	return nil
}

// officePlan is a plan of an office.
type officePlan struct {
	*office
	plan string
}

func (p officePlan) Find(no tasks.Number) (tasks.Task, bool, error) {
	t, ok := p.tasks[tasks.Key{Plan: p.plan, No: no}]
	return t, ok, nil
}

func (p officePlan) All() iter.Seq2[tasks.Task, error] {
	return func(yield func(tasks.Task, error) bool) {
		for _, t := range p.tasks {
			if t.Plan == p.plan && !yield(t, nil) {
				return
			}
		}
	}
}

func (o *office) Ledger(q tasks.LedgerQuery, fn func(tasks.Entry) error) error {
	for _, e := range o.entries {
		if q.Unit != "" && (e.Delivery == nil || e.Delivery.Unit != q.Unit) {
			continue
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return o.fails
}

func (o *office) Verify() (uint64, error) { return uint64(len(o.entries)), o.broken }

func (o *office) Delivery(id string) (tasks.Delivery, error) {
	for _, d := range o.outbox {
		if d.ID == id {
			return d, nil
		}
	}
	return tasks.Delivery{}, fmt.Errorf("no delivery %s", id)
}

func (o *office) Hash(seq uint64) (string, error) {
	if seq > 3 {
		return "", nil
	}
	return fmt.Sprintf("%064x", seq), nil
}

func (o *office) Sent(time.Time) ([]tasks.Delivery, error) { return o.sent, nil }

func (o *office) Text(sum string) (string, error) {
	if text, ok := o.texts[sum]; ok {
		return text, nil
	}
	return "", errors.New("not kept")
}

func (o *office) Stale(d tasks.Delivery) (string, error) { return o.stale, nil }

func (o *office) Outbox() ([]tasks.Delivery, error) { return o.outbox, nil }

func (o *office) Resend(id, _ string, _ time.Time) (tasks.Delivery, error) {
	o.writes++
	for _, d := range o.outbox {
		if d.ID == id {
			d.ID += "-2"
			return d, nil
		}
	}
	return tasks.Delivery{}, fmt.Errorf("no delivery %s", id)
}

func (o *office) Resendable(id string) (tasks.Delivery, error) { return o.Delivery(id) }

func (o *office) ResendFailed(ids []string, by string, now time.Time) (map[string]tasks.Delivery, error) {
	again := map[string]tasks.Delivery{}
	for _, id := range ids {
		d, err := o.Resend(id, by, now)
		if err != nil {
			return nil, err
		}
		again[id] = d
	}
	return again, nil
}

func (o *office) Forecast(from, to time.Time) ([]tasks.Message, error) {
	m := tasks.Message{Kind: tasks.Reminder, At: from, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "cong-an", Address: "ca@example.gov.vn"}}
	last := m
	last.At, last.Unit = to, "tu-phap"
	return []tasks.Message{m, last}, nil
}

func (o *office) Explain(key tasks.Key, on tasks.Date) (any, error) {
	return map[string]string{"key": key.String(), "on": on.String()}, nil
}

func (o *office) SendTest(_ context.Context, ch tasks.Channel, address string) (tasks.Receipt, error) {
	o.writes++
	if address == "full@example.gov.vn" {
		return tasks.Receipt{}, errors.New("mailbox full")
	}
	return tasks.Receipt{Reply: "250 " + string(ch)}, nil
}

func (o *office) Status() (web.Status, error) { return o.status, nil }

func (o *office) Reload(context.Context) ([]string, error) {
	o.writes++
	return []string{"nobody reaches tu-phap"}, o.reloadError
}

// newOffice returns an office with two plans, and a handler over it.
func newOffice(t *testing.T) (*office, *web.Handler) {
	t.Helper()
	units, problems := tasks.NewDirectory([]tasks.Unit{
		{Code: "cong-an", Name: "Công an thành phố", Aliases: []string{"CATP"}, Addresses: map[tasks.Channel][]string{tasks.Email: {"ca@example.gov.vn"}}},
		{Code: "tu-phap", Name: "Phòng Tư pháp", Addresses: map[tasks.Channel][]string{tasks.Email: {"tp@example.gov.vn"}}},
		{Code: "phong", Name: "Các phòng", Members: []string{"tu-phap"}},
		{Code: "tat-ca", Name: "Toàn thành phố", Members: []string{"cong-an", "phong"}},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	o := &office{tasks: map[tasks.Key]tasks.Task{}}
	row := func(plan, no, lead, coordinating, content, deadline string) {
		p := tasks.Plan{ID: plan, Title: plan, Issued: issued}
		tt, err := tasks.Understand(p, []tasks.Row{{No: tasks.Number(no), Lead: lead, Coordinating: coordinating, Content: content, Deadline: deadline}}, units, issued)
		if err != nil {
			t.Fatal(err)
		}
		o.tasks[tt[0].Key] = tt[0]
	}
	o.plans = []tasks.Plan{{ID: "ct05", Title: "ct05", Issued: issued}, {ID: "ct06", Title: "ct06", Issued: issued}}
	row("ct05", "1", "Công an thành phố", "", "Kiểm tra hộ tịch", "Trước ngày 30/6/2023")
	row("ct05", "2", "Phòng Tư pháp", "Công an thành phố", "Số hóa", "Trước ngày 10/6/2023")
	row("ct05", "3", "Các phòng", "", "Tuyên truyền", "Thường xuyên")
	row("ct05", "4", "Phòng lạ", "Toàn thành phố", "Rà soát", "khi trời mưa")
	row("ct06", "1", "Phòng Tư pháp", "", "Báo cáo", "Trước ngày 01/6/2023")
	o.status.Channels = []web.ChannelStatus{{Channel: tasks.Email, LastSent: morning.UTC()}}
	o.status.Since = morning.UTC()
	h := &web.Handler{
		Plans: o, Ledger: o, Outbox: o, Planner: o, Tester: o, Daemon: o,
		Setting: func() web.Setting {
			return web.Setting{Units: units, Location: saigon, Soon: 7, Channels: []tasks.Channel{tasks.Email}}
		},
		Now:     func() time.Time { return morning.UTC() },
		Version: "v1.2.3",
		Store:   "/var/lib/nhacviec/nhacviec.db",
	}
	return o, h
}

// listen serves a handler on a Unix socket until the test ends.
func listen(t *testing.T, h http.Handler) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := web.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	server := web.NewServer(h, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return path
}

// clients returns a client over a socket and one in the process: every promise
// holds for both.
func clients(t *testing.T, h http.Handler) map[string]*web.Client {
	t.Helper()
	transport, err := web.Dial(listen(t, h))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*web.Client{"socket": web.NewClient(transport), "in process": web.NewClient(web.InProcess(h))}
}
