package store

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

// TestMain lets the test binary be its own child: some tests need a process
// that may crash, hang or be killed.
func TestMain(m *testing.M) {
	if do := os.Getenv("STORE_TEST_CHILD"); do != "" {
		children[do](os.Args[1])
		return
	}
	flag.Set("rapid.checks", "30") // unless the command line says more
	os.Exit(m.Run())
}

var children = map[string]func(path string){"read": childRead, "write": childWrite}

var (
	saigon = time.FixedZone("+07", 7*3600)
	now    = time.Date(2023, 6, 30, 7, 30, 0, 0, saigon)
	today  = tasks.DateOf(now)
	plan   = tasks.Plan{ID: "ct05", Title: "Kế hoạch 05", Issued: date("2023-03-15")}
)

func date(s string) tasks.Date {
	d, err := tasks.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "nhacviec.db"))
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get1[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// equal compares what was stored with what is read: instants by time.Equal,
// since the name of a zone is not stored.
func equal(t testing.TB, got, want any) {
	t.Helper()
	sameTime := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	sameRule := cmp.Comparer(func(a, b tasks.Recurrence) bool { return a.String() == b.String() })
	if d := cmp.Diff(want, got, sameTime, sameRule); d != "" {
		t.Errorf("not what was stored (-want +got):\n%s", d)
	}
}

func task(no string, kind tasks.Kind, due ...string) tasks.Task {
	t := tasks.Task{
		Key:          tasks.Key{Plan: "ct05", No: tasks.Number(no)},
		Lead:         tasks.UnitRef{Code: "tu-phap", Text: "PHÒNG TƯ PHÁP"},
		Coordinating: []tasks.UnitRef{{Code: "cong-an", Text: "Công an thành phố"}},
		Content:      "Rà soát thủ tục hành chính số " + no,
		Deadline:     tasks.Deadline{Text: "Trước ngày 15/7/2023", Kind: kind, Due: []tasks.Date{}, Source: tasks.FromDeadline, Version: 1},
		Status:       tasks.Open,
		DeadlineOn:   date("2023-03-20"),
	}
	for _, d := range due {
		t.Deadline.Due = append(t.Deadline.Due, date(d))
	}
	return t
}

func periodic(t testing.TB, no, rule string) tasks.Task {
	tk := task(no, tasks.Periodic)
	r, err := tasks.ParseRecurrence(rule)
	must(t, err)
	tk.Deadline.RRule = &r
	return tk
}

// merging is what Import is given.
type merging func(tasks.Stored, func(tasks.Compared) error) error

// brings keeps what it is given, and then returns an error.
func brings(err error, cc ...tasks.Compared) merging {
	return func(_ tasks.Stored, keep func(tasks.Compared) error) error {
		for _, c := range cc {
			if err := keep(c); err != nil {
				return err
			}
		}
		return err
	}
}

func isNew(t tasks.Task) tasks.Compared { return tasks.Compared{Fate: tasks.IsNew, New: t} }

func allNew(tt ...tasks.Task) merging {
	return func(_ tasks.Stored, keep func(tasks.Compared) error) error {
		for _, t := range tt {
			if err := keep(isNew(t)); err != nil {
				return err
			}
		}
		return nil
	}
}

func load(t testing.TB, s *Store, tt ...tasks.Task) {
	t.Helper()
	must(t, s.Import(plan, now, "an", "", allNew(tt...)))
}

func ledger(t testing.TB, s *Store, q tasks.LedgerQuery) []tasks.Entry {
	t.Helper()
	var out []tasks.Entry
	must(t, s.Ledger(q, func(e tasks.Entry) error { out = append(out, e); return nil }))
	return out
}

func keysOf(tt []tasks.Task) []string {
	out := []string{}
	for _, t := range tt {
		out = append(out, t.Key.String())
	}
	return out
}

func TestTasksComeBackInOrderAsTheyWereStored(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	want := []tasks.Task{
		task("2", tasks.Dated, "2023-07-15", "2023-12-31"),
		periodic(t, "3", "FREQ=MONTHLY;BYMONTHDAY=20"),
		task("3.a", tasks.Ongoing),
		task("10", tasks.Unknown),
	}
	load(t, s, want[3], want[1], want[2], want[0])
	other := tasks.Plan{ID: "bd99", Title: "Kế hoạch khác"}
	foreign := task("1", tasks.Awaiting)
	foreign.Plan = "bd99"
	must(t, s.Import(other, now, "an", "", allNew(foreign)))

	equal(t, get1[[]tasks.Task](t)(s.Tasks("ct05")), want)
	equal(t, get1[[]tasks.Task](t)(s.Tasks("")), append([]tasks.Task{foreign}, want...))
	equal(t, get1[[]tasks.Plan](t)(s.Plans()), []tasks.Plan{other, plan})
	equal(t, get1[tasks.Task](t)(s.Task(want[2].Key)), want[2])
	if _, err := s.Task(tasks.Key{Plan: "ct05", No: "99"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a task that is not there: %v", err)
	}

	path := s.Path()
	must(t, s.Close())
	s = get1[*Store](t)(Open(path))
	defer s.Close()
	equal(t, get1[[]tasks.Task](t)(s.Tasks("ct05")), want)
}

func TestImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, b := task("1", tasks.Dated, "2023-07-15"), task("2", tasks.Dated, "2023-08-15")
	load(t, s, a, b)
	before := ledger(t, s, tasks.LedgerQuery{})

	moved := a
	moved.Deadline.Due = []tasks.Date{date("2023-09-30")}
	stray := task("3", tasks.Dated, "2023-07-01")
	stray.Plan = "other"
	boom := errors.New("boom")
	renamed := plan
	renamed.Title = "không được lưu"
	for name, merge := range map[string]merging{
		"merge fails":             brings(boom, isNew(task("4", tasks.Ongoing))),
		"a task of another plan":  brings(nil, tasks.Compared{Fate: tasks.IsChanged, Old: a, New: moved}, isNew(stray)),
		"a number that is no key": brings(nil, tasks.Compared{Fate: tasks.IsChanged, Old: a, New: moved}, isNew(task("4|5", tasks.Ongoing))),
	} {
		err := s.Import(renamed, now, "an", "", merge)
		if !errors.Is(err, boom) && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v", name, err)
		}
		equal(t, get1[[]tasks.Task](t)(s.Tasks("")), []tasks.Task{a, b})
		equal(t, get1[[]tasks.Plan](t)(s.Plans()), []tasks.Plan{plan})
		equal(t, ledger(t, s, tasks.LedgerQuery{}), before)
	}
	if err := s.Import(tasks.Plan{ID: "a|b"}, now, "", "", nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("a plan id that is no key: %v", err)
	}
}

func TestImportAgainStoresTheDifferenceAndRecordsIt(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a, b, c := task("1", tasks.Dated, "2023-07-15"), task("2", tasks.Dated, "2023-08-15"), task("3", tasks.Ongoing)
	load(t, s, a, b, c)
	moved := a
	moved.Deadline = tasks.Deadline{Text: "trước 30/9", Kind: tasks.Dated, Due: []tasks.Date{date("2023-09-30")}, Source: tasks.FromDeadline, Version: 2}
	gone := b
	gone.Status, gone.Was = tasks.Cancelled, tasks.Open
	fresh := task("4", tasks.Awaiting)
	var given []tasks.Task
	must(t, s.Import(plan, now, "an", "bản sửa", func(stored tasks.Stored, keep func(tasks.Compared) error) error {
		for tk, err := range stored.All() {
			must(t, err)
			given = append(given, tk)
		}
		found, ok, err := stored.Find("2")
		must(t, err)
		equal(t, found, b)
		_, none, err := stored.Find("4")
		must(t, err)
		equal(t, []bool{ok, none}, []bool{true, false})
		return brings(nil, tasks.Compared{Fate: tasks.IsChanged, Old: a, New: moved}, tasks.Compared{Fate: tasks.IsSame, Old: c, New: c},
			isNew(fresh), tasks.Compared{Fate: tasks.IsGone, Old: b, New: gone})(stored, keep)
	}))
	equal(t, given, []tasks.Task{a, b, c})
	equal(t, get1[[]tasks.Task](t)(s.Tasks("ct05")), []tasks.Task{moved, gone, c, fresh})

	var changes []tasks.Change
	for _, e := range ledger(t, s, tasks.LedgerQuery{})[1:] {
		changes = append(changes, *e.Change)
	}
	equal(t, changes, []tasks.Change{
		{Plan: "ct05", Action: "import", By: "an", Note: "bản sửa", New: "1 new, 1 changed, 1 gone, 1 the same"},
		{Plan: "ct05", No: "1", Action: "import", By: "an", Note: "bản sửa", Old: `dated 2023-07-15 "Trước ngày 15/7/2023"`, New: `dated 2023-09-30 "trước 30/9"`},
		{Plan: "ct05", No: "2", Action: "cancel", By: "an", Note: "bản sửa", Old: "open", New: "cancelled"},
	})
	tt, _, err := s.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Dated}, Until: date("2023-09-29")})
	must(t, err)
	equal(t, keysOf(tt), []string{}) // the index moved with the tasks
}

func TestChange(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := task("21", tasks.Dated, "2023-07-15")
	load(t, s, a)
	got, err := s.Change(a.Key, tasks.Change{Action: "done", By: "an", Note: "CV 12"}, now, func(t *tasks.Task) error {
		t.Status, t.DoneOn, t.DoneThrough = tasks.Done, today, t.Deadline.Due[0]
		return nil
	})
	must(t, err)
	want := a
	want.Status, want.DoneOn, want.DoneThrough = tasks.Done, today, date("2023-07-15")
	equal(t, got, want)
	equal(t, get1[tasks.Task](t)(s.Task(a.Key)), want)
	entries := ledger(t, s, tasks.LedgerQuery{Plan: "ct05", No: "21"})
	equal(t, *entries[0].Change, tasks.Change{Plan: "ct05", No: "21", Action: "done", By: "an", Note: "CV 12", Old: "open; ", New: "done; done through 2023-07-15"})

	boom := errors.New("boom")
	for name, fn := range map[string]func(*tasks.Task) error{
		"fn fails": func(t *tasks.Task) error { t.Status = tasks.Held; return boom },
		"another":  func(t *tasks.Task) error { t.No = "22"; return nil },
	} {
		if _, err := s.Change(a.Key, tasks.Change{Action: "hold"}, now, fn); !errors.Is(err, boom) && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		equal(t, get1[tasks.Task](t)(s.Task(a.Key)), want)
	}
	if _, err := s.Change(tasks.Key{Plan: "x", No: "1"}, tasks.Change{}, now, func(*tasks.Task) error { return nil }); !errors.Is(err, ErrNotFound) {
		t.Errorf("a task that is not there: %v", err)
	}
	equal(t, len(ledger(t, s, tasks.LedgerQuery{})), 2)
}

func TestDue(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	twoPhases := task("1", tasks.Dated, "2023-07-01", "2023-12-31")
	late := task("2", tasks.Dated, "2023-05-01")
	far := task("3", tasks.Dated, "2024-05-01")
	monthly := periodic(t, "4", "FREQ=MONTHLY;BYMONTHDAY=20")
	ongoing, awaiting, unknown := task("5", tasks.Ongoing), task("6", tasks.Awaiting), task("7", tasks.Unknown)
	done := task("8", tasks.Dated, "2023-07-01")
	done.Status = tasks.Done
	past := task("9", tasks.Dated, "2023-03-01") // before it was recorded
	phaseDone := task("10", tasks.Dated, "2023-07-01", "2023-12-31")
	phaseDone.DoneThrough = date("2023-07-01")
	thenOngoing := task("11", tasks.Dated, "2023-06-01")
	thenOngoing.Deadline.Ongoing, thenOngoing.DoneThrough = true, date("2023-06-01")
	load(t, s, twoPhases, late, far, monthly, ongoing, awaiting, unknown, done, past, phaseDone, thenOngoing)

	for _, c := range []struct {
		kinds  []tasks.Kind
		until  string
		review bool
		want   []string
	}{
		{nil, "2030-01-01", false, []string{}},
		{[]tasks.Kind{tasks.Dated}, "2023-06-30", false, []string{"ct05/2"}},
		{[]tasks.Kind{tasks.Dated}, "2023-07-01", false, []string{"ct05/1", "ct05/2"}},
		{[]tasks.Kind{tasks.Dated}, "2024-05-01", false, []string{"ct05/1", "ct05/2", "ct05/3", "ct05/10"}},
		{[]tasks.Kind{tasks.Periodic}, "2023-03-19", false, []string{}},
		{[]tasks.Kind{tasks.Periodic}, "2023-03-20", false, []string{"ct05/4"}},
		{[]tasks.Kind{tasks.Dated, tasks.Periodic}, "2025-01-01", false, []string{"ct05/1", "ct05/2", "ct05/3", "ct05/4", "ct05/10"}},
		{[]tasks.Kind{tasks.Ongoing}, "2023-01-01", false, []string{"ct05/5", "ct05/11"}},
		{[]tasks.Kind{tasks.Awaiting}, "2023-01-01", false, []string{"ct05/6"}},
		{nil, "2023-01-01", true, []string{"ct05/7", "ct05/9"}},
		{[]tasks.Kind{tasks.Dated}, "2023-06-30", true, []string{"ct05/2", "ct05/7", "ct05/9"}},
	} {
		tt, sent, err := s.Due(tasks.DueQuery{Kinds: c.kinds, Until: date(c.until), Review: c.review})
		must(t, err)
		if got := keysOf(tt); !slices.Equal(got, c.want) || len(sent) != 0 {
			t.Errorf("due %v until %s, review %v: %v with %d marks; want %v", c.kinds, c.until, c.review, got, len(sent), c.want)
		}
	}

	// What is confirmed, held or done moves in the index.
	change := func(no string, fn func(*tasks.Task)) {
		_, err := s.Change(tasks.Key{Plan: "ct05", No: tasks.Number(no)}, tasks.Change{}, now, func(t *tasks.Task) error { fn(t); return nil })
		must(t, err)
	}
	change("9", func(t *tasks.Task) { t.Confirmed = true })
	change("2", func(t *tasks.Task) { t.Status = tasks.Held })
	change("1", func(t *tasks.Task) { t.DoneThrough = date("2023-07-01") })
	change("4", func(t *tasks.Task) { t.DoneThrough = date("2023-07-20") })
	tt, _, err := s.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Dated, tasks.Periodic}, Until: date("2023-08-19"), Review: true})
	must(t, err)
	equal(t, keysOf(tt), []string{"ct05/7", "ct05/9"})

	if _, _, err := s.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Unknown}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	must(t, s.Close())
	if _, err := s.Plans(); !errors.Is(err, ErrClosed) {
		t.Errorf("reading: %v", err)
	}
	if err := s.CommitFire(tasks.Fired{}); !errors.Is(err, ErrClosed) {
		t.Errorf("writing: %v", err)
	}
	must(t, s.Close())
}

func TestChannelState(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	equal(t, get1[[]byte](t)(s.ChannelState(tasks.ZaloOA, "token")), []byte(nil))
	must(t, s.SetChannelState(tasks.ZaloOA, "token", []byte("\x00bí mật\xff")))
	equal(t, get1[[]byte](t)(s.ChannelState(tasks.ZaloOA, "token")), []byte("\x00bí mật\xff"))
	equal(t, get1[[]byte](t)(s.ChannelState(tasks.ZaloBot, "token")), []byte(nil))
	must(t, s.SetChannelState(tasks.ZaloOA, "token", nil))
	equal(t, get1[[]byte](t)(s.ChannelState(tasks.ZaloOA, "token")), []byte(nil))

	equal(t, get1[string](t)(s.CurrentAddress(tasks.Telegram, "-100")), "-100")
	must(t, s.MoveAddress(tasks.Telegram, "-100", "-100200"))
	equal(t, get1[string](t)(s.CurrentAddress(tasks.Telegram, "-100")), "-100200")
	equal(t, get1[string](t)(s.CurrentAddress(tasks.Email, "-100")), "-100")
}

// A write that fails, or whose function panics, takes no other with it.
func TestWritesOfOneTransactionAreIsolated(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var tt []tasks.Task
	for i := range 60 {
		tt = append(tt, task(strconv.Itoa(i+1), tasks.Ongoing))
	}
	load(t, s, tt...)
	results := make(chan error)
	s.writing.Lock() // let them queue up, so that they share transactions
	for i, tk := range tt {
		go func() {
			defer func() {
				if r := recover(); r != nil {
					results <- fmt.Errorf("panic: %v", r)
				}
			}()
			_, err := s.Change(tk.Key, tasks.Change{Action: "hold"}, now, func(t *tasks.Task) error {
				t.Status = tasks.Held
				switch i % 10 {
				case 3:
					return errors.New("no")
				case 7:
					panic("oops")
				}
				return nil
			})
			results <- err
		}()
	}
	s.writing.Unlock()
	count := map[string]int{}
	for range tt {
		count[fmt.Sprint(<-results)]++
	}
	equal(t, count, map[string]int{"<nil>": 48, "no": 6, "panic: oops": 6})
	held := 0
	for _, tk := range get1[[]tasks.Task](t)(s.Tasks("ct05")) {
		if tk.Status == tasks.Held {
			held++
		}
	}
	equal(t, held, 48)
	equal(t, get1[uint64](t)(s.Verify()), uint64(49))
}

// In a synctest bubble time stands still while the store works, and nothing is
// left running after Close: the bubble would not end.
func TestWorksInABubble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := get1[*Store](t)(Open(filepath.Join(dir, "nhacviec.db")))
		for i := range 20 {
			go s.SetChannelState(tasks.Email, strconv.Itoa(i), []byte("x"))
		}
		synctest.Wait()
		load(t, s, task("1", tasks.Ongoing))
		must(t, s.Close())
		if d := time.Since(start); d != 0 {
			t.Errorf("the store let %v pass", d)
		}
	})
}

// Due finds the tasks that nobody is told of by asking once of each kind and
// lead, however many tasks there are.
func TestDueUnheard(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var tt []tasks.Task
	for i := range 30 {
		tk := task(fmt.Sprint(i+1), []tasks.Kind{tasks.Ongoing, tasks.Awaiting}[i%2])
		tk.Lead = tasks.UnitRef{Code: []string{"tu-phap", "noi-vu", "cong-an"}[i%3]}
		tt = append(tt, tk)
	}
	load(t, s, tt...)
	asked := 0
	q := tasks.DueQuery{Unheard: func(kind tasks.Kind, lead tasks.UnitRef) bool {
		asked++
		return kind == tasks.Awaiting && lead.Code == "noi-vu"
	}}
	found, _, err := s.Due(q)
	must(t, err)
	equal(t, asked, 6)
	if len(found) != 5 {
		t.Errorf("found %d tasks, want 5", len(found))
	}
	for _, tk := range found {
		if tk.Lead.Code != "noi-vu" || tk.Deadline.Kind != tasks.Awaiting {
			t.Errorf("found task %s of %s", tk.No, tk.Lead.Code)
		}
	}
	_, err = s.Change(found[0].Key, tasks.Change{Action: "hand over"}, now, func(tk *tasks.Task) error {
		tk.Lead = tasks.UnitRef{Code: "tu-phap"}
		return nil
	})
	must(t, err)
	again, _, err := s.Due(q)
	must(t, err)
	equal(t, len(again), 4)
}
