package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// warnOfUnits looks for units that are told twice, and for superiors that
// answer to each other.
func (c *checker) warnOfUnits(config *Config) {
	type mailbox struct {
		channel tasks.Channel
		address string
	}
	owner := map[mailbox]string{}
	for _, u := range config.Units.Units() {
		for _, ch := range tasks.Channels {
			for i, a := range u.Addresses[ch] {
				box := mailbox{ch, strings.ToLower(a)}
				if other, taken := owner[box]; taken && other != u.Code {
					c.warn(element(keyPath("units", u.Code)+"."+string(ch), i),
						fmt.Sprintf("is an address of %s too, so who reads it may get two messages at one instant; instead of the address let %s have members = [%q]", other, u.Code, other), a)
				}
				owner[box] = u.Code
			}
		}
	}
	if !slices.ContainsFunc(config.Setup.Rules, tellsSuperiors) {
		return
	}
	seen := map[string]bool{}
	for _, u := range config.Units.Units() {
		chain := []string{}
		for code := u.Code; code != "" && !seen[code]; {
			if i := slices.Index(chain, code); i >= 0 {
				c.warn(keyPath("units", code)+".superior", "these units answer to each other in a circle: "+strings.Join(append(chain[i:], code), " → "))
				break
			}
			chain = append(chain, code)
			above, _ := config.Units.Unit(code)
			code = above.Superior
		}
		for _, code := range chain {
			seen[code] = true
		}
	}
}

func tellsSuperiors(r scheduler.Rule) bool {
	return r.EscalateAfter > 0 || slices.Contains(r.To, scheduler.RoleSuperior)
}

// WarningsOn returns what the config hardly means, given the tasks that are
// stored and the day: years without holidays, make-up days on which nothing is
// sent, lead units that have no superior to tell.
func (c *Config) WarningsOn(today tasks.Date, stored []tasks.Task) []Problem {
	var open []tasks.Task
	for _, t := range stored {
		if t.Status == tasks.Open || t.Status == tasks.Reported {
			open = append(open, c.Units.Resolve(t))
		}
	}
	warnings := c.yearsWithoutHolidays(today, open)
	for _, r := range c.Setup.Rules {
		warnings = append(warnings, c.idleOn(r, today)...)
		warnings = append(warnings, c.withoutSuperior(r, open)...)
	}
	return warnings
}

// yearsWithoutHolidays looks at this year and the next: a year's holidays are
// announced at the end of the one before.
func (c *Config) yearsWithoutHolidays(today tasks.Date, open []tasks.Task) (warnings []Problem) {
	this, _, _ := today.Split()
	for year := this; year <= this+1; year++ {
		in := func(d tasks.Date) bool { y, _, _ := d.Split(); return y == year }
		if slices.ContainsFunc(slices.Collect(maps.Keys(c.Setup.Calendar.Holidays)), in) {
			continue
		}
		horizon := int(tasks.LastOfMonth(year, time.December) - today)
		due := 0
		for _, t := range open {
			if kind := t.Wants(); kind != tasks.Dated && kind != tasks.Periodic {
				continue
			}
			if slices.ContainsFunc(t.OpenDues(today, horizon), func(d tasks.Date) bool { return d >= today && in(d) }) {
				due++
			}
		}
		if due > 0 {
			warnings = append(warnings, c.problem("calendar.holidays",
				fmt.Sprintf("no holiday of %d is listed, and %s due in that year: reminders may fall on days off; add the holidays once they are announced", year, areDue(due))))
		}
	}
	return warnings
}

func areDue(n int) string {
	if n == 1 {
		return "1 task is"
	}
	return fmt.Sprintf("%d tasks are", n)
}

// idleOn looks for make-up days to come on which a rule that works through the
// week before and after does nothing: the steps of such a day come late.
func (c *Config) idleOn(r scheduler.Rule, today tasks.Date) []Problem {
	if r.AnyDay || len(r.Before) == 0 {
		return nil
	}
	cal := c.Setup.Calendar
	var days, weekday []string
	for _, d := range slices.Sorted(maps.Keys(cal.MakeUpDays)) {
		if d < today || firesOn(r, cal, d) || !firesOn(r, cal, cal.LastWorking(d-1)) || !firesOn(r, cal, cal.NextWorking(d+1)) {
			continue
		}
		days = append(days, d.Day())
		if name := strings.ToUpper(weekdays[d.Weekday()]); !slices.Contains(weekday, name) {
			weekday = append(weekday, name)
		}
	}
	if len(days) == 0 {
		return nil
	}
	return []Problem{c.problem(keyPath("rules", r.Name)+".cron", fmt.Sprintf(
		"does not fire on the make-up day %s, so what falls on such a day is told late; add %s to its days of the week: on an ordinary day off that fire waits for the next working day and is one with that day's",
		strings.Join(days, ", "), strings.Join(weekday, ",")), r.Cron)}
}

// firesOn reports whether a fire of a rule takes place on a working day: one of
// its own, or one of the days off before it.
func firesOn(r scheduler.Rule, cal scheduler.Calendar, d tasks.Date) bool {
	t := (cal.LastWorking(d-1) + 1).At(0, 0, cal.Location).Add(-time.Nanosecond)
	for {
		t = r.Schedule.Next(t)
		if t.IsZero() || tasks.DateOf(t) > d {
			return false
		}
		if tasks.DateOf(cal.Shift(t, false)) == d {
			return true
		}
	}
}

// withoutSuperior looks for lead units of whose delay nobody above is told. A
// unit that others answer to may be the highest.
func (c *Config) withoutSuperior(r scheduler.Rule, open []tasks.Task) []Problem {
	if !tellsSuperiors(r) {
		return nil
	}
	above := map[string]bool{}
	for _, u := range c.Units.Units() {
		above[u.Superior] = true
	}
	answers := func(u tasks.Unit) bool { return u.Superior != "" || above[u.Code] }
	alone := map[string]bool{}
	for _, t := range open {
		lead, known := c.Units.Unit(t.Lead.Code)
		if known && slices.Contains(r.Tasks, t.Wants()) && !answers(lead) && !slices.ContainsFunc(c.Units.Audience(lead.Code), answers) {
			alone[lead.Code] = true
		}
	}
	if len(alone) == 0 {
		return nil
	}
	key := keyPath("rules", r.Name) + ".escalate_after"
	if r.EscalateAfter == 0 {
		key = keyPath("rules", r.Name) + ".to"
	}
	return []Problem{c.problem(key, "these units lead tasks and have no superior to be told; give them the key superior, or tell another unit by a rule: "+
		strings.Join(slices.Sorted(maps.Keys(alone)), ", "))}
}
