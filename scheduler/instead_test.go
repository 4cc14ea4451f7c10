package scheduler

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// TestByMail has chats that refuse for good.
func TestByMail(t *testing.T) {
	t.Parallel()
	dueToday := func(no int, lead string) tasks.Task { return task(no, lead, "trước ngày 30/6/2023") }
	kicked := &tasks.SendError{Outcome: tasks.Permanent, Err: errors.New("bot was kicked")}
	always := func(err error) func(int, tasks.Outgoing) error {
		return func(_ int, o tasks.Outgoing) error {
			if o.Address == "-100" { // the office's own
				return nil
			}
			return err
		}
	}
	chats := func(r *Rule) { r.Channels = []tasks.Channel{tasks.Telegram} }
	for _, tc := range []struct {
		name   string
		tasks  []tasks.Task
		change func(*Rule)
		chat   func(n int, o tasks.Outgoing) error
		mail   func(n int, o tasks.Outgoing) error
		until  string // default 2023-06-30 18:00
		ledger string
	}{
		{
			name: "it goes out by mail", tasks: []tasks.Task{dueToday(1, "noi-vu")}, change: chats, chat: always(kicked),
			ledger: `failed reminder -7 T-0 #1 bot was kicked
sent failure vp@x.vn #1
sent reminder nv@x.vn T-0 #1
`,
		},
		{
			name: "not when the rule tells by mail too", tasks: []tasks.Task{dueToday(1, "noi-vu")}, chat: always(kicked),
			ledger: `failed reminder -7 T-0 #1 bot was kicked
sent failure vp@x.vn #1
sent reminder nv@x.vn T-0 #1
`,
		},
		{
			name: "not when the unit has no mail", tasks: []tasks.Task{dueToday(1, "tu-phap")}, chat: always(kicked),
			change: func(r *Rule) { chats(r); r.To = []string{"to"} },
			ledger: `failed reminder -9 T-0 #1 bot was kicked
sent failure vp@x.vn #1
`,
		},
		{
			name: "each step once, by the next fires too", tasks: []tasks.Task{task(1, "noi-vu", "trước ngày 4/7/2023")}, chat: always(kicked),
			change: func(r *Rule) { chats(r); r.Before, r.Cron = []int{4, 1}, "" }, until: "2023-07-03 18:00",
			ledger: `failed reminder -7 T-1 #1 bot was kicked
failed reminder -7 T-4 #1 bot was kicked
sent failure vp@x.vn #1
sent failure vp@x.vn #1
sent reminder nv@x.vn T-1 #1
sent reminder nv@x.vn T-4 #1
`,
		},
		{
			name: "when the mail fails too, the office hears of both", tasks: []tasks.Task{dueToday(1, "noi-vu")}, change: chats, chat: always(kicked),
			mail: func(_ int, o tasks.Outgoing) error {
				if o.Address == "nv@x.vn" {
					return &tasks.SendError{Outcome: tasks.Permanent, Err: errors.New("550 no such user")}
				}
				return nil
			},
			ledger: `failed reminder -7 T-0 #1 bot was kicked
failed reminder nv@x.vn T-0 #1 550 no such user
sent failure -100 #1
sent failure vp@x.vn #1
`,
		},
		{
			name: "only what is left of a long message", tasks: []tasks.Task{dueToday(1, "noi-vu"), dueToday(2, "noi-vu"), dueToday(3, "noi-vu")}, change: chats,
			chat: func(n int, _ tasks.Outgoing) error {
				if n > 1 {
					return kicked
				}
				return nil
			},
			ledger: `failed reminder -7 T-0 T-0 T-0 #1 bot was kicked
sent failure vp@x.vn #1
sent reminder nv@x.vn T-0 #1
`,
		},
		{
			name: "after three days of trying", tasks: []tasks.Task{dueToday(1, "noi-vu")}, until: "2023-07-03 12:00",
			change: func(r *Rule) { chats(r); r.OverdueEvery = 0 },
			chat: func(_ int, o tasks.Outgoing) error {
				if o.Address == "-7" {
					return &tasks.SendError{Outcome: tasks.Transient, Err: errors.New("400 unheard of")}
				}
				return nil
			},
			ledger: `failed reminder -7 T-0 #many gave up after 72h0m0s: 400 unheard of
sent failure vp@x.vn #1
sent failure vp@x.vn #1
sent reminder nv@x.vn T-0 #1
`,
		},
		{
			name: "at once when a quota is used up", tasks: []tasks.Task{dueToday(1, "noi-vu"), dueToday(2, "cac-phong")}, change: chats, until: "2023-06-30 07:40",
			chat: always(&tasks.SendError{Outcome: tasks.Transient, Spent: true, RetryAfter: time.Hour, Err: errors.New("out of quota")}),
			ledger: `failed reminder -7 T-0 T-0 #1 out of quota
sent failure vp@x.vn #1
sent reminder nv@x.vn T-0 T-0 #1
`,
		},
		{
			name: "who has no mail waits for the quota, and holds up nobody", tasks: []tasks.Task{dueToday(1, "noi-vu")}, until: "2023-06-30 09:00",
			change: func(r *Rule) { chats(r); r.To = []string{"to", RoleLead} },
			chat: func(n int, _ tasks.Outgoing) error {
				if time.Now().Before(instant("2023-06-30 08:00")) {
					return &tasks.SendError{Outcome: tasks.Transient, Spent: true, RetryAfter: time.Hour, Err: errors.New("out of quota")}
				}
				return nil
			},
			ledger: `failed reminder -7 T-0 #1 out of quota
sent failure vp@x.vn #1
sent reminder -9 T-0 #2
sent reminder nv@x.vn T-0 #1
`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := begin(t, []Rule{rule(t, "r", daily, tc.change)}, tc.tasks...)
				defer w.store.Close()
				w.telegram.answer, w.email.answer = tc.chat, tc.mail
				until := tc.until
				if until == "" {
					until = "2023-06-30 18:00"
				}
				w.runUntil(until)
				if got := sortLines(w.ledger()); got != tc.ledger {
					t.Errorf("ledger:\n%swant\n%s", got, tc.ledger)
				}
				failed, for_ := "", ""
				err := w.store.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
					if e.Delivery != nil && len(e.Instead) > 0 {
						failed = e.Delivery.ID + " " + strings.Join(e.Instead, " ")
					}
					if e.Delivery != nil && e.For != "" {
						for_ = e.For + " " + e.Delivery.ID
					}
					return nil
				})
				if err != nil || failed != for_ {
					t.Errorf("the ledger has %q in the place of %q, %v", for_, failed, err)
				}
			})
		})
	}
}

// A mail in the place of a chat message is sent again when a person asks for it,
// though the rule sends no mails, and not when the task is another's.
func TestByMailIsNotStale(t *testing.T) {
	t.Parallel()
	s := office(t, rule(t, "r", daily, func(r *Rule) { r.Channels = []tasks.Channel{tasks.Telegram} }))
	step := tasks.Step{Rule: "r", Key: tasks.Key{Plan: "p", No: "1"}, Name: "T-0", Due: day("30/6/2023"), Version: 1}
	for _, tc := range []struct {
		address, instead, lead string
		want                   string
	}{
		{"nv@x.vn", "another", "noi-vu", ""},
		{"nv@x.vn", "another", "tu-phap", noLongerTold},
		{"old@x.vn", "another", "noi-vu", noLongerTold},
		{"nv@x.vn", "", "noi-vu", noLongerTold},
	} {
		d := tasks.Delivery{For: tc.instead, Message: tasks.Message{Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "noi-vu", Address: tc.address}}}
		if got := s.Stale(d, step, task(1, tc.lead, "trước ngày 30/6/2023"), day("30/6/2023")); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
}

// TestAddressCorrected corrects an address in the config while a message waits
// for it.
func TestAddressCorrected(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		words  string // of the task's deadline
		cron   string
		mail   []string // the unit's addresses from 08:00 on
		broken string   // the address that does not work
		lead   string   // of the task from 08:00 on
		want   string
	}{
		{
			name: "the new one is told now", words: "thường xuyên", cron: "30 7 30 * *", mail: []string{"nv2@x.vn"}, broken: "nv@x.vn",
			want: "dropped reminder nv@x.vn progress 2023-06 #many p/1: the address has changed: it goes to nv2@x.vn\nsent reminder nv2@x.vn progress 2023-06 #1\n",
		},
		{
			name: "so are two", words: "trước ngày 30/6/2023", cron: daily, mail: []string{"a@x.vn", "b@x.vn"}, broken: "nv@x.vn",
			want: "dropped reminder nv@x.vn T-0 #many p/1: the address has changed: it goes to a@x.vn, b@x.vn\nsent reminder a@x.vn T-0 #1\nsent reminder b@x.vn T-0 #1\n",
		},
		{
			name: "one beside it is told at its time", words: "trước ngày 30/6/2023", cron: daily, mail: []string{"nv@x.vn", "b@x.vn"}, broken: "nv@x.vn",
			want: "",
		},
		{
			name: "there is none any more", words: "trước ngày 30/6/2023", cron: daily, broken: "nv@x.vn",
			want: "dropped reminder nv@x.vn T-0 #many p/1: the recipient is no longer told of the task\n",
		},
		{
			name: "the task is another's by then", words: "trước ngày 30/6/2023", cron: daily, mail: []string{"nv2@x.vn"}, broken: "nv@x.vn", lead: "cong-an",
			want: "dropped reminder nv@x.vn T-0 #many p/1: the recipient is no longer told of the task\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rules := []Rule{rule(t, "r", tc.cron, func(r *Rule) {
					r.Tasks, r.Channels = append(r.Tasks, tasks.Ongoing), []tasks.Channel{tasks.Email}
				})}
				w := begin(t, rules, task(1, "noi-vu", tc.words))
				defer w.store.Close()
				w.email.answer = func(_ int, o tasks.Outgoing) error {
					if o.Address == tc.broken {
						return &tasks.SendError{Outcome: tasks.Transient, Err: errors.New("451 mailbox full")}
					}
					return nil
				}
				w.runUntil("2023-06-30 10:00")
				if tc.lead != "" {
					_, err := w.store.Change(tasks.Key{Plan: "p", No: "1"}, tasks.Change{Action: "lead"}, time.Now(), func(t *tasks.Task) error {
						t.Lead = tasks.UnitRef{Code: tc.lead, Text: tc.lead}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				s := office(t, rules...)
				unit, _ := s.Units.Unit("noi-vu")
				unit.Addresses[tasks.Email] = tc.mail
				w.loop.Reload(s)
				w.runUntil("2023-06-30 10:01")
				var got strings.Builder
				for line := range strings.Lines(sortLines(w.ledger())) {
					if !strings.Contains(line, "failure") {
						got.WriteString(line)
					}
				}
				if got.String() != tc.want {
					t.Errorf("ledger:\n%swant\n%s", &got, tc.want)
				}
				w.runUntil("2023-06-30 18:00")
				for _, a := range tc.mail {
					if n := strings.Count(w.ledger(), "sent reminder "+a); n > 1 {
						t.Errorf("%s was told %d times", a, n)
					}
				}
			})
		})
	}
}
