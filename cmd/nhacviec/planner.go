package main

import (
	"slices"
	"strings"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// planner looks ahead over what is stored, with the config in force.
type planner struct {
	store *store.Store
	setup func() scheduler.Setup
	now   func() time.Time
}

// Forecast returns every message of [from, to]. What lies between now and from
// is walked too: what is told until then is not told again after it. A period
// that begins in the past is foreseen as if the plan had been known by then.
func (p planner) Forecast(from, to time.Time) ([]tasks.Message, error) {
	tt, err := p.store.Tasks("")
	if err != nil {
		return nil, err
	}
	sent, err := p.sent(tt)
	if err != nil {
		return nil, err
	}
	start := from
	if now := p.now(); now.Before(from) {
		start = now.In(from.Location())
	}
	for i := range tt {
		tt[i].DeadlineOn = min(tt[i].DeadlineOn, tasks.DateOf(start))
	}
	messages := scheduler.Forecast(tt, p.setup(), sent, start, to)
	return slices.DeleteFunc(messages, func(m tasks.Message) bool { return m.At.Before(from) }), nil
}

// Explain says who is told of a task on a day and why: a
// scheduler.Explanation.
func (p planner) Explain(key tasks.Key, on tasks.Date) (any, error) {
	t, err := p.store.Task(key)
	if err != nil {
		return nil, err
	}
	sent, err := p.sent([]tasks.Task{t})
	if err != nil {
		return nil, err
	}
	return scheduler.Explain(t, p.setup(), sent, on, p.now()), nil
}

// Stale says why nothing that a delivery says holds any more; "": something
// does.
func (p planner) Stale(d tasks.Delivery) (string, error) {
	if d.Kind != tasks.Reminder {
		return "", nil
	}
	setup := p.setup()
	today := tasks.DateOf(p.now().In(setup.Calendar.Location))
	var reasons []string
	for _, step := range d.Steps {
		t, err := p.store.Task(step.Key)
		if err != nil {
			return "", err
		}
		why := setup.Stale(d, step, t, today)
		if why == "" {
			return "", nil
		}
		reasons = append(reasons, step.Key.String()+": "+why)
	}
	return strings.Join(reasons, "; "), nil
}

func (p planner) sent(tt []tasks.Task) (tasks.Sent, error) {
	keys := make([]tasks.Key, len(tt))
	for i, t := range tt {
		keys[i] = t.Key
	}
	return p.store.SentMarks(keys...)
}
