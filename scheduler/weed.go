package scheduler

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// weed reads the tasks again and takes out the steps that no longer hold: the
// task has changed (dropped), a later step of the same due date is told
// (superseded), or the task cannot be read (failed). What is taken out becomes
// a delivery of its own, with the reasons; one of them bears the delivery's own
// id if nothing is left of it. What was for an address that the unit has no more
// goes on to those that it has now. read holds the tasks as they were read.
func (d *Deliverer) weed(del tasks.Delivery, now time.Time) (kept tasks.Delivery, weeded []tasks.Delivery, read map[tasks.Key]tasks.Task, err error) {
	read = map[tasks.Key]tasks.Task{}
	if del.Kind != tasks.Reminder {
		return del, nil, read, nil
	}
	s := d.Setup()
	today := tasks.DateOf(now.In(s.Calendar.Location))
	sent, err := d.Outbox.Told(del.Message)
	if err != nil {
		return del, nil, read, fmt.Errorf("read what was told: %w", err)
	}
	if del.Again {
		sent = nil
	}
	kept = del
	kept.Steps = nil
	out := map[tasks.DeliveryState]*tasks.Delivery{}
	moved := map[tasks.Recipient][]tasks.Step{}
	for _, step := range del.Steps {
		state, why := d.fate(s, step, del, sent, read, today)
		if why == "" {
			if step.Due != 0 {
				left := int(step.Due - today)
				step.DaysLeft = &left
			}
			kept.Steps = append(kept.Steps, step)
			continue
		}
		if why == noLongerTold {
			to, err := d.heirs(del, step, read[step.Key], today)
			if err != nil {
				return del, nil, read, err
			}
			var addresses []string
			for _, r := range to {
				moved[r] = append(moved[r], step)
				addresses = append(addresses, r.Address)
			}
			if len(to) > 0 {
				why = "the address has changed: it goes to " + strings.Join(addresses, ", ")
			}
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
	for _, state := range []tasks.DeliveryState{tasks.Dropped, tasks.Superseded, tasks.Failed} {
		w := out[state]
		if w == nil {
			continue
		}
		if !whole {
			w.ID = partID(del, w.Message)
		}
		whole = false
		if state == tasks.Dropped {
			next := d.handOn(*w, moved, now)
			w.Instead = ids(next)
			weeded = append(weeded, next...)
		}
		weeded = append(weeded, *w)
	}
	return kept, weeded, read, nil
}

// partID names a part of a delivery that is not sent. What is sent again bears
// its own number behind the message's name, and so do its parts.
func partID(del tasks.Delivery, part tasks.Message) string {
	if _, n, again := strings.Cut(del.ID, "-"); again {
		return part.ID() + "-" + n
	}
	return part.ID()
}

// takeOut records what was weeded out of a delivery, together with what is left
// of it: a step is at no moment in both.
func (d *Deliverer) takeOut(weeded []tasks.Delivery, kept tasks.Delivery, now time.Time) error {
	into := weeded
	if len(kept.Steps) > 0 {
		into = append(into, kept)
	}
	if err := d.Outbox.Divide(into, now); err != nil {
		return fmt.Errorf("record what is not to be sent: %w", err)
	}
	for _, w := range weeded {
		if w.State == tasks.Planned {
			d.turnTo(w)
			continue
		}
		d.Log.Info(string(w.State), "id", w.ID, "unit", w.Unit, "channel", w.Channel, "why", w.Error)
		if w.State == tasks.Failed {
			d.Failing()
		}
	}
	return nil
}

// fate returns why a step of a delivery is not to be sent now, and what becomes
// of it; "" when it is.
func (d *Deliverer) fate(s Setup, step tasks.Step, del tasks.Delivery, sent tasks.Sent, read map[tasks.Key]tasks.Task, today tasks.Date) (tasks.DeliveryState, string) {
	t, err := d.Library.Task(step.Key)
	if err != nil {
		return tasks.Failed, cannotBeRead + err.Error()
	}
	read[step.Key] = t
	if why := s.Stale(del, step, t, today); why != "" {
		return tasks.Dropped, why
	}
	series, rank, _ := step.Mark()
	if told, ok := sent[tasks.SentKey{Key: step.Key, Version: step.Version, Series: series, Recipient: del.Recipient}]; ok && told > rank {
		return tasks.Superseded, "a later step is told"
	}
	return "", ""
}

// content composes the message, or takes up the parts of one that was sent in
// part; read holds the tasks that were read already.
func (d *Deliverer) content(del tasks.Delivery, read map[tasks.Key]tasks.Task) (tasks.Content, error) {
	if del.PartsSent > 0 {
		return tasks.Content{Text: del.Parts, Carries: del.Carries}, nil
	}
	s := d.Setup()
	b := tasks.Briefing{Now: d.Now().In(s.Calendar.Location), Office: s.Office, Units: s.Units, Soon: s.Soon(), Plans: map[string]tasks.Plan{}, Tasks: read}
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
		if _, known := read[key]; known {
			continue
		}
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

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// divide parts a message of which some parts have gone out: what they carried
// is told, and its text is theirs; the rest becomes a message of its own.
func divide(del tasks.Delivery, config string, now time.Time) []tasks.Delivery {
	told := del
	told.State, told.SentAt, told.Error = tasks.Delivered, now, ""
	told.Text = strings.Join(del.Parts[:del.PartsSent], "\n")
	told.SHA256 = digest(told.Text)
	m := del.Message
	if told.Steps, m.Steps = parted(del); len(m.Steps) == 0 {
		return []tasks.Delivery{told}
	}
	rest := tasks.NewDelivery(m, config, now)
	rest.ID, rest.Again, rest.For = partID(del, m), del.Again, del.For
	return []tasks.Delivery{told, rest}
}

// parted returns the steps that the parts of a message which have gone out
// carried, and the others.
func parted(del tasks.Delivery) (gone, rest []tasks.Step) {
	sent := del.Carries[:min(del.PartsSent, len(del.Carries))]
	for i, step := range del.Steps {
		if slices.ContainsFunc(sent, func(part []int) bool { return slices.Contains(part, i) }) {
			gone = append(gone, step)
		} else {
			rest = append(rest, step)
		}
	}
	return gone, rest
}

// outdated reports whether the parts of a message that are not sent yet say
// what no longer holds: a task left out, or other days left.
func outdated(del, kept tasks.Delivery) bool {
	return len(kept.Steps) != len(del.Steps) || slices.ContainsFunc(kept.Steps, func(now tasks.Step) bool {
		return !slices.ContainsFunc(del.Steps, func(was tasks.Step) bool {
			return now.Key == was.Key && now.Due == was.Due && (now.DaysLeft == nil || *now.DaysLeft == *was.DaysLeft)
		})
	})
}
