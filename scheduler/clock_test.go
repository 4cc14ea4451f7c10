package scheduler

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// TestClock steps a wall clock against the time that has really passed.
func TestClock(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	start := instant("2023-06-30 07:00")
	type look struct {
		passed time.Duration // since the start, really
		shown  time.Duration // since the start, by the wall clock
		ok     bool
	}
	for _, tc := range []struct {
		name  string
		looks []look
	}{
		{"a clock that runs well", []look{{0, 0, true}, {day, day, true}, {400 * day, 400 * day, true}}},
		{"a start after a month", []look{{0, 30 * day, true}, {time.Hour, 30*day + time.Hour, true}}},
		{"a start a year ahead", []look{{0, 365 * day, false}, {time.Hour, 365*day + time.Hour, false}}},
		{"a step of an hour, of a day", []look{{0, 0, true}, {1, time.Hour, true}, {2, 25 * time.Hour, true}}},
		{"a step of two days, and back", []look{{0, 0, true}, {time.Hour, 49 * time.Hour, false}, {2 * time.Hour, 2 * time.Hour, true}}},
		{"a step back of a year, and right again", []look{{0, 0, true}, {time.Hour, -365 * day, true}, {2 * day, 2 * day, true}}},
		{"a start in 1970 that is set right", []look{{0, -53 * 365 * day, true}, {time.Minute, 3 * day, true}, {time.Hour, 6 * day, false}}},
	} {
		var passed time.Duration
		c := NewClock(start, func() time.Duration { return passed })
		for i, l := range tc.looks {
			passed = l.passed
			now := start.Add(l.shown)
			if got := c.Believed(now); got != l.ok {
				t.Errorf("%s: look %d: believed %v, want %v", tc.name, i, got, l.ok)
			}
			if got := c.Look(now) == 0; got != l.ok {
				t.Errorf("%s: look %d: believed %v on looking, want %v", tc.name, i, got, l.ok)
			}
		}
	}

	var passed time.Duration
	c := NewClock(start, func() time.Duration { return passed })
	c.Trust(start.Add(365 * day))
	if !c.Believed(start.Add(366 * day)) {
		t.Error("not believed though a person has looked")
	}
	if none := (*Clock)(nil); !none.Believed(start) || none.Look(start) != 0 {
		t.Error("without a clock everything is believed")
	}
}

// TestClockStepsWhileRunning moves the daemon's wall clock about: what is told,
// by day, is what an even clock would have told.
func TestClockStepsWhileRunning(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		walls []string // what the clock shows, half an hour of real time apart
		want  []string // day, step
	}{
		{
			name:  "an hour ahead and back: told once",
			walls: []string{"30/06 07:00", "30/06 08:30", "30/06 07:15", "30/06 07:30", "30/06 08:30"},
			want:  []string{"30/06 T-3"},
		},
		{
			name:  "a year ahead: nothing is told but the office; back: the real fire takes place",
			walls: []string{"30/06 07:00", "30/06/2024 07:20", "30/06/2024 07:50", "30/06 08:30"},
			want:  []string{"30/06/2024 failure", "30/06/2024 failure", "30/06 T-3"}, // the office has two addresses,
		},
		{
			name:  "four years back and right again: nothing twice, nothing missed",
			walls: []string{"30/06 07:00", "30/06 07:30", "30/06/2019 08:00", "01/07/2019 07:30", "30/06 09:00", "03/07 07:30"},
			want:  []string{"30/06 T-3", "03/07 T-0"},
		},
		{
			name:  "a day ahead: told with the days that the clock shows, and the next step comes",
			walls: []string{"29/06 07:00", "30/06 07:30", "29/06 08:30", "30/06 07:30", "03/07 07:30"},
			want:  []string{"30/06 T-3", "03/07 T-0"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var wall time.Time
				var passed time.Duration
				w := begin(t, []Rule{rule(t, "r", daily, func(r *Rule) { r.Before = []int{3, 0} })}, task(1, "tu-phap", "trước ngày 3/7/2023"))
				defer w.store.Close()
				for i, s := range tc.walls {
					if wall = wallClock(s); i == 0 {
						w.loop.clock = NewClock(wall, func() time.Duration { return passed })
						w.deliverer.Clock, w.deliverer.Now = w.loop.clock, func() time.Time { return wall }
					}
					if i > 0 && wall.Month() == time.July && wall.Year() == 2023 {
						passed += 72 * time.Hour // the steps alone are false, not the days
					}
					passed += 30 * time.Minute
					if _, err := w.loop.Pass(wall); err != nil {
						t.Fatal(err)
					}
					w.deliverer.Drain(context.Background())
				}
				got := []string{}
				for _, o := range slices.Concat(w.email.got, w.telegram.got) {
					day := o.At.Format("02/01/2006")
					if o.Kind == tasks.FailureNotice {
						o.Text = "x failure"
					}
					got = append(got, strings.TrimSuffix(day, "/2023")+" "+strings.Fields(o.Text)[1])
				}
				slices.Sort(got)
				if want := sorted(tc.want); !slices.Equal(got, want) {
					t.Errorf("told %q, want %q", got, want)
				}
			})
		})
	}
}

// wallClock reads "30/06 07:30", of 2023, or "30/06/2019 07:30".
func wallClock(s string) time.Time {
	for _, layout := range []string{"02/01/2006 15:04", "02/01 15:04"} {
		if at, err := time.ParseInLocation(layout, s, hoChiMinh); err == nil {
			if at.Year() == 0 {
				at = at.AddDate(2023, 0, 0)
			}
			return at
		}
	}
	panic(s)
}
