package scheduler

import (
	"time"

	"nhacviec/tasks"
)

// TimeOfDay is a time on the wall, in minutes since midnight.
type TimeOfDay int

// Calendar says when the office works, in its own zone.
type Calendar struct {
	Location   *time.Location
	Workdays   [7]bool // by time.Weekday
	Holidays   map[tasks.Date]bool
	MakeUpDays map[tasks.Date]bool // worked although the weekday or a holiday says no
	QuietFrom  TimeOfDay           // no fire from here …
	QuietTo    TimeOfDay           // … to here, over midnight if smaller; equal: no quiet hours
}

// Works reports whether a day is worked.
func (c Calendar) Works(d tasks.Date) bool {
	return c.MakeUpDays[d] || c.Workdays[d.Weekday()] && !c.Holidays[d]
}

// maxDaysOff bounds the search for a working day, for a calendar without any.
const maxDaysOff = 60

// LastWorking returns d or the last working day before it.
func (c Calendar) LastWorking(d tasks.Date) tasks.Date {
	return c.seek(d, -1)
}

// NextWorking returns d or the first working day after it.
func (c Calendar) NextWorking(d tasks.Date) tasks.Date {
	return c.seek(d, +1)
}

func (c Calendar) seek(d tasks.Date, step tasks.Date) tasks.Date {
	for i := range tasks.Date(maxDaysOff) {
		if c.Works(d + i*step) {
			return d + i*step
		}
	}
	return d
}

// Shift returns the instant at which something meant for t may take place: not
// on a day off (the same hour of the next working day) unless anyDay, and not
// in quiet hours (their end).
func (c Calendar) Shift(t time.Time, anyDay bool) time.Time {
	t = t.In(c.Location)
	for range maxDaysOff {
		moved := c.afterQuiet(t)
		if day := tasks.DateOf(moved); !anyDay {
			if next := c.NextWorking(day); next != day {
				moved = c.sameHour(next, moved)
			}
		}
		if moved.Equal(t) {
			break
		}
		t = moved
	}
	return t
}

func (c Calendar) sameHour(day tasks.Date, t time.Time) time.Time {
	y, m, d := day.Split()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.Location)
}

// afterQuiet returns t, or the end of the quiet hours that t lies in.
func (c Calendar) afterQuiet(t time.Time) time.Time {
	if c.QuietFrom == c.QuietTo {
		return t
	}
	now, day := TimeOfDay(t.Hour()*60+t.Minute()), tasks.DateOf(t)
	end := func(d tasks.Date) time.Time {
		return d.At(int(c.QuietTo)/60, int(c.QuietTo)%60, c.Location)
	}
	overMidnight := c.QuietFrom > c.QuietTo
	switch {
	case overMidnight && now >= c.QuietFrom:
		return end(day + 1)
	case now < c.QuietTo && (overMidnight || now >= c.QuietFrom):
		return end(day)
	}
	return t
}
