package scheduler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// world is a daemon on a real store in a synctest bubble, with channels whose
// answers a test scripts.
type world struct {
	t         *testing.T
	store     *store.Store
	loop      *Loop
	deliverer *Deliverer
	email     *farEnd
	telegram  *farEnd
}

// farEnd records what a channel was asked to carry. answer says what comes
// back; nil means yes.
type farEnd struct {
	mu     sync.Mutex
	got    []tasks.Outgoing
	answer func(n int, o tasks.Outgoing) error // n counts from 1
}

func (f *farEnd) Send(ctx context.Context, o tasks.Outgoing) (tasks.Receipt, error) {
	f.mu.Lock()
	f.got = append(f.got, o)
	n, answer := len(f.got), f.answer
	f.mu.Unlock()
	if answer != nil {
		if err := answer(n, o); err != nil {
			return tasks.Receipt{}, err
		}
	}
	return tasks.Receipt{Reply: fmt.Sprintf("250 ok %d", n)}, nil
}

// addresses lists what arrived, in order.
func (f *farEnd) addresses() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []string{}
	for _, o := range f.got {
		out = append(out, o.Address)
	}
	return out
}

// moves is asked by the workers of several lanes at once.
type moves struct{ to sync.Map }

func (m *moves) CurrentAddress(_ tasks.Channel, a string) (string, error) {
	if to, ok := m.to.Load(a); ok {
		return to.(string), nil
	}
	return a, nil
}

func (m *moves) MoveAddress(_ tasks.Channel, from, to string) error {
	m.to.Store(from, to)
	return nil
}

// plainWords composes one line a step, two lines a part on chats.
func plainWords(m tasks.Message, b tasks.Briefing) (tasks.Content, error) {
	var lines []string
	for _, s := range m.Steps {
		lines = append(lines, fmt.Sprintf("%s %s %s", s.No, s.Name, b.Tasks[s.Key].Content))
	}
	if len(lines) == 0 { // a notice; no message goes out empty
		lines = []string{string(m.Kind)}
	}
	if m.Channel == tasks.Email || len(lines) <= 2 {
		return tasks.Content{Subject: string(m.Kind), Text: []string{strings.Join(lines, "\n")}}, nil
	}
	c := tasks.Content{}
	for i := range lines {
		if i%2 == 0 {
			c.Text, c.Carries = append(c.Text, strings.Join(lines[i:min(i+2, len(lines))], "\n")), append(c.Carries, nil)
		}
		c.Carries[i/2] = append(c.Carries[i/2], i)
	}
	return c, nil
}

// begin makes a world in which it is Friday 30 June 2023, 07:00, with tasks
// stored. The bubble's clock starts in 2000: it sleeps until then.
func begin(t *testing.T, rules []Rule, tt ...tasks.Task) *world {
	t.Helper()
	time.Sleep(time.Until(instant("2023-06-30 07:00")))
	w := &world{t: t, email: &farEnd{}, telegram: &farEnd{}}
	w.open(filepath.Join(t.TempDir(), "nhacviec.db"), rules)
	err := w.store.Import(tasks.Plan{ID: "p", Issued: day("5/6/2023")}, time.Now(), "test", "", allNew(tt))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func eachOf(tt []tasks.Task) iter.Seq2[tasks.Task, error] {
	return func(yield func(tasks.Task, error) bool) {
		for _, t := range tt {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// allNew brings tasks that are not stored yet.
func allNew(tt []tasks.Task) func(tasks.Stored, func(tasks.Compared) error) error {
	return func(_ tasks.Stored, keep func(tasks.Compared) error) error {
		for _, t := range tt {
			if err := keep(tasks.Compared{Fate: tasks.IsNew, New: t}); err != nil {
				return err
			}
		}
		return nil
	}
}

func (w *world) open(path string, rules []Rule) {
	w.t.Helper()
	var err error
	if w.store, err = store.Open(path); err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if w.loop, err = NewLoop(w.store, w.store, office(w.t, rules...), log); err != nil {
		w.t.Fatal(err)
	}
	w.deliverer = &Deliverer{Outbox: w.store, Library: w.store, Addresses: &moves{}, Compose: plainWords,
		Setup: w.loop.Setup, Now: time.Now, Log: log, Boot: time.Now().String(), Failing: w.loop.Failing}
	w.deliverer.Use(map[tasks.Channel]Lane{tasks.Email: {Sender: w.email, Workers: 2}, tasks.Telegram: {Sender: w.telegram}})
	w.loop.Planned = w.deliverer.Wake
}

// runUntil runs the daemon until an instant and stops it in order.
func (w *world) runUntil(at string) {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.loop.Run(ctx) })
	running.Go(func() { w.deliverer.Run(ctx, context.Background()) })
	time.Sleep(time.Until(instant(at)))
	synctest.Wait()
	stop()
	running.Wait()
}

// ledger writes the deliveries' entries as lines: state, recipient, attempts,
// cause.
func (w *world) ledger() string { return w.entries("") }

// timed writes them with the hour of each message before it.
func (w *world) timed() string { return w.entries("15:04 ") }

func (w *world) entries(hour string) string {
	w.t.Helper()
	var b strings.Builder
	err := w.store.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
		if e.Delivery != nil {
			b.WriteString(e.At.In(hoChiMinh).Format(hour))
			fmt.Fprintf(&b, "%s %s %s", e.State, e.Kind, e.Address)
			for _, s := range e.Steps {
				fmt.Fprintf(&b, " %s", s.Name)
			}
			attempts := fmt.Sprint(e.Attempts)
			if e.Attempts > 5 { // jitter makes the exact number a matter of luck
				attempts = "many"
			}
			fmt.Fprintf(&b, " #%s %s\n", attempts, e.Error)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.store.Verify(); err != nil {
		w.t.Error(err)
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

// refuse returns an answer that refuses the first n messages.
func refuse(n int, se tasks.SendError) func(int, tasks.Outgoing) error {
	return func(i int, _ tasks.Outgoing) error {
		if i <= n {
			return &se
		}
		return nil
	}
}

// TestDeliver runs the whole daemon against far ends that behave badly.
func TestDeliver(t *testing.T) {
	t.Parallel()
	dueToday := func(no int, lead string) tasks.Task { return task(no, lead, "trước ngày 30/6/2023") }
	for _, tc := range []struct {
		name   string
		tasks  []tasks.Task
		change func(*Rule)
		script func(w *world)
		until  string // default 2023-06-30 18:00
		email  []string
		tele   []string
		ledger string
	}{
		{
			name:  "a message is sent once and recorded",
			tasks: []tasks.Task{dueToday(1, "tu-phap")},
			email: []string{"tp@x.vn"},
			ledger: `sent reminder tp@x.vn T-0 #1
`,
		},
		{
			name:  "a passing fault is retried until it passes",
			tasks: []tasks.Task{dueToday(1, "tu-phap")},
			script: func(w *world) {
				w.email.answer = refuse(3, tasks.SendError{Outcome: tasks.Transient, Err: errors.New("451 later")})
			},
			email: []string{"tp@x.vn", "tp@x.vn", "tp@x.vn", "tp@x.vn"},
			ledger: `sent reminder tp@x.vn T-0 #4
`,
		},
		{
			name:  "one bad recipient holds up nobody, and the office hears of it through its other channel",
			tasks: []tasks.Task{dueToday(1, "tu-phap"), dueToday(2, "noi-vu"), dueToday(3, "cong-an")},
			script: func(w *world) {
				w.email.answer = func(_ int, o tasks.Outgoing) error {
					if o.Address == "ca@x.vn" {
						return &tasks.SendError{Outcome: tasks.Permanent, Err: errors.New("550 no such user")}
					}
					return nil
				}
			},
			email: []string{"ca@x.vn", "nv@x.vn", "tp@x.vn"},
			tele:  []string{"-7", "-100"},
			ledger: `failed reminder ca@x.vn T-0 #1 550 no such user
sent failure -100 #1
sent reminder -7 T-0 #1
sent reminder nv@x.vn T-0 #1
sent reminder tp@x.vn T-0 #1
`,
		},
		{
			name:  "what nobody knows to have arrived is sent again once",
			tasks: []tasks.Task{dueToday(1, "tu-phap")},
			script: func(w *world) {
				w.email.answer = refuse(1, tasks.SendError{Outcome: tasks.Unknowable, Err: errors.New("no answer")})
			},
			email: []string{"tp@x.vn", "tp@x.vn"},
			ledger: `sent reminder tp@x.vn T-0 #2
uncertain reminder tp@x.vn T-0 #1 no answer
`,
		},
		{
			name:  "and not a third time",
			tasks: []tasks.Task{dueToday(1, "tu-phap")},
			script: func(w *world) {
				w.email.answer = refuse(9, tasks.SendError{Outcome: tasks.Unknowable, Err: errors.New("no answer")})
			},
			email: []string{"tp@x.vn", "tp@x.vn"},
			tele:  []string{"-100"},
			ledger: `failed reminder tp@x.vn T-0 #2 nobody knows whether it arrived, twice: no answer
sent failure -100 #1
uncertain reminder tp@x.vn T-0 #1 no answer
`,
		},
		{
			name:  "a channel that needs a person is left alone for a quarter of an hour, others go on",
			tasks: []tasks.Task{dueToday(1, "noi-vu")},
			until: "2023-06-30 08:20",
			script: func(w *world) {
				w.email.answer = refuse(99, tasks.SendError{Outcome: tasks.ChannelDown, Err: errors.New("535 password")})
			},
			email: []string{"nv@x.vn", "nv@x.vn", "nv@x.vn", "nv@x.vn"}, // 07:30, 07:45, 08:00, 08:15
			tele:  []string{"-7", "-100"},
			ledger: `sent failure -100 #1
sent reminder -7 T-0 #1
`,
		},
		{
			name:  "a limit named by the server is kept",
			tasks: []tasks.Task{dueToday(1, "tu-phap")},
			until: "2023-06-30 07:50",
			script: func(w *world) {
				w.email.answer = refuse(9, tasks.SendError{Outcome: tasks.Transient, RetryAfter: 25 * time.Minute, Err: errors.New("429")})
			},
			email: []string{"tp@x.vn"},
		},
		{
			name:   "given up after 72 hours, and told to the office before",
			change: func(r *Rule) { r.OverdueEvery = 0 },
			tasks:  []tasks.Task{dueToday(1, "tu-phap")},
			until:  "2023-07-03 10:00",
			script: func(w *world) {
				w.email.answer = func(_ int, o tasks.Outgoing) error {
					return &tasks.SendError{Outcome: tasks.Transient, RetryAfter: time.Hour, Err: errors.New("451 later")}
				}
			},
			ledger: `failed reminder tp@x.vn T-0 #many gave up after 72h0m0s: 451 later
sent failure -100 #1
sent failure -100 #1
`,
		},
		{
			name:  "what waited through an outage is sent as it stands then, once",
			tasks: []tasks.Task{task(1, "tu-phap", "trước ngày 4/7/2023"), dueToday(2, "tu-phap")},
			script: func(w *world) {
				w.email.answer = func(int, tasks.Outgoing) error {
					if time.Now().Before(instant("2023-07-03 09:00")) {
						return &tasks.SendError{Outcome: tasks.Transient, Err: errors.New("421 down")}
					}
					return nil
				}
			},
			until: "2023-07-03 11:00",
			ledger: `sent failure -100 #1
sent failure -100 #1
sent reminder tp@x.vn overdue+1 T-1 #many
superseded reminder tp@x.vn T-0 T-3 #many p/2: a later step is told; p/1: a later step is told
`,
		},
		{
			name:  "a task done between planning and sending is dropped, with the reason",
			tasks: []tasks.Task{dueToday(1, "tu-phap"), dueToday(2, "tu-phap"), dueToday(3, "noi-vu")},
			script: func(w *world) {
				w.loop.Planned = func() {
					for _, no := range []tasks.Number{"1", "3"} {
						_, err := w.store.Change(tasks.Key{Plan: "p", No: no}, tasks.Change{Action: "done"}, time.Now(), func(t *tasks.Task) error {
							t.Status = tasks.Done
							return nil
						})
						if err != nil {
							w.t.Error(err)
						}
					}
					w.deliverer.Wake()
				}
			},
			email: []string{"tp@x.vn"},
			ledger: `dropped reminder -7 T-0 #0 p/3: the task is done
dropped reminder nv@x.vn T-0 #0 p/3: the task is done
dropped reminder tp@x.vn T-0 #0 p/1: the task is done
sent reminder tp@x.vn T-0 #1
`,
		},
		{
			name:  "a long chat message goes on behind the last part that was sent",
			tasks: []tasks.Task{dueToday(1, "noi-vu"), dueToday(2, "noi-vu"), dueToday(3, "noi-vu")},
			script: func(w *world) {
				w.telegram.answer = func(n int, o tasks.Outgoing) error {
					if n == 2 {
						return &tasks.SendError{Outcome: tasks.Transient, Err: errors.New("502")}
					}
					if want := []string{"", "1 T-0", "3 T-0", "3 T-0"}[n]; !strings.HasPrefix(o.Text, want) {
						return fmt.Errorf("call %d carries %q, want %q", n, o.Text, want)
					}
					return nil
				}
			},
			email: []string{"nv@x.vn"},
			tele:  []string{"-7", "-7", "-7"},
			ledger: `sent reminder -7 T-0 T-0 T-0 #2
sent reminder nv@x.vn T-0 T-0 T-0 #1
`,
		},
		{
			name:  "an address that moved is followed and kept",
			tasks: []tasks.Task{dueToday(1, "noi-vu")},
			script: func(w *world) {
				w.telegram.answer = func(_ int, o tasks.Outgoing) error {
					if o.Address == "-7" {
						return &tasks.SendError{Outcome: tasks.Moved, NewAddress: "-1007", Err: errors.New("upgraded")}
					}
					return nil
				}
			},
			until: "2023-07-03 12:00",
			email: []string{"nv@x.vn", "nv@x.vn"},
			tele:  []string{"-7", "-1007", "-1007"},
			ledger: `sent reminder -7 T-0 #1
sent reminder -7 overdue+1 #1
sent reminder nv@x.vn T-0 #1
sent reminder nv@x.vn overdue+1 #1
`,
		},
		{
			name:  "a message that breaks the program fails alone",
			tasks: []tasks.Task{dueToday(1, "tu-phap"), dueToday(2, "cong-an")},
			script: func(w *world) {
				w.email.answer = func(_ int, o tasks.Outgoing) error {
					if o.Address == "ca@x.vn" {
						panic("poison")
					}
					return nil
				}
			},
			email: []string{"ca@x.vn", "tp@x.vn"},
			tele:  []string{"-100"},
			ledger: `failed reminder ca@x.vn T-0 #1 internal error: poison
sent failure -100 #1
sent reminder tp@x.vn T-0 #1
`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := begin(t, []Rule{rule(t, "r", daily, tc.change)}, tc.tasks...)
				defer w.store.Close()
				if tc.script != nil {
					tc.script(w)
				}
				until := tc.until
				if until == "" {
					until = "2023-06-30 18:00"
				}
				w.runUntil(until)
				if got := w.email.addresses(); tc.email != nil && !cmp.Equal(sorted(got), tc.email) {
					t.Errorf("mails to %q, want %q", got, tc.email)
				}
				if got := w.telegram.addresses(); tc.tele != nil && !cmp.Equal(got, tc.tele) {
					t.Errorf("chats to %q, want %q", got, tc.tele)
				}
				if diff := cmp.Diff(tc.ledger, sortLines(w.ledger())); diff != "" {
					t.Errorf("ledger: -want +got:\n%s", diff)
				}
			})
		})
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func sortLines(s string) string {
	lines := sorted(strings.SplitAfter(s, "\n"))
	return strings.Join(lines, "")
}

// TestCrashWhileSending kills the daemon's process, as far as the store can
// tell, between the provider's yes and our record.
func TestCrashWhileSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules := []Rule{rule(t, "r", daily, nil)}
		w := begin(t, rules, task(1, "tu-phap", "trước ngày 30/6/2023"))
		if _, err := w.loop.Pass(instant("2023-06-30 07:20")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.loop.Pass(instant("2023-06-30 07:30")); err != nil {
			t.Fatal(err)
		}
		ready, _, err := w.store.Ready(tasks.Email, instant("2023-06-30 07:31"), 9)
		if err != nil || len(ready) != 1 {
			t.Fatalf("ready %v, %v; want one", ready, err)
		}
		d := ready[0]
		d.State, d.Boot, d.Attempts = tasks.Sending, "the one that dies", 1
		if err := w.store.Put(d, time.Now()); err != nil {
			t.Fatal(err)
		}
		path := w.store.Path()
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}

		time.Sleep(time.Until(instant("2023-06-30 07:40")))
		w.open(path, rules)
		defer w.store.Close()
		if _, err := w.store.Recover(w.deliverer.Boot, time.Now()); err != nil {
			t.Fatal(err)
		}
		w.runUntil("2023-06-30 12:00")
		if got := w.email.got; len(got) != 1 || got[0].ID != d.ID {
			t.Errorf("sent again: %v, want once, under the same id %s", got, d.ID)
		}
		if got := w.ledger(); !strings.Contains(got, "uncertain reminder tp@x.vn") || !strings.Contains(got, "sent reminder tp@x.vn T-0 #2") {
			t.Errorf("ledger does not tell of the doubt:\n%s", got)
		}
	})
}

// TestStopWhileSending stops the daemon while a message is under way.
func TestStopWhileSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 30/6/2023"))
		defer w.store.Close()
		w.email.answer = func(int, tasks.Outgoing) error {
			time.Sleep(5 * time.Second) // of the bubble's clock: a slow server
			return nil
		}
		w.runUntil("2023-06-30 07:30") // stops the moment the message is under way
		if got, want := w.ledger(), "sent reminder tp@x.vn T-0 #1\n"; got != want {
			t.Errorf("ledger %q, want %q", got, want)
		}
	})
}

// TestDownForTenDays stops the daemon over ten fires.
func TestDownForTenDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules := []Rule{rule(t, "r", daily, nil)}
		w := begin(t, rules, task(1, "tu-phap", "trước ngày 3/7/2023"))
		w.runUntil("2023-06-30 12:00")
		path := w.store.Path()
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(instant("2023-07-09 23:00"))) // a Sunday, at night
		w.open(path, rules)
		defer w.store.Close()
		w.runUntil("2023-07-10 12:00")
		want := "sent reminder tp@x.vn T-1 #1\nsent reminder tp@x.vn overdue+1 #1\n"
		if got := w.ledger(); got != want {
			t.Errorf("ledger:\n%s\nwant:\n%s", got, want)
		}
		if got := w.email.got[1].At; !got.Equal(instant("2023-07-10 07:30")) {
			t.Errorf("caught up at %s, want the next working day's fire", got)
		}
	})
}
