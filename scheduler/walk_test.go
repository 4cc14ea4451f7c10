package scheduler

import (
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// TestScheduleEdited edits a rule's schedule while the daemon is down, or, with
// no time in between, runs.
func TestScheduleEdited(t *testing.T) {
	t.Parallel()
	ongoing := func(r *Rule) { r.Tasks = []tasks.Kind{tasks.Ongoing} }
	report := func(r *Rule) { r.Tasks, r.To, r.Message = nil, []string{RoleOffice}, tasks.WeeklyReport }
	for _, tc := range []struct {
		name     string
		words    string // of the task's deadline
		change   func(*Rule)
		was, is  string
		down, up string
		until    string
		want     string
	}{
		{
			name: "down over the fire: told once, with its own days left", words: "trước ngày 3/7/2023", was: daily, is: "0 8 * * *",
			down: "2023-06-30 07:10", up: "2023-06-30 09:00", until: "2023-06-30 18:00",
			want: "09:00 sent reminder tp@x.vn T-1 #1\n",
		},
		{
			name: "down over many fires: one message", words: "trước ngày 14/7/2023", was: daily, is: "15 * * * *",
			down: "2023-06-30 12:00", up: "2023-07-12 09:00", until: "2023-07-12 18:00",
			want: "07:30 sent reminder tp@x.vn T-14 #1\n09:00 sent reminder tp@x.vn T-3 #1\n",
		},
		{
			name: "a month is not lost", words: "thường xuyên", change: ongoing, was: "30 7 25 * *", is: "30 7 3 * *",
			down: "2023-06-30 12:00", up: "2023-07-04 09:00", until: "2023-08-02 18:00",
			want: "09:00 sent reminder tp@x.vn progress 2023-07 #1\n",
		},
		{
			name: "what was told is not told again", words: "trước ngày 3/7/2023", was: daily, is: "0 9 * * *",
			down: "2023-06-30 10:00", up: "2023-06-30 10:00", until: "2023-06-30 18:00",
			want: "07:30 sent reminder tp@x.vn T-1 #1\n",
		},
		{
			name: "to a later hour of the day", words: "trước ngày 3/7/2023", was: daily, is: "0 16 * * *",
			down: "2023-06-30 07:10", up: "2023-06-30 07:10", until: "2023-06-30 18:00",
			want: "16:00 sent reminder tp@x.vn T-1 #1\n",
		},
		{
			name: "a report goes out once on its day", words: "trước ngày 3/7/2023", change: report, was: "0 8 * * FRI", is: "0 9 * * FRI",
			down: "2023-06-30 08:30", up: "2023-07-04 10:00", until: "2023-07-07 18:00",
			want: "08:00 sent report -100 #1\n08:00 sent report vp@x.vn #1\n09:00 sent report -100 #1\n09:00 sent report vp@x.vn #1\n",
		},
		{
			name: "a report that was missed is made up for", words: "trước ngày 3/7/2023", change: report, was: "0 8 * * FRI", is: "0 8 * * MON",
			down: "2023-06-30 12:00", up: "2023-07-04 10:00", until: "2023-07-05 18:00",
			want: "08:00 sent report -100 #1\n08:00 sent report vp@x.vn #1\n10:00 sent report -100 #1\n10:00 sent report vp@x.vn #1\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := begin(t, []Rule{rule(t, "r", tc.was, tc.change)}, task(1, "tu-phap", tc.words))
				w.runUntil(tc.down)
				path := w.store.Path()
				if err := w.store.Close(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(instant(tc.up)))
				w.open(path, []Rule{rule(t, "r", tc.is, tc.change)})
				defer w.store.Close()
				w.runUntil(tc.until)
				if got := sortLines(w.timed()); got != tc.want {
					t.Errorf("told\n%swant\n%s", got, tc.want)
				}
			})
		})
	}
}

// An edited schedule that is put back goes on from where the edited one was.
func TestScheduleEditedAndPutBack(t *testing.T) {
	t.Parallel()
	a, b := rule(t, "r", daily, nil), rule(t, "r", "0 9 * * *", nil)
	other := rule(t, "r2", daily, nil)
	c := cursors{a.cursor(): instant("2023-06-01 07:30"), b.cursor(): instant("2023-06-28 09:00"), other.cursor(): instant("2023-06-29 07:30")}
	c.adopt(office(t, a, other, rule(t, "new", daily, nil)), instant("2023-06-30 07:00"))
	if got, want := c[a.cursor()], instant("2023-06-28 09:00"); !got.Equal(want) {
		t.Errorf("goes on from %s, want %s", got, want)
	}
	if len(c) != 3 {
		t.Errorf("a rule that is new has a cursor: %v", c)
	}
}

// A start on a day off, with a fire missed, does not put off what is scheduled
// for that day off.
func TestStartOnADayOff(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ cron, last, now, want string }{
		{"0 9 * * SUN", "2023-07-03 09:00", "2023-07-16 14:30", "2023-07-17 09:00"}, // not at 14:30
		{"0 9 * * FRI", "2023-07-07 09:00", "2023-07-16 14:30", "2023-07-17 14:30"}, // nothing is scheduled for the weekend
		{"0 9 * * SAT", "2023-07-03 09:00", "2023-07-16 07:30", "2023-07-17 07:30"}, // what was missed comes first
		{"0 9 * * FRI", "2023-07-07 09:00", "2023-07-14 05:30", "2023-07-14 09:00"}, // a working day
		{"15 * * * *", "2023-07-14 17:15", "2023-07-15 14:30", "2023-07-17 07:00"},  // Shift of the Friday's evening
		{"* * * * *", "2023-07-03 09:00", "2023-07-16 14:30", "2023-07-17 07:00"},
	} {
		r := rule(t, "r", tc.cron, nil)
		s := office(t, r)
		s.Calendar.QuietFrom, s.Calendar.QuietTo = 18*60, 7*60
		c := cursors{r.cursor(): instant(tc.last)}
		if got, want := c.next(s, instant(tc.now)), instant(tc.want); !got.Equal(want) {
			t.Errorf("%s, last at %s: at %s the next is %s, want %s", tc.cron, tc.last, tc.now, got, want)
		}
	}
}
