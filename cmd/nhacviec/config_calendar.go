package main

import (
	"fmt"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // by time.Weekday

// calendar checks the [calendar] table.
func (c *checker) calendar(t calendarTable, loc *time.Location) scheduler.Calendar {
	cal := scheduler.Calendar{
		Location:   loc,
		Workdays:   [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true},
		Holidays:   c.days("calendar.holidays", t.Holidays),
		MakeUpDays: c.days("calendar.make_up_days", t.MakeUpDays),
	}
	if path := "calendar.workdays"; c.given(path) {
		cal.Workdays = [7]bool{}
		if len(t.Workdays) == 0 {
			c.refuse(path, "must name at least one day; nothing would ever be sent")
		}
		c.distinct(path, t.Workdays)
		for i, name := range t.Workdays {
			if c.refused[element(path, i)] || !c.oneOf(element(path, i), name, weekdays) {
				continue
			}
			for day, w := range weekdays {
				cal.Workdays[day] = cal.Workdays[day] || w == name
			}
		}
	}
	for i, text := range t.MakeUpDays {
		if d, err := tasks.ParseDay(text); err == nil && cal.Holidays[d] {
			c.refuse(element("calendar.make_up_days", i), "is among the holidays too", text)
		}
	}
	cal.QuietFrom, cal.QuietTo = c.quiet(t.Quiet)
	return cal
}

func (c *checker) days(path string, texts []string) map[tasks.Date]bool {
	days := map[tasks.Date]bool{}
	for i, text := range texts {
		p := element(path, i)
		if c.refused[p] {
			continue
		}
		d, err := tasks.ParseDay(text)
		switch {
		case err != nil:
			c.refuse(p, `must be a date that exists, written "02/09/2023"`, text)
		case days[d]:
			c.refuse(p, "is listed twice", text)
		}
		days[d] = true
	}
	return days
}

// quiet returns the quiet hours; two equal times mean none, which a file says
// with [].
func (c *checker) quiet(times []string) (from, to scheduler.TimeOfDay) {
	const path = "calendar.quiet"
	if !c.given(path) || len(times) == 0 {
		return 0, 0
	}
	if len(times) != 2 {
		c.refuse(path, `must be two times, ["18:00", "07:00"], or [] for none`, fmt.Sprint(times))
		return 0, 0
	}
	var ends [2]scheduler.TimeOfDay
	for i, text := range times {
		ends[i] = c.timeOfDay(element(path, i), text)
	}
	if times[0] == times[1] && !c.refused[element(path, 0)] {
		c.refuse(path, "two equal times say nothing; [] means no quiet hours", fmt.Sprint(times))
	}
	return ends[0], ends[1]
}

func (c *checker) timeOfDay(path, text string) scheduler.TimeOfDay {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("07:30") {
		c.refuse(path, `must be a time of day written "07:30"`, text)
		return 0
	}
	return scheduler.TimeOfDay(t.Hour()*60 + t.Minute())
}
