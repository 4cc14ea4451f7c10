package scheduler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

const daily = "30 7 * * *"

// TestForecast describes who is told what and when, in the words of design's
// section on deadlines and messages: one situation a case.
func TestForecast(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		rules    func(t *testing.T) []Rule
		calendar func(*Calendar)
		tasks    []tasks.Task
		from, to string
		want     string
	}{
		{
			name:  "a step on a day off moves to the last working day before it",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", "30 7 * * MON-FRI", nil)} },
			tasks: []tasks.Task{task(21, "tu-phap", "trước ngày 15/7/2023")},
			from:  "2023-06-26 00:00", to: "2023-07-16 00:00",
			want: `
30/06 07:30 email tu-phap: 21 T-14 (15)
07/07 07:30 email tu-phap: 21 T-7 (8)
12/07 07:30 email tu-phap: 21 T-3 (3)
14/07 07:30 email tu-phap: 21 T-0 (1)`,
		},
		{
			name:  "a late import gets the current step with the true days left, never the older ones",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", daily, nil)} },
			tasks: []tasks.Task{task(1, "tu-phap", "trước ngày 30/6/2023")},
			from:  "2023-06-26 00:00", to: "2023-06-28 00:00",
			want: `
26/06 07:30 email tu-phap: 1 T-7 (4)
27/06 07:30 email tu-phap: 1 T-3 (3)`,
		},
		{
			name:  "overdue on the first day after and every overdue_every days; fires on days off wait",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", daily, nil)} },
			tasks: []tasks.Task{task(1, "tu-phap", "trước ngày 30/6/2023")},
			from:  "2023-06-30 00:00", to: "2023-07-25 00:00",
			want: `
30/06 07:30 email tu-phap: 1 T-0 (0)
03/07 07:30 email tu-phap: 1 overdue+1 (-3)
10/07 07:30 email tu-phap: 1 overdue+8 (-10)
17/07 07:30 email tu-phap: 1 overdue+15 (-17)
24/07 07:30 email tu-phap: 1 overdue+22 (-24)`,
		},
		{
			name: "on_days_off = send moves neither steps nor fires",
			rules: func(t *testing.T) []Rule {
				return []Rule{rule(t, "r", daily, func(r *Rule) { r.AnyDay = true; r.Before = []int{0} })}
			},
			tasks: []tasks.Task{task(1, "tu-phap", "trước ngày 1/7/2023")},
			from:  "2023-06-29 00:00", to: "2023-07-03 00:00",
			want: `
01/07 07:30 email tu-phap: 1 T-0 (0)
02/07 07:30 email tu-phap: 1 overdue+1 (-1)`,
		},
		{
			name:  "escalation adds the superior once the task is so many days overdue",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", daily, func(r *Rule) { r.EscalateAfter = 5 })} },
			tasks: []tasks.Task{task(1, "tu-phap", "trước ngày 3/7/2023")},
			from:  "2023-07-04 00:00", to: "2023-07-13 00:00",
			want: `
04/07 07:30 email tu-phap: 1 overdue+1 (-1)
10/07 07:30 email ubnd: 1 overdue+1 (-7)
11/07 07:30 email tu-phap: 1 overdue+8 (-8)
11/07 07:30 email ubnd: 1 overdue+8 (-8)`,
		},
		{
			name: "all steps of one recipient at one instant are one message, worst first, whatever their rules",
			rules: func(t *testing.T) []Rule {
				return []Rule{
					rule(t, "han", daily, nil),
					rule(t, "thang", "30 7 25 * *", func(r *Rule) { r.Tasks = []tasks.Kind{tasks.Ongoing} }),
				}
			},
			tasks: []tasks.Task{
				task(1, "noi-vu", "Thực hiện thường xuyên"), task(2, "noi-vu", "trước ngày 1/8/2023"), task(3, "noi-vu", "trước ngày 24/7/2023"),
			},
			from: "2023-07-25 00:00", to: "2023-07-25 12:00",
			want: `
25/07 07:30 email noi-vu: 3 overdue+1 (-1) 2 T-7 (7) 1 progress 2023-07
25/07 07:30 telegram noi-vu: 3 overdue+1 (-1) 2 T-7 (7) 1 progress 2023-07`,
		},
		{
			name: "ongoing tasks from their from date on; a dated one that goes on only when its date is done",
			rules: func(t *testing.T) []Rule {
				return []Rule{rule(t, "thang", "30 7 25 * *", func(r *Rule) { r.Tasks = []tasks.Kind{tasks.Ongoing} })}
			},
			tasks: []tasks.Task{
				task(1, "tu-phap", "Từ tháng 7/2023 và thực hiện thường xuyên"),
				task(2, "tu-phap", "trước ngày 30/6/2023 và duy trì thường xuyên"),
				func() tasks.Task {
					t := task(3, "tu-phap", "trước ngày 30/6/2023 và duy trì thường xuyên")
					t.DoneThrough = day("30/6/2023")
					return t
				}(),
			},
			from: "2023-06-20 00:00", to: "2023-08-01 00:00",
			want: `
26/06 07:30 email tu-phap: 3 progress 2023-06
25/07 07:30 email tu-phap: 1 progress 2023-07 3 progress 2023-07`,
		},
		{
			name: "awaiting tasks are put to the office once a month",
			rules: func(t *testing.T) []Rule {
				return []Rule{rule(t, "cho", "0 8 * * MON", func(r *Rule) { r.Tasks = []tasks.Kind{tasks.Awaiting}; r.To = []string{RoleOffice} })}
			},
			tasks: []tasks.Task{task(46, "noi-vu", "Sau khi có hướng dẫn của Bộ")},
			from:  "2023-06-20 00:00", to: "2023-07-12 00:00",
			want: `
26/06 08:00 email van-phong: 46 date-wanted 2023-06
26/06 08:00 telegram van-phong: 46 date-wanted 2023-06
03/07 08:00 email van-phong: 46 date-wanted 2023-07
03/07 08:00 telegram van-phong: 46 date-wanted 2023-07`,
		},
		{
			name: "a group is told member by member, and a unit's code names somebody told of everything",
			rules: func(t *testing.T) []Rule {
				return []Rule{rule(t, "r", daily, func(r *Rule) { r.To = []string{RoleLead, "to"} })}
			},
			tasks: []tasks.Task{task(60, "cac-phong", "trước ngày 30/6/2023")},
			from:  "2023-06-30 00:00", to: "2023-06-30 12:00",
			want: `
30/06 07:30 email noi-vu: 60 T-0 (0)
30/06 07:30 email tu-phap: 60 T-0 (0)
30/06 07:30 telegram noi-vu: 60 T-0 (0)
30/06 07:30 telegram to: 60 T-0 (0)`,
		},
		{
			name: "several phases are each reminded of",
			rules: func(t *testing.T) []Rule {
				return []Rule{rule(t, "r", daily, func(r *Rule) { r.Before = []int{1}; r.OverdueEvery = 30 })}
			},
			tasks: []tasks.Task{task(1, "tu-phap", "Lần 1 trước ngày 12/7/2023; lần 2 trước ngày 14/7/2023")},
			from:  "2023-07-10 00:00", to: "2023-07-15 00:00",
			want: `
11/07 07:30 email tu-phap: 1 T-1 (1)
13/07 07:30 email tu-phap: 1 overdue+1 (-1) 1 T-1 (1)`,
		},
		{
			name: "of a periodic task only the latest past date counts",
			rules: func(t *testing.T) []Rule {
				return []Rule{rule(t, "r", daily, func(r *Rule) { r.Before = []int{0}; r.OverdueEvery = 60 })}
			},
			tasks: []tasks.Task{task(1, "tu-phap", "Trước ngày 25 hằng tháng")},
			from:  "2023-06-20 00:00", to: "2023-08-28 00:00",
			want: `
23/06 07:30 email tu-phap: 1 T-0 (2)
26/06 07:30 email tu-phap: 1 overdue+1 (-1)
25/07 07:30 email tu-phap: 1 T-0 (0)
26/07 07:30 email tu-phap: 1 overdue+1 (-1)
25/08 07:30 email tu-phap: 1 T-0 (0)`,
		},
		{
			name:  "a fire in quiet hours waits for their end; make-up days are worked; holidays are not",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", "0 5 * * *", nil)} },
			calendar: func(c *Calendar) {
				c.QuietFrom, c.QuietTo = 18*60, 7*60
				c.MakeUpDays[day("1/7/2023")] = true
				c.Holidays[day("30/6/2023")] = true
			},
			tasks: []tasks.Task{task(1, "tu-phap", "trước ngày 29/6/2023"), task(2, "noi-vu", "trước ngày 30/6/2023")},
			from:  "2023-06-29 00:00", to: "2023-07-02 00:00",
			want: `
29/06 07:00 email noi-vu: 2 T-0 (1)
29/06 07:00 email tu-phap: 1 T-0 (0)
29/06 07:00 telegram noi-vu: 2 T-0 (1)
01/07 07:00 email noi-vu: 2 overdue+1 (-1)
01/07 07:00 email tu-phap: 1 overdue+1 (-2)
01/07 07:00 telegram noi-vu: 2 overdue+1 (-1)`,
		},
		{
			name: "what needs review is told to the office once, the weekly report every week",
			rules: func(t *testing.T) []Rule {
				office := func(kind tasks.MessageKind) func(*Rule) {
					return func(r *Rule) {
						*r = Rule{Name: r.Name, Cron: r.Cron, Schedule: r.Schedule, Message: kind, Channels: []tasks.Channel{tasks.Email}}
					}
				}
				return []Rule{rule(t, "review", daily, office(tasks.ReviewNotice)), rule(t, "report", "30 16 * * FRI", office(tasks.WeeklyReport))}
			},
			tasks: []tasks.Task{task(1, "tu-phap", "Nội dung trọng tâm"), task(2, "tu-phap", "trước 31/3/2023"), task(3, "khong-dia-chi", "trước 30/6/2023")},
			from:  "2023-06-05 00:00", to: "2023-06-17 00:00",
			want: `
05/06 07:30 review email van-phong: 1 deadline_unknown 2 deadline_past 3 unit_no_address
09/06 16:30 report email van-phong:
16/06 16:30 report email van-phong:`,
		},
		{
			name:  "nothing for tasks that are done, held, reported, or past when they were recorded",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", daily, nil)} },
			tasks: func() []tasks.Task {
				past, held, reported := task(1, "tu-phap", "trước 31/3/2023"), task(2, "tu-phap", "trước 30/6/2023"), task(3, "tu-phap", "trước 30/6/2023")
				held.Status, reported.Status = tasks.Held, tasks.Reported
				return []tasks.Task{past, held, reported}
			}(),
			from: "2023-06-05 00:00", to: "2023-12-31 00:00",
			want: "",
		},
		{
			name:  "one that was past is reminded of once it is confirmed",
			rules: func(t *testing.T) []Rule { return []Rule{rule(t, "r", daily, nil)} },
			tasks: func() []tasks.Task {
				past := task(1, "tu-phap", "trước 31/3/2023")
				past.Confirmed = true
				return []tasks.Task{past}
			}(),
			from: "2023-06-05 00:00", to: "2023-06-06 00:00",
			want: `
05/06 07:30 email tu-phap: 1 overdue+64 (-66)`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := office(t, tc.rules(t)...)
			if tc.calendar != nil {
				tc.calendar(&s.Calendar)
			}
			got := brief(Forecast(tc.tasks, s, nil, instant(tc.from), instant(tc.to)))
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), strings.TrimSuffix(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestForecastRepeatsNothing forecasts from what was already sent.
func TestForecastRepeatsNothing(t *testing.T) {
	t.Parallel()
	s := office(t, rule(t, "r", daily, nil))
	tt := []tasks.Task{task(1, "tu-phap", "trước ngày 30/6/2023"), task(2, "noi-vu", "Hằng tháng")}
	all := Forecast(tt, s, nil, instant("2023-06-05 00:00"), instant("2023-08-01 00:00"))
	sent := tasks.Sent{}
	for _, m := range all {
		sent.Add(m)
	}
	if again := Forecast(tt, s, sent, instant("2023-06-05 00:00"), instant("2023-08-01 00:00")); len(all) == 0 || len(again) != 0 {
		t.Errorf("first %d messages, again %d, want some and none:\n%s", len(all), len(again), brief(again))
	}
	// A recipient added later gets the current step, not the past ones.
	s.Rules[0].To = append(s.Rules[0].To, "cong-an")
	late := Forecast(tt[:1], s, sent, instant("2023-07-31 00:00"), instant("2023-07-31 12:00"))
	if got, want := brief(late), "31/07 07:30 email cong-an: 1 overdue+29 (-31)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func BenchmarkForecastYear(b *testing.B) {
	s := office(b, rule(b, "r", "30 7 * * MON-FRI", nil))
	var tt []tasks.Task
	for i := range 68 {
		tt = append(tt, task(i+1, "tu-phap", "trước ngày 30/6/2023"))
	}
	from := instant("2023-06-05 00:00")
	for b.Loop() {
		Forecast(tt, s, nil, from, from.AddDate(1, 0, 0).Add(-time.Second))
	}
}

// TestNobodyTold: the office hears of a task that no rule tells its lead of,
// once, and of no other.
func TestNobodyTold(t *testing.T) {
	t.Parallel()
	const dated = "trước ngày 30/6/2023"
	for _, tc := range []struct {
		name   string
		change func(*Rule, *Setup)
		want   []string
	}{
		{"the rule's channels reach all but one", func(r *Rule, _ *Setup) { r.Channels = []tasks.Channel{tasks.Telegram} }, []string{"1 nobody_told"}},
		{"the channel is not configured", func(_ *Rule, s *Setup) { s.Channels = []tasks.Channel{tasks.Telegram} }, []string{"1 nobody_told"}},
		{"no rule for the kind", func(r *Rule, _ *Setup) { r.Tasks = []tasks.Kind{tasks.Ongoing} }, []string{"1 nobody_told", "2 nobody_told"}},
		{"a rule for the chat that all share", func(r *Rule, _ *Setup) { r.To = []string{"to"} }, nil},
		{"all is well", func(*Rule, *Setup) {}, nil},
	} {
		s := office(t, rule(t, "r", daily, nil))
		tc.change(&s.Rules[0], &s)
		s.Units.Reach(s.Reaches)
		review := Rule{Name: "review", Cron: daily, Schedule: s.Rules[0].Schedule, Channels: tasks.Channels, Message: tasks.ReviewNotice}
		s.Rules = append(s.Rules, review)
		tt := []tasks.Task{task(1, "tu-phap", dated), task(2, "noi-vu", dated)}
		var got []string
		for _, m := range Plan(tt, []Fire{{review, instant("2023-06-16 07:30")}}, s, tasks.Sent{}, instant("2023-06-16 07:30")) {
			if m.Channel == tasks.Telegram {
				for _, item := range m.Review {
					got = append(got, string(item.No)+" "+item.Reason)
				}
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: the office hears %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestExplainFromNow: what is explained for today lies ahead.
func TestExplainFromNow(t *testing.T) {
	t.Parallel()
	s := office(t, rule(t, "r", "@every 1s", nil))
	now := instant("2023-06-30 09:10")
	got := Explain(task(1, "tu-phap", "trước ngày 3/7/2023"), s, tasks.Sent{}, day("30/6/2023"), now)
	if len(got.Next) == 0 || got.Next[0].At.Before(now) {
		t.Errorf("next: %s, want nothing before %s", brief(got.Next), now)
	}
	later := Explain(task(1, "tu-phap", "trước ngày 3/7/2023"), s, tasks.Sent{}, day("3/7/2023"), now)
	if len(later.Next) == 0 || tasks.DateOf(later.Next[0].At) != day("3/7/2023") {
		t.Errorf("on another day: %s", brief(later.Next))
	}
}
