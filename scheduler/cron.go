package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule gives the instants of a rule.
type Schedule interface {
	// Next returns the first instant after t, in t's zone.
	Next(t time.Time) time.Time
}

// ParseCron reads a cron expression of five fields, or a descriptor such as
// @daily or "@every 1h". The zone is the configured one: TZ= and CRON_TZ= are
// refused (robfig/cron panics on some of them). 7 is Sunday, as in crontab(5).
// An expression that never comes ("0 7 31 2 *") is an error.
func ParseCron(expr string) (Schedule, error) {
	text := strings.TrimSpace(expr)
	if text == "" {
		return nil, errors.New(`empty; want five fields such as "30 7 * * MON-FRI"`)
	}
	if upper := strings.ToUpper(text); strings.HasPrefix(upper, "TZ=") || strings.HasPrefix(upper, "CRON_TZ=") {
		return nil, errors.New("a time zone is not allowed here; the zone is the key timezone at the top of the config")
	}
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		d, err := time.ParseDuration(strings.TrimSpace(every))
		if err != nil || d < time.Second {
			return nil, errors.New(`"@every" needs a duration of at least one second, such as "@every 1h"`)
		}
		return cron.Every(d), nil
	}
	fields := strings.Fields(text)
	if !strings.HasPrefix(text, "@") {
		if len(fields) != 5 {
			return nil, fmt.Errorf("has %d fields; want 5: minute hour day-of-month month day-of-week", len(fields))
		}
		for i, f := range fields {
			if strings.Trim(f, ",") != f || strings.Contains(f, ",,") {
				return nil, fmt.Errorf("field %d (%q) has an empty element", i+1, f)
			}
		}
		fields[4] = sundayAsZero(fields[4])
	}
	s, err := parse(strings.Join(fields, " "))
	if err != nil {
		return nil, inWords(err, strings.Fields(text))
	}
	// 2000 is a leap year: the longest wait of a possible date is eight years.
	if s.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("names a date that never comes")
	}
	return wallSchedule{s}, nil
}

// wallSchedule reads a schedule off the clock on the wall: the library skips
// what falls into the hour that a change to summer time leaves out, and repeats
// what lies in the hour that the change back has twice. Here the first takes
// place as much later as the clock was moved, and the second once.
type wallSchedule struct{ Schedule }

func (s wallSchedule) Next(t time.Time) time.Time {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	for {
		if wall = s.Schedule.Next(wall); wall.IsZero() {
			return wall
		}
		if at := onWall(wall, t.Location()); at.After(t) {
			return at
		}
	}
}

// onWall returns the instant at which the wall clock of loc shows what wall
// shows in UTC: the first of two, and for none the one that a clock shows that
// was not moved.
func onWall(wall time.Time, loc *time.Location) time.Time {
	before, after := offset(wall.Add(-24*time.Hour), loc), offset(wall.Add(24*time.Hour), loc)
	first, second := wall.Add(-before).In(loc), wall.Add(-after).In(loc)
	if offset(first, loc) != before && offset(second, loc) == after {
		return second
	}
	return first
}

func offset(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}

// parse calls the library's parser, which panics on some malformed text.
func parse(text string) (s Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, errors.New("not a cron expression")
		}
	}()
	return cron.ParseStandard(text)
}

// cronFields are the fields in their order, and what may stand there.
var cronFields = [5]struct{ name, values string }{
	{"minute", "0-59"},
	{"hour", "0-23"},
	{"day-of-month", "1-31"},
	{"month", "1-12 or JAN-DEC"},
	{"day-of-week", "0-7 or SUN-SAT"},
}

// inWords puts what the library says of an expression into words: it names no
// field, and quotes Go's own errors.
func inWords(err error, fields []string) error {
	if len(fields) != len(cronFields) {
		return err // a descriptor
	}
	for i, f := range cronFields {
		alone := strings.Fields("* * * * *")
		alone[i] = fields[i]
		alone[4] = sundayAsZero(alone[4])
		_, err := parse(strings.Join(alone, " "))
		if err == nil {
			continue
		}
		reason, _, _ := strings.Cut(err.Error(), ": ")
		if word, ok := strings.CutPrefix(reason, "failed to parse int from "); ok {
			reason = fmt.Sprintf("%q is not understood", word)
		}
		return fmt.Errorf("the %s %q: %s; it takes %s", f.name, fields[i], reason, f.values)
	}
	return err
}

// sundayAsZero rewrites a day-of-week field so that 7 means Sunday: alone, in
// lists, and as the end of a range.
func sundayAsZero(field string) string {
	parts := strings.Split(field, ",")
	for i, p := range parts {
		switch {
		case p == "7":
			parts[i] = "0"
		case strings.HasSuffix(p, "-7"):
			first := strings.TrimSuffix(p, "-7")
			if first == "7" {
				parts[i] = "0"
			} else {
				parts[i] = first + "-6,0"
			}
		}
	}
	return strings.Join(parts, ",")
}

// lastFire returns the latest instant of s in (after, now], and false if there
// is none. Its cost does not grow with the number of instants in between: it
// looks back from now in doubling windows.
func lastFire(s Schedule, after, now time.Time) (time.Time, bool) {
	first := s.Next(after)
	if first.IsZero() || first.After(now) {
		return time.Time{}, false
	}
	last := first
	for window := time.Minute; ; window *= 2 {
		from := now.Add(-window)
		if !from.After(first) {
			break
		}
		if t := s.Next(from); !t.IsZero() && !t.After(now) {
			last = t
			break
		}
	}
	for {
		t := s.Next(last)
		if t.IsZero() || t.After(now) {
			return last, true
		}
		last = t
	}
}
