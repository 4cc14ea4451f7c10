package scheduler

import (
	"cmp"
	"slices"
	"time"

	"nhacviec/tasks"
)

// Fire is one instant of a rule's schedule that is to be handled.
type Fire struct {
	Rule      Rule
	Scheduled time.Time // as the schedule has it, before days off and quiet hours move it
}

// Plan returns the messages that the fires ask for at one instant: for each
// task and recipient the most urgent ripe step that the sent set does not hold,
// all steps of one recipient in one message, worst first. It is the only place
// that decides this; the daemon, forecast, explain and the demo all call it.
//
// Tasks beyond those that can be ripe change nothing but the time it takes.
func Plan(tt []tasks.Task, fires []Fire, s Setup, sent tasks.Sent, at time.Time) []tasks.Message {
	p := planner{setup: s, sent: sent, at: at, day: tasks.DateOf(at), drafts: map[draftKey]*draft{}}
	reminders := slices.DeleteFunc(slices.Clone(fires), func(f Fire) bool { return f.Rule.Message != "" })
	for _, t := range tt {
		if t.Wants() != "" && len(reminders) > 0 {
			t = s.Units.Resolve(t)
			for _, f := range reminders {
				p.remind(f, t)
			}
		}
	}
	for _, f := range fires {
		switch f.Rule.Message {
		case tasks.ReviewNotice:
			p.review(f.Rule, tt)
		case tasks.WeeklyReport:
			for _, r := range s.recipients(f.Rule, s.Units.Audience(s.Office.Unit)) {
				p.draft(tasks.WeeklyReport, r)
			}
		}
	}
	return p.messages()
}

type planner struct {
	setup  Setup
	sent   tasks.Sent
	at     time.Time
	day    tasks.Date
	drafts map[draftKey]*draft
}

type draftKey struct {
	kind tasks.MessageKind
	tasks.Recipient
}

// draft is a message in the making. Steps are kept by series, so that of two
// rules that speak of one due date the more urgent step stands.
type draft struct {
	steps  map[tasks.SentKey]ripeStep
	review []tasks.ReviewItem
}

type ripeStep struct {
	tasks.Step
	rank int
}

func (p *planner) draft(kind tasks.MessageKind, r tasks.Recipient) *draft {
	key := draftKey{kind, r}
	d := p.drafts[key]
	if d == nil {
		d = &draft{steps: map[tasks.SentKey]ripeStep{}}
		p.drafts[key] = d
	}
	return d
}

// remind adds the steps that one rule's fire finds ripe in one resolved task.
func (p *planner) remind(f Fire, t tasks.Task) {
	if !slices.Contains(f.Rule.Tasks, t.Wants()) {
		return
	}
	for _, step := range p.setup.ripe(f, t, p.day) {
		series, rank, _ := step.Mark()
		for _, r := range p.setup.told(f.Rule, t, step, p.day) {
			key := tasks.SentKey{Key: t.Key, Version: step.Version, Series: series, Recipient: r}
			if told, ok := p.sent[key]; ok && told >= rank {
				continue
			}
			d := p.draft(tasks.Reminder, r)
			if other, ok := d.steps[key]; !ok || other.rank < rank {
				d.steps[key] = ripeStep{step, rank}
			}
		}
	}
}

// ripe returns, for each open due date (or for the month, of a task without
// one), the most urgent step whose date is not after day.
func (s Setup) ripe(f Fire, t tasks.Task, day tasks.Date) []tasks.Step {
	step := tasks.Step{Rule: f.Rule.Name, Key: t.Key, Version: t.Deadline.Version}
	scheduled := tasks.DateOf(f.Scheduled.In(s.Calendar.Location))
	switch t.Wants() {
	case tasks.Ongoing:
		if t.Deadline.From > day {
			return nil
		}
		step.Name = tasks.StepProgress(scheduled)
		return []tasks.Step{step}
	case tasks.Awaiting:
		step.Name = tasks.StepDateWanted(scheduled)
		return []tasks.Step{step}
	}
	var out []tasks.Step
	for _, due := range t.OpenDues(day, s.horizon(f.Rule, day)) {
		if name, ok := s.ripeName(f.Rule, due, day); ok {
			left := int(due - day)
			step.Name, step.Due, step.DaysLeft = name, due, &left
			out = append(out, step)
		}
	}
	return out
}

// ripeName names the most urgent step of a due date that is ripe on day.
func (s Setup) ripeName(r Rule, due, day tasks.Date) (string, bool) {
	if late := int(day - due); late > 0 && r.OverdueEvery > 0 {
		return tasks.StepOverdue(1 + (late-1)/r.OverdueEvery*r.OverdueEvery), true
	}
	nearest, found := 0, false
	for _, n := range r.Before {
		date := due - tasks.Date(n)
		if !r.AnyDay {
			date = s.Calendar.LastWorking(date)
		}
		if date <= day && (!found || n < nearest) {
			nearest, found = n, true
		}
	}
	return tasks.StepBefore(nearest), found
}

// horizon returns how many days after day a due date can lie for a step of the
// rule to be ripe on day. A step on a day off moves back to the last working
// day, so everything up to the eve of the next working day counts.
func (s Setup) horizon(r Rule, day tasks.Date) int {
	lead := 0
	for _, n := range r.Before {
		lead = max(lead, n)
	}
	if r.AnyDay {
		return lead
	}
	return lead + int(s.Calendar.NextWorking(day+1)-1-day)
}

// Query says which stored tasks Plan needs to see for the fires on a day.
func (s Setup) Query(fires []Fire, day tasks.Date) tasks.DueQuery {
	var q tasks.DueQuery
	for _, f := range fires {
		if f.Rule.Message == tasks.ReviewNotice {
			q.Review = true
			q.Unheard = func(kind tasks.Kind, lead tasks.UnitRef) bool { return !s.Reaches(kind, lead) }
		}
		for _, k := range f.Rule.Tasks {
			if !slices.Contains(q.Kinds, k) {
				q.Kinds = append(q.Kinds, k)
			}
		}
		q.Until = max(q.Until, day+tasks.Date(s.horizon(f.Rule, day)))
	}
	return q
}

// told returns who is told of a step of a resolved task under a rule.
func (s Setup) told(r Rule, t tasks.Task, step tasks.Step, day tasks.Date) []tasks.Recipient {
	return s.recipients(r, s.audience(r, t, step, day))
}

// audience returns the units that a rule tells of a step of a resolved task.
func (s Setup) audience(r Rule, t tasks.Task, step tasks.Step, day tasks.Date) []tasks.Unit {
	var units []tasks.Unit
	for _, to := range r.To {
		switch to {
		case RoleLead:
			units = append(units, s.Units.Audience(t.Lead.Code)...)
		case RoleCoordinating:
			for _, c := range t.Coordinating {
				units = append(units, s.Units.Audience(c.Code)...)
			}
		case RoleSuperior:
			units = append(units, s.superiors(t)...)
		case RoleOffice:
			units = append(units, s.Units.Audience(s.Office.Unit)...)
		default:
			units = append(units, s.Units.Audience(to)...)
		}
	}
	if r.EscalateAfter > 0 && step.Due != 0 && int(day-step.Due) >= r.EscalateAfter {
		units = append(units, s.superiors(t)...)
	}
	return units
}

// Reaches reports whether the lead unit of a task of a kind is told of it: by a
// rule that tells leads, or, where no rule of that kind does, whether anybody
// is.
func (s Setup) Reaches(kind tasks.Kind, lead tasks.UnitRef) bool {
	t := s.Units.Resolve(tasks.Task{Lead: lead})
	toLead, reached, anybody := false, false, false
	for _, r := range s.Rules {
		if r.Message != "" || !slices.Contains(r.Tasks, kind) {
			continue
		}
		if slices.Contains(r.To, RoleLead) {
			toLead = true
			reached = reached || len(s.recipients(r, s.Units.Audience(t.Lead.Code))) > 0
		}
		anybody = anybody || len(s.told(r, t, tasks.Step{}, 0)) > 0
	}
	if toLead {
		return reached
	}
	return anybody
}

// superiors returns the units that the task's lead answers to.
func (s Setup) superiors(t tasks.Task) []tasks.Unit {
	lead, ok := s.Units.Unit(t.Lead.Code)
	if !ok {
		return nil
	}
	if lead.Superior != "" {
		return s.Units.Audience(lead.Superior)
	}
	var out []tasks.Unit
	for _, m := range s.Units.Audience(t.Lead.Code) {
		if m.Superior != "" {
			out = append(out, s.Units.Audience(m.Superior)...)
		}
	}
	return out
}

// recipients returns every address of the units on the rule's channels, each
// once, in the order given.
func (s Setup) recipients(r Rule, units []tasks.Unit) []tasks.Recipient {
	var out []tasks.Recipient
	for _, u := range units {
		for _, ch := range s.channels(r) {
			for _, a := range u.Addresses[ch] {
				rec := tasks.Recipient{Channel: ch, Unit: u.Code, Address: a}
				if !slices.Contains(out, rec) {
					out = append(out, rec)
				}
			}
		}
	}
	return out
}

// review adds what the office has not been told of yet.
func (p *planner) review(r Rule, tt []tasks.Task) {
	office := p.setup.recipients(r, p.setup.Units.Audience(p.setup.Office.Unit))
	for _, t := range tt {
		for _, item := range tasks.Review(p.setup.Units.Resolve(t), p.setup.Units, p.day) {
			for _, rec := range office {
				if _, told := p.sent[item.Mark(rec).SentKey]; !told {
					d := p.draft(tasks.ReviewNotice, rec)
					d.review = append(d.review, item)
				}
			}
		}
	}
}

func (p *planner) messages() []tasks.Message {
	out := make([]tasks.Message, 0, len(p.drafts))
	for key, d := range p.drafts {
		m := tasks.Message{Kind: key.kind, At: p.at, Recipient: key.Recipient, Review: d.review}
		for _, s := range d.steps {
			m.Steps = append(m.Steps, s.Step)
		}
		slices.SortFunc(m.Steps, worstFirst)
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b tasks.Message) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(slices.Index(tasks.Channels, a.Channel), slices.Index(tasks.Channels, b.Channel)),
			cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Address, b.Address))
	})
	return out
}

// worstFirst orders steps by days left, those without a due date last.
func worstFirst(a, b tasks.Step) int {
	if c := cmp.Compare(boolInt(a.DaysLeft == nil), boolInt(b.DaysLeft == nil)); c != 0 {
		return c
	}
	if a.DaysLeft != nil {
		if c := cmp.Compare(*a.DaysLeft, *b.DaysLeft); c != 0 {
			return c
		}
	}
	return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Due, b.Due))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// noLongerTold is why nothing goes to a recipient any more.
const noLongerTold = "the recipient is no longer told of the task"

// Stale returns why a step of a delivery is no longer to be sent, and "" while it
// is. t is the task as it is stored now.
func (s Setup) Stale(d tasks.Delivery, step tasks.Step, t tasks.Task, day tasks.Date) string {
	switch {
	case t.Status != tasks.Open:
		return "the task is " + string(t.Status)
	case t.Deadline.Version != step.Version:
		return "the deadline has moved"
	case step.Due != 0 && step.Due <= t.DoneThrough:
		return "the due date is done"
	case step.Due != 0 && step.Due < t.DeadlineOn && !t.Confirmed:
		return "its deadline was past when it was read, and nobody has confirmed it"
	case !slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.Name == step.Rule }):
		return "the rule " + step.Rule + " is gone from the config"
	case !slices.Contains(s.reached(d, step, t, day), d.Recipient):
		return noLongerTold
	}
	return ""
}

// reached returns the recipients that a step has now in the unit and on the
// channel of a delivery: by its rule, or, of what goes out in the place of
// another, by mail.
func (s Setup) reached(d tasks.Delivery, step tasks.Step, t tasks.Task, day tasks.Date) []tasks.Recipient {
	i := slices.IndexFunc(s.Rules, func(r Rule) bool { return r.Name == step.Rule })
	if i < 0 {
		return nil
	}
	r := s.Rules[i]
	if d.For != "" && d.Channel == tasks.Email {
		r.Channels = []tasks.Channel{tasks.Email}
	}
	return slices.DeleteFunc(s.told(r, s.Units.Resolve(t), step, day), func(to tasks.Recipient) bool {
		return to.Unit != d.Unit || to.Channel != d.Channel
	})
}
