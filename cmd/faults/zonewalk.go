//go:build linux

package main

import (
	"context"
	"errors"
	"time"

	"nhacviec/tasks"
)

// zoneWalk is a walk of the clock through days on which a zone does something
// odd: hours that do not exist, or come twice.
type zoneWalk struct {
	zone, cron string
	from       string // the first day
	days       int
	odd        string // the instant, in UTC, around which the clock goes in small steps; "" for none
	due        tasks.Date
	early      string // a time of day before the fire, "" if there is none
	late       string // and one after
}

func zoneWalks() []zoneWalk {
	return []zoneWalk{
		{zone: "Europe/Berlin", cron: "30 2 * * *", from: "2027-03-26", days: 4, odd: "2027-03-28 01:00", early: "01:00", late: "04:00"},          // 02:30 does not exist
		{zone: "Europe/Berlin", cron: "30 2 * * *", from: "2027-10-29", days: 4, odd: "2027-10-31 01:00", early: "01:00", late: "04:00"},          // twice
		{zone: "America/Sao_Paulo", cron: "0 0 * * *", from: "2018-11-02", days: 4, odd: "2018-11-04 03:00", late: "01:30"},                       // no midnight
		{zone: "America/Sao_Paulo", cron: "30 23 * * *", from: "2018-02-15", days: 4, odd: "2018-02-18 02:00", early: "12:00", late: "23:45"},     // 23:30 twice
		{zone: "Australia/Lord_Howe", cron: "15 2 * * *", from: "2027-10-01", days: 4, odd: "2027-10-02 15:30", early: "01:00", late: "04:00"},    // half an hour
		{zone: "Australia/Lord_Howe", cron: "45 1 * * *", from: "2027-04-02", days: 4, odd: "2027-04-03 15:00", early: "01:00", late: "04:00"},    // and back
		{zone: "Pacific/Apia", cron: everyDay, from: "2011-12-28", days: 5, odd: "2011-12-30 10:00", early: "06:00", late: "08:00"},               // no 30 December
		{zone: hcm, cron: everyDay, from: "2028-02-27", days: 4, due: tasks.DateOf(date(hcm, "2028-02-29 12:00")), early: "06:00", late: "08:00"}, // leap day
		{zone: hcm, cron: everyDay, from: "2027-12-30", days: 4, due: tasks.DateOf(date(hcm, "2027-12-31 12:00")), early: "06:00", late: "08:00"}, // year end
		{zone: hcm, cron: "0 0 * * *", from: "2028-02-27", days: 4, due: tasks.DateOf(date(hcm, "2028-03-01 12:00")), late: "00:30"},              // midnight of a leap day
	}
}

// walk visits every day before and after its fire.
func (w zoneWalk) walk(ctx context.Context, l *lab, name string, res *result) (err error) {
	first := date(w.zone, w.from+" "+w.late)
	c, err := l.openClocked(ctx, name, life{zone: w.zone, at: first, due: w.due, cron: w.cron}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	var odd time.Time
	if w.odd != "" {
		odd = date("UTC", w.odd)
	}
	last := first
	for i := 1; i <= w.days; i++ {
		today := tasks.DateOf(first) + tasks.Date(i)
		at := func(clock string) time.Time { return date(w.zone, today.String()+" "+clock) }
		if tasks.DateOf(at(w.late)) != today {
			continue // there is no such day
		}
		if w.early != "" {
			if err := c.visit(ctx, at(w.early), false); err != nil {
				return err
			}
		}
		// Through the odd hours in small steps; only the end of it is judged.
		for t := odd.Add(-50 * time.Minute); !odd.IsZero() && t.Before(odd.Add(80*time.Minute)); t = t.Add(10 * time.Minute) {
			if t.After(c.now) && t.After(last) && t.Before(at(w.late)) {
				from := len(c.log.bytes())
				if err := errors.Join(c.put(t), c.passed(ctx, from, t)); err != nil {
					return err
				}
				res.faults++
			}
		}
		last = at(w.late)
		if err := c.visit(ctx, last, true); err != nil {
			return err
		}
	}
	return c.end(ctx, d)
}
