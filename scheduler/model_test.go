package scheduler

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
)

// The model: what the office has been promised, in plain maps, written from the
// words of the promise and of the planning rules and not from the code. Of the
// product it uses names, dates and instants only.

// modelConfig is a config as the model reads it.
type modelConfig struct {
	rules []modelRule
	units map[string]modelUnit
	off   []tasks.Date // holidays
	extra []tasks.Date // make-up days
	quiet bool         // from 18:00 to 07:00
}

type modelRule struct {
	name            string
	hour, minute    int
	weekday         time.Weekday // -1: any
	monthday        int          // 0: any
	kinds           []tasks.Kind
	to              []string
	before          []int
	every, escalate int
	anyDay          bool
}

type modelUnit struct {
	name      string
	addresses map[tasks.Channel]string
	superior  string
	members   []string
}

func (r modelRule) cron() string {
	weekday, monthday := "*", "*"
	if r.weekday >= 0 {
		weekday = strconv.Itoa(int(r.weekday))
	}
	if r.monthday > 0 {
		monthday = strconv.Itoa(r.monthday)
	}
	return fmt.Sprintf("%d %d %s * %s", r.minute, r.hour, monthday, weekday)
}

func (r modelRule) firesOn(d tasks.Date) bool {
	_, _, monthday := d.Split()
	return (r.weekday < 0 || d.Weekday() == r.weekday) && (r.monthday == 0 || monthday == r.monthday)
}

// setup returns the config as the product takes it.
func (c modelConfig) setup(t testing.TB) Setup {
	var units []tasks.Unit
	for _, code := range modelUnits {
		u := c.units[code]
		unit := tasks.Unit{Code: code, Name: u.name, Superior: u.superior, Members: u.members, Addresses: map[tasks.Channel][]string{}}
		for ch, a := range u.addresses {
			unit.Addresses[ch] = []string{a}
		}
		units = append(units, unit)
	}
	dir, problems := tasks.NewDirectory(units)
	if len(problems) > 0 {
		panic(problems)
	}
	s := Setup{Units: dir, Office: tasks.Office{Unit: "van-phong"}, Channels: tasks.Channels,
		Calendar: Calendar{Location: hoChiMinh, Workdays: officeWeek, Holidays: map[tasks.Date]bool{}, MakeUpDays: map[tasks.Date]bool{}}}
	for _, d := range c.off {
		s.Calendar.Holidays[d] = true
	}
	for _, d := range c.extra {
		s.Calendar.MakeUpDays[d] = true
	}
	if c.quiet {
		s.Calendar.QuietFrom, s.Calendar.QuietTo = 18*60, 7*60
	}
	for _, r := range c.rules {
		s.Rules = append(s.Rules, rule(t, r.name, r.cron(), func(p *Rule) {
			p.Tasks, p.To, p.Before, p.OverdueEvery, p.EscalateAfter, p.AnyDay = r.kinds, r.to, r.before, r.every, r.escalate, r.anyDay
		}))
	}
	return s
}

// dayOf returns the day of an instant in the office's zone.
func dayOf(at time.Time) tasks.Date { return tasks.DateOf(at.In(hoChiMinh)) }

func (c modelConfig) worked(d tasks.Date) bool {
	if slices.Contains(c.extra, d) {
		return true
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && !slices.Contains(c.off, d)
}

// open reports whether a rule may fire at all at an instant.
func (c modelConfig) open(r modelRule, at time.Time) bool {
	hour := at.In(hoChiMinh).Hour()
	return !(c.quiet && (hour >= 18 || hour < 7)) && (r.anyDay || c.worked(dayOf(at)))
}

// takesPlace returns when what is scheduled for an instant is to be done: on a
// day off at the same hour of the next working day. No rule of the model is
// scheduled for a quiet hour.
func (c modelConfig) takesPlace(r modelRule, scheduled time.Time) time.Time {
	for d := dayOf(scheduled); ; d++ {
		if r.anyDay || c.worked(d) {
			return d.At(r.hour, r.minute, hoChiMinh)
		}
	}
}

// fire returns the latest instant of a rule's schedule behind last that is to be
// handled at now; those before it are one with it.
func (c modelConfig) fire(r modelRule, last, now time.Time) (time.Time, bool) {
	if !c.open(r, now) {
		return time.Time{}, false
	}
	for d := dayOf(now); d >= dayOf(last); d-- {
		at := d.At(r.hour, r.minute, hoChiMinh)
		if r.firesOn(d) && at.After(last) && !c.takesPlace(r, at).After(now) {
			return at, true
		}
	}
	return time.Time{}, false
}

// modelStep is one step of a task: series and rank order it among those that
// supersede one another.
type modelStep struct {
	name   string
	series string
	rank   int
	due    tasks.Date
}

func beforeStep(due tasks.Date, n int) modelStep {
	return modelStep{fmt.Sprintf("T-%d", n), due.String(), -n, due}
}

func overdueStep(due tasks.Date, n int) modelStep {
	return modelStep{fmt.Sprintf("overdue+%d", n), due.String(), n, due}
}

// steps returns the most urgent ripe step of each due date of a task, or the one
// of the month.
func (c modelConfig) steps(r modelRule, t *modelTask, scheduled time.Time, today tasks.Date) []modelStep {
	month := dayOf(scheduled).String()[:7]
	rank, _ := strconv.Atoi(strings.ReplaceAll(month, "-", ""))
	switch t.wants() {
	case tasks.Ongoing:
		return []modelStep{{name: "progress " + month, series: "progress", rank: rank}}
	case tasks.Awaiting:
		return []modelStep{{name: "date-wanted " + month, series: "date-wanted", rank: rank}}
	}
	var out []modelStep
	for _, due := range t.open() {
		var ripe []modelStep
		for _, n := range r.before {
			date := due - tasks.Date(n)
			for !r.anyDay && !c.worked(date) {
				date--
			}
			if date <= today {
				ripe = append(ripe, beforeStep(due, n))
			}
		}
		for n := 1; r.every > 0 && due+tasks.Date(n) <= today; n += r.every {
			ripe = append(ripe, overdueStep(due, n))
		}
		if len(ripe) > 0 {
			out = append(out, slices.MaxFunc(ripe, func(a, b modelStep) int { return a.rank - b.rank }))
		}
	}
	return out
}

// told returns who is told of a step of a task by a rule on a day.
func (c modelConfig) told(r modelRule, t *modelTask, due, today tasks.Date) map[tasks.Recipient]bool {
	out := map[tasks.Recipient]bool{}
	var tell func(code string)
	tell = func(code string) {
		for ch, a := range c.units[code].addresses {
			out[tasks.Recipient{Channel: ch, Unit: code, Address: a}] = true
		}
		for _, m := range c.units[code].members {
			tell(m)
		}
	}
	superiors := func() {
		for _, code := range append(slices.Clone(c.units[t.lead].members), t.lead) {
			if up := c.units[code].superior; up != "" {
				tell(up)
			}
		}
	}
	for _, to := range r.to {
		switch to {
		case "lead":
			tell(t.lead)
		case "coordinating":
			for _, code := range t.coordinating {
				tell(code)
			}
		case "superior":
			superiors()
		case "office":
			tell("van-phong")
		default:
			tell(to)
		}
	}
	if r.escalate > 0 && due != 0 && int(today-due) >= r.escalate {
		superiors()
	}
	return out
}

// modelTime is what a plan says about time.
type modelTime struct {
	kind    tasks.Kind
	due     []tasks.Date
	ongoing bool
}

func (m modelTime) same(o modelTime) bool {
	return m.kind == o.kind && m.ongoing == o.ongoing && slices.Equal(m.due, o.due)
}

// words returns the deadline as a plan's table has it.
func (m modelTime) words() string {
	var dates []string
	for _, d := range m.due {
		dates = append(dates, "trước ngày "+d.Day())
	}
	list := strings.Join(dates, " và ")
	switch {
	case m.kind == tasks.Dated && m.ongoing:
		return "hoàn thành " + list + " và duy trì thường xuyên"
	case m.kind == tasks.Dated:
		return list
	case m.kind == tasks.Ongoing:
		return "thường xuyên"
	case m.kind == tasks.Awaiting:
		return "sau khi có hướng dẫn"
	}
	return "31/6/2023"
}

// modelRow is a row of the plan's file.
type modelRow struct {
	no           tasks.Number
	lead         string
	coordinating []string
	time         modelTime
}

// modelTask is a task as it stands.
type modelTask struct {
	lead, fileLead string
	leadByHand     bool
	coordinating   []string

	modelTime
	words      string // the file's
	timeByHand bool
	version    int
	recorded   tasks.Date // the day of the deadline
	confirmed  bool
	doneTo     tasks.Date

	status, was tasks.Status
	changed     time.Time
}

// open returns the due dates of which somebody may be reminded.
func (t *modelTask) open() []tasks.Date {
	return slices.DeleteFunc(slices.Clone(t.due), func(d tasks.Date) bool {
		return d <= t.doneTo || d < t.recorded && !t.confirmed
	})
}

// next returns the place of the first due date that is not done, or -1.
func (t *modelTask) next() int {
	return slices.IndexFunc(t.due, func(d tasks.Date) bool { return d > t.doneTo })
}

// wants returns the kind of reminding that a task asks for, "" for none.
func (t *modelTask) wants() tasks.Kind {
	switch {
	case t.status != tasks.Open || t.kind == tasks.Unknown:
		return ""
	case t.kind != tasks.Dated:
		return t.kind
	case len(t.open()) > 0:
		return tasks.Dated
	case t.ongoing && t.next() < 0:
		return tasks.Ongoing
	}
	return ""
}

// do changes the task as a person asks, or reports that it cannot be.
func (t *modelTask) do(action tasks.Action, date tasks.Date, unit string, today tasks.Date) bool {
	is := func(ok ...tasks.Status) bool { return slices.Contains(ok, t.status) }
	alive := is(tasks.Open, tasks.Reported, tasks.Held)
	next := t.next()
	switch action {
	case tasks.ActReport:
		if !is(tasks.Open) {
			return false
		}
		t.status = tasks.Reported
	case tasks.ActHold:
		if !is(tasks.Open, tasks.Reported) {
			return false
		}
		t.status = tasks.Held
	case tasks.ActDone:
		if !alive {
			return false
		}
		t.status = tasks.Done
		if t.kind == tasks.Dated && next >= 0 {
			t.doneTo = t.due[next]
			if t.ongoing || next+1 < len(t.due) {
				t.status = tasks.Open
			}
		}
	case tasks.ActReopen:
		if !is(tasks.Done, tasks.Reported, tasks.Held) {
			return false
		}
		if n := len(t.due); t.status == tasks.Done && n > 0 {
			t.doneTo = 0
			if n > 1 {
				t.doneTo = t.due[n-2]
			}
		}
		t.status = tasks.Open
	case tasks.ActConfirm:
		if t.kind == tasks.Unknown || t.confirmed {
			return false
		}
		t.confirmed = true
	case tasks.ActExtend:
		if !alive || t.kind != tasks.Dated || next < 0 || date <= t.due[next] || next+1 < len(t.due) && date >= t.due[next+1] {
			return false
		}
		t.due = slices.Clone(t.due)
		t.due[next] = date
		t.byHand(today)
		if t.status == tasks.Reported {
			t.status = tasks.Open
		}
	case tasks.ActDue:
		if !alive || t.timeByHand && slices.Equal(t.due, []tasks.Date{date}) {
			return false
		}
		t.modelTime = modelTime{kind: tasks.Dated, due: []tasks.Date{date}, ongoing: t.ongoing && t.kind == tasks.Dated}
		t.byHand(today)
		t.doneTo = 0
	case tasks.ActLead:
		if !alive || t.lead == unit {
			return false
		}
		if !t.leadByHand {
			t.fileLead = t.lead
		}
		t.lead, t.leadByHand = unit, unit != t.fileLead
	}
	return true
}

// byHand: a person's deadline is a new version and stands, past or not.
func (t *modelTask) byHand(today tasks.Date) {
	t.timeByHand, t.confirmed, t.recorded = true, true, today
	t.version++
}

// read lays the plan's file, read anew, over the tasks.
func (b *book) read(rows []modelRow, today tasks.Date, now time.Time) {
	in := map[tasks.Number]bool{}
	for _, r := range rows {
		in[r.no] = true
		t := b.tasks[r.no]
		if t == nil {
			b.tasks[r.no] = &modelTask{lead: r.lead, coordinating: r.coordinating, modelTime: r.time, words: r.time.words(),
				version: 1, recorded: today, status: tasks.Open, changed: now}
			continue
		}
		before := *t
		t.reread(r, today)
		if before.lead != t.lead || before.version != t.version || before.status != t.status || before.recorded != t.recorded || !slices.Equal(before.coordinating, t.coordinating) {
			t.changed = now
		}
	}
	for no, t := range b.tasks {
		if !in[no] && t.status != tasks.Cancelled {
			t.was, t.status, t.changed = t.status, tasks.Cancelled, now
		}
	}
}

func (t *modelTask) reread(r modelRow, today tasks.Date) {
	if !t.leadByHand || r.lead != t.fileLead && r.lead != t.lead {
		t.lead, t.leadByHand = r.lead, false
	}
	t.coordinating = r.coordinating
	if t.status == tasks.Cancelled {
		t.status, t.recorded, t.confirmed = t.was, today, false
	}
	words := r.time.words()
	switch {
	case t.timeByHand && words == t.words: // the person's date stands
	case t.same(r.time):
		t.timeByHand = false
	default:
		t.modelTime, t.timeByHand, t.recorded, t.confirmed = r.time, false, today, false
		t.version++
		if t.status != tasks.Done && t.kind == tasks.Dated && !t.ongoing && t.next() < 0 {
			t.doneTo = 0
		}
	}
	t.words = words
}
