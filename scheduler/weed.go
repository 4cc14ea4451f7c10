package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"nhacviec/tasks"
)

// weed reads the tasks again and takes out the steps that no longer hold: the
// task has changed (dropped), or a later step of the same due date is told
// (superseded). What is taken out becomes a delivery of its own, with the
// reasons; one of them bears the delivery's own id if nothing is left of it.
func (d *Deliverer) weed(del tasks.Delivery, now time.Time) (kept tasks.Delivery, weeded []tasks.Delivery, err error) {
	if del.Kind != tasks.Reminder {
		return del, nil, nil
	}
	s := d.Setup()
	today := tasks.DateOf(now.In(s.Calendar.Location))
	sent, err := d.Outbox.Told(del.Message)
	if err != nil {
		return del, nil, fmt.Errorf("read what was told: %w", err)
	}
	kept = del
	kept.Steps = nil
	out := map[tasks.DeliveryState]*tasks.Delivery{}
	for i, step := range del.Steps {
		t, err := d.Library.Task(step.Key)
		if err != nil {
			return del, nil, fmt.Errorf("read task %s again: %w", step.Key, err)
		}
		state, why := tasks.Dropped, s.Stale(step, del.Recipient, t, today)
		if mark := del.Message.Marks()[i]; why == "" && sent[mark.SentKey] > mark.Rank {
			state, why = tasks.Superseded, "a later step is told"
		}
		if why == "" {
			if step.Due != 0 {
				left := int(step.Due - today)
				step.DaysLeft = &left
			}
			kept.Steps = append(kept.Steps, step)
			continue
		}
		if out[state] == nil {
			w := del
			w.Steps, w.State, w.Error = nil, state, ""
			out[state] = &w
		}
		w := out[state]
		w.Steps = append(w.Steps, step)
		w.Error = strings.TrimPrefix(w.Error+"; "+step.Key.String()+": "+why, "; ")
	}
	whole := len(kept.Steps) == 0
	for _, state := range []tasks.DeliveryState{tasks.Dropped, tasks.Superseded} {
		w := out[state]
		if w == nil {
			continue
		}
		if !whole {
			w.ID = w.Message.ID()
		}
		whole = false
		weeded = append(weeded, *w)
	}
	return kept, weeded, nil
}

// content composes the message, or takes up the parts of one that was sent in
// part.
func (d *Deliverer) content(del tasks.Delivery) (tasks.Content, error) {
	if del.PartsSent > 0 {
		return tasks.Content{Text: del.Parts}, nil
	}
	s := d.Setup()
	b := tasks.Briefing{Office: s.Office, Units: s.Units, Soon: s.Soon(), Plans: map[string]tasks.Plan{}, Tasks: map[tasks.Key]tasks.Task{}}
	plans, err := d.Library.Plans()
	if err != nil {
		return tasks.Content{}, err
	}
	for _, p := range plans {
		b.Plans[p.ID] = p
	}
	if del.Kind == tasks.WeeklyReport {
		all, err := d.Library.Tasks("")
		if err != nil {
			return tasks.Content{}, err
		}
		for _, t := range all {
			b.Tasks[t.Key] = t
		}
		return d.Compose(del.Message, b)
	}
	for _, key := range keys(del.Message) {
		t, err := d.Library.Task(key)
		if err != nil {
			return tasks.Content{}, fmt.Errorf("task %s: %w", key, err)
		}
		b.Tasks[key] = t
	}
	return d.Compose(del.Message, b)
}

func keys(m tasks.Message) []tasks.Key {
	var out []tasks.Key
	for _, s := range m.Steps {
		out = append(out, s.Key)
	}
	for _, r := range m.Review {
		out = append(out, r.Key)
	}
	return out
}

func digest(c tasks.Content) string {
	sum := sha256.Sum256([]byte(strings.Join(c.Text, "\n")))
	return hex.EncodeToString(sum[:])
}
