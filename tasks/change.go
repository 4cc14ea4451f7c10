package tasks

import (
	"errors"
	"fmt"
	"slices"
)

// Action is what a person does to a task.
type Action string

// The actions.
const (
	ActReport  Action = "report"  // the unit says done
	ActDone    Action = "done"    // the office confirms
	ActReopen  Action = "reopen"  //
	ActHold    Action = "hold"    // no reminders until reopened
	ActConfirm Action = "confirm" // the deadline as read is right, past or not
	ActExtend  Action = "extend"  // the next due date moves, for a reason
	ActDue     Action = "due"     // a person says the due date that the plan's words do not
)

// Do returns the task after an action on a day, and the change for the ledger
// with what was and what is. A refused action returns an error that says why;
// date is used by ActExtend and ActDue alone.
//
// Done and Report of a task with several due dates, or a series, are about the
// next one that is open: the task itself is done with its last, and one that
// is also ongoing goes on.
func (t Task) Do(action Action, date, today Date) (Task, Change, error) {
	before := t
	var err error
	switch action {
	case ActReport:
		err = t.expect("reported as done", Open)
		t.Status, t.DoneOn = Reported, today
	case ActDone:
		err = t.finish(today)
	case ActReopen:
		err = t.expect("reopened", Done, Reported, Held)
		t.reopen()
	case ActHold:
		err = t.expect("held", Open, Reported)
		t.Status = Held
	case ActConfirm:
		err = t.confirm()
	case ActExtend:
		err = t.extend(date, today)
	case ActDue:
		err = t.setDue(date, today)
	default:
		err = fmt.Errorf("no such action: %q", action)
	}
	if err != nil {
		return before, Change{}, fmt.Errorf("task %s: %w", before.Key, err)
	}
	c := Change{Plan: t.Plan, No: t.No, Action: string(action), Old: string(before.Status), New: string(t.Status)}
	if !before.Deadline.SameTerms(t.Deadline) {
		c.Old, c.New = before.Deadline.dates(), t.Deadline.dates()
	} else if t.DoneThrough > before.DoneThrough && t.Status == Open {
		c.New = "done through " + t.DoneThrough.Day()
	}
	return t, c, nil
}

func (t Task) expect(what string, ok ...Status) error {
	if slices.Contains(ok, t.Status) {
		return nil
	}
	return fmt.Errorf("is %s; it cannot be %s", t.Status, what)
}

// finish marks the next open due date done, and the task with its last; one
// that goes on after its dates is done when it is finished once more.
func (t *Task) finish(today Date) error {
	if err := t.expect("done", Open, Reported, Held); err != nil {
		return err
	}
	t.Status = Open
	switch {
	case t.Deadline.Kind == Periodic:
		next := t.NextDue(today)
		if next == 0 {
			return errors.New("has no due date within a year")
		}
		t.DoneThrough = next
		return nil
	case t.Deadline.Kind == Dated && !t.allDone():
		i := slices.IndexFunc(t.Deadline.Due, func(d Date) bool { return d > t.DoneThrough })
		t.DoneThrough = t.Deadline.Due[i]
		if t.Deadline.Ongoing || !t.allDone() {
			return nil
		}
	}
	t.Status, t.DoneOn = Done, today
	return nil
}

// reopen takes back the last Done: of a dated task, its last due date.
func (t *Task) reopen() {
	if due := t.Deadline.Due; t.Status == Done && len(due) > 0 {
		t.DoneThrough = 0
		if len(due) > 1 {
			t.DoneThrough = due[len(due)-2]
		}
	}
	t.Status, t.DoneOn = Open, 0
}

func (t *Task) confirm() error {
	if t.Deadline.Kind == Unknown {
		return errors.New("has no deadline to confirm; set one: nhacviec task due " + string(t.No) + " dd/mm/yyyy")
	}
	if t.Confirmed {
		return errors.New("is confirmed already")
	}
	t.Confirmed = true
	return nil
}

func (t *Task) extend(date, today Date) error {
	if err := t.expect("extended", Open, Reported, Held); err != nil {
		return err
	}
	i := slices.IndexFunc(t.Deadline.Due, func(d Date) bool { return d > t.DoneThrough })
	switch {
	case t.Deadline.Kind != Dated || i < 0:
		return fmt.Errorf("has no due date to extend (it is %s); set one: nhacviec task due %s dd/mm/yyyy", t.Deadline.Kind, t.No)
	case date <= t.Deadline.Due[i]:
		return fmt.Errorf("is due on %s; %s is no extension", t.Deadline.Due[i].Day(), date.Day())
	case i+1 < len(t.Deadline.Due) && date >= t.Deadline.Due[i+1]:
		return fmt.Errorf("has its next phase due on %s already", t.Deadline.Due[i+1].Day())
	}
	due := slices.Clone(t.Deadline.Due)
	due[i] = date
	t.redate(Deadline{Text: t.Deadline.Text, Found: t.Deadline.Found, Kind: Dated, Due: due, From: t.Deadline.From, Ongoing: t.Deadline.Ongoing}, today)
	if t.Status == Reported {
		t.Status, t.DoneOn = Open, 0
	}
	return nil
}

func (t *Task) setDue(date, today Date) error {
	if err := t.expect("given a due date", Open, Reported, Held); err != nil {
		return err
	}
	if slices.Equal(t.Deadline.Due, []Date{date}) && t.Deadline.Source == FromAdmin {
		return fmt.Errorf("is due on %s already", date.Day())
	}
	t.redate(Deadline{Text: t.Deadline.Text, Found: t.Deadline.Found, Kind: Dated, Due: []Date{date}, Ongoing: t.Deadline.Ongoing && t.Deadline.Kind == Dated}, today)
	t.DoneThrough = 0
	return nil
}

// redate puts a person's deadline in force: a new version, which needs no
// review even when it is past.
func (t *Task) redate(d Deadline, today Date) {
	d.Source, d.Version = FromAdmin, t.Deadline.Version+1
	t.Deadline, t.DeadlineOn, t.Confirmed = d, today, true
}

// dates returns the deadline's terms for the ledger.
func (d Deadline) dates() string {
	if len(d.Due) == 0 {
		return string(d.Kind)
	}
	s := ""
	for i, due := range d.Due {
		if i > 0 {
			s += ", "
		}
		s += due.Day()
	}
	return s
}
