package scheduler

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nhacviec/tasks"
)

func TestParseCron(t *testing.T) {
	t.Parallel()
	thursday := time.Date(2023, 6, 1, 0, 0, 0, 0, hoChiMinh)
	for _, tc := range []struct {
		expr  string
		next  string // after Thursday 1 June 2023, 00:00
		error string // part of it
	}{
		{expr: "30 7 * * MON-FRI", next: "2023-06-01 07:30"},
		{expr: "30 7 25 * *", next: "2023-06-25 07:30"},
		{expr: " 0  8 * * 1 ", next: "2023-06-05 08:00"},
		{expr: "0 8 * * 7", next: "2023-06-04 08:00"},
		{expr: "0 8 * * 1,7", next: "2023-06-04 08:00"},
		{expr: "0 8 * * 6-7", next: "2023-06-03 08:00"},
		{expr: "0 8 29 2 *", next: "2024-02-29 08:00"},
		{expr: "@daily", next: "2023-06-02 00:00"},
		{expr: "@every 1h", next: "2023-06-01 01:00"},
		{expr: "", error: "empty"},
		{expr: "TZ=Asia/Ho_Chi_Minh", error: "time zone"},
		{expr: "CRON_TZ=UTC 0 8 * * *", error: "time zone"},
		{expr: "tz=0", error: "time zone"},
		{expr: "0 8 31 2 *", error: "never comes"},
		{expr: ", 8 * * *", error: "empty element"},
		{expr: "0 8,,9 * * *", error: "empty element"},
		{expr: "0 8 * *", error: "4 fields"},
		{expr: "0 0 8 * * *", error: "6 fields"},
		{expr: "@every -1h", error: "at least one second"},
		{expr: "@every 500ms", error: "at least one second"},
		{expr: "@reboot", error: "reboot"},
		{expr: "61 8 * * *", error: "above maximum"},
		{expr: "0 8 * * Fri-Mon", error: "beyond"},
		{expr: "*/0 8 * * *", error: "step"},
		{expr: "30 7 * * MON-FRX", error: `the day-of-week "MON-FRX": "FRX" is not understood; it takes 0-7 or SUN-SAT`},
		{expr: "30 7 * JUNE 6-7", error: `the month "JUNE": "JUNE" is not understood; it takes 1-12 or JAN-DEC`},
		{expr: "30 24 * * *", error: `the hour "24": end of range (24) above maximum (23); it takes 0-23`},
	} {
		t.Run(tc.expr, func(t *testing.T) {
			t.Parallel()
			s, err := ParseCron(tc.expr)
			if tc.error != "" {
				if err == nil || !strings.Contains(err.Error(), tc.error) || strings.Contains(err.Error(), "strconv") {
					t.Fatalf("got error %v, want one with %q", err, tc.error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Next(thursday).Format("2006-01-02 15:04"); got != tc.next {
				t.Errorf("next = %s, want %s", got, tc.next)
			}
		})
	}
}

func FuzzParseCron(f *testing.F) {
	for _, seed := range []string{"30 7 * * MON-FRI", "TZ=", "CRON_TZ=UTC", "@every 1s", "* * * * 7-7", "? ? * * ?", "\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		s, err := ParseCron(expr)
		if err == nil && s.Next(time.Unix(0, 0).UTC()).IsZero() {
			t.Errorf("%q was accepted and never comes", expr)
		}
	})
}

// TestLastFire compares the window search with walking every instant. An
// interval has no phase of its own, so of "@every" only the bounds are compared.
func TestLastFire(t *testing.T) {
	t.Parallel()
	exprs := []string{"30 7 * * MON-FRI", "0 8 29 2 *", "*/7 * * * *", "0 0 1 * *", "0 9 * * SUN", "@every 90m"}
	rapid.Check(t, func(t *rapid.T) {
		expr := rapid.SampledFrom(exprs).Draw(t, "cron")
		s, err := ParseCron(expr)
		if err != nil {
			t.Fatal(err)
		}
		after := time.Date(2023, 1, 1, 0, 0, 0, 0, hoChiMinh).Add(time.Duration(rapid.IntRange(0, 500_000).Draw(t, "after")) * time.Second)
		now := after.Add(time.Duration(rapid.IntRange(0, 40*24*3600).Draw(t, "span")) * time.Second)
		var want time.Time
		for at := s.Next(after); !at.IsZero() && !at.After(now); at = s.Next(at) {
			want = at
		}
		got, ok := lastFire(s, after, now)
		if ok == want.IsZero() {
			t.Fatalf("found = %v, want instant %s", ok, want)
		}
		if ok && !strings.HasPrefix(expr, "@every") && !got.Equal(want) {
			t.Fatalf("last = %s, want %s", got, want)
		}
		if ok && (got.After(now) || !got.After(after)) {
			t.Fatalf("last = %s lies outside (%s, %s]", got, after, now)
		}
	})
}

// TestEveryLocalDateOnce walks daily schedules through fifty years of zones
// that move their clocks, by an hour, by half of one, at midnight and over a
// whole day: each date that there is has its fire, and one only.
func TestEveryLocalDateOnce(t *testing.T) {
	t.Parallel()
	from, to := 1985, 2035
	if underRace {
		from, to = 2010, 2013 // Samoa skips a day in it
	}
	for _, zone := range []string{"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Ho_Chi_Minh"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, expr := range []string{"30 2 * * *", "0 0 * * *", "15 2 * * *", "30 23 * * *", "30 7 * * *"} {
			s, err := ParseCron(expr)
			if err != nil {
				t.Fatal(err)
			}
			at := s.Next(time.Date(from, 1, 1, 12, 0, 0, 0, loc))
			last := tasks.DateOf(at)
			for at = s.Next(at); at.Year() < to; at = s.Next(at) {
				day := tasks.DateOf(at)
				skipped := zone == "Pacific/Apia" && day == tasks.DateOf(time.Date(2011, 12, 31, 12, 0, 0, 0, loc))
				if day != last+1 && !(skipped && day == last+2) {
					t.Errorf("%s %q: a fire on %s follows one on %s", zone, expr, day.Day(), last.Day())
				}
				last = day
			}
		}
	}
}
