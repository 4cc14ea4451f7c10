package tasks

import (
	"cmp"
	"slices"
	"strings"
)

// Difference is what importing a plan again changes.
type Difference struct {
	New     []Task    // not stored yet
	Changed []Changed // stored; the plan says something else now, or says it again
	Gone    []Task    // no longer in the plan, as they are to be stored: cancelled
	Same    []Task    // as stored; nothing the plan says changed
}

// Alive counts the stored tasks that were not cancelled before.
func (d Difference) Alive() int {
	n := len(d.Same) + len(d.Gone)
	for _, c := range d.Changed {
		if c.Old.Status != Cancelled {
			n++
		}
	}
	return n
}

// CancelsMany reports that more than a tenth of the tasks would be cancelled:
// perhaps it is not the whole plan.
func (d Difference) CancelsMany() bool { return 10*len(d.Gone) > d.Alive() }

// Changed is a task before and after an import. New is what to store.
type Changed struct {
	Old, New Task
}

// Compare compares the stored tasks of a plan with the tasks just read from
// it. What people did stays: status, done dates, and what they put in the place
// of the plan's words (a deadline too) unless those words changed since. Other terms make a new
// version of the deadline, recorded today and not confirmed; other words with
// the same terms do not. A task that comes back after it was cancelled has the
// status it had, and its deadline counts as recorded today. Cancelled tasks
// that stay away are in none of the lists.
func Compare(stored, read []Task, today Date) Difference {
	var diff Difference
	old := make(map[Key]Task, len(stored))
	for _, t := range stored {
		old[t.Key] = t
	}
	inPlan := make(map[Key]bool, len(read))
	for _, r := range read {
		inPlan[r.Key] = true
		o, ok := old[r.Key]
		if ok {
			r = underHand(o, r)
		}
		switch {
		case !ok:
			diff.New = append(diff.New, r)
		case saysSame(o, r) && o.Status != Cancelled:
			diff.Same = append(diff.Same, o)
		default:
			diff.Changed = append(diff.Changed, Changed{o, merge(o, r, today)})
		}
	}
	for _, o := range stored {
		if !inPlan[o.Key] && o.Status != Cancelled {
			o.Was, o.Status = o.Status, Cancelled
			diff.Gone = append(diff.Gone, o)
		}
	}
	return diff
}

// saysSame reports whether the plan still says what it said when o was stored.
func saysSame(o, r Task) bool {
	return o.Content == r.Content && o.Product == r.Product && o.Note == r.Note &&
		sameUnit(o.Lead, r.Lead) && sameUnits(o.Coordinating, r.Coordinating) &&
		(handStays(o, r) || o.Deadline.Words() == r.Deadline.Words() && o.Deadline.Source == r.Deadline.Source && o.Deadline.SameTerms(r.Deadline))
}

// sameUnit compares two readings of a unit. A code that only one of them has
// is no difference: the directory finds it whenever it is needed.
func sameUnit(a, b UnitRef) bool {
	return a.Text == b.Text && (a.Code == b.Code || a.Code == "" || b.Code == "")
}

// sameUnits compares two readings of a list of units. Words that meant no unit
// are taken apart anew by the directory whenever they are needed: that they are
// now read as other units is no difference.
func sameUnits(a, b []UnitRef) bool {
	if slices.EqualFunc(a, b, sameUnit) {
		return true
	}
	unknown := slices.ContainsFunc(a, func(r UnitRef) bool { return r.Code == "" })
	return unknown && listKey(Cell(a)) == listKey(Cell(b))
}

// listKey returns the words of a list of units, however it is taken apart.
func listKey(cell string) string { return nameKey(strings.ReplaceAll(cell, ";", " ")) }

// handStays reports whether a deadline outlives the import because of what a
// person did. One set by hand keeps the plan's words as its text, and gives way
// when these have changed. Where the cell is empty, a content that a person has
// rewritten says nothing new about time.
func handStays(o, r Task) bool {
	return o.Deadline.Source == FromAdmin && o.Deadline.Words() == r.Deadline.Words() ||
		r.ByHand.Content != nil && o.Deadline.noCell() && r.Deadline.noCell()
}

// noCell reports that the plan's cell for the deadline is empty.
func (d Deadline) noCell() bool { return d.Text == "" }

// merge returns what to store: the plan's side from r, the people's from o.
func merge(o, r Task, today Date) Task {
	t := o
	t.Lead, t.Coordinating = r.Lead, r.Coordinating
	t.Content, t.Product, t.Note = r.Content, r.Product, r.Note
	t.ByHand = r.ByHand
	if t.Status == Cancelled {
		t.Status, t.Was = cmp.Or(o.Was, Open), ""
		t.DeadlineOn, t.Confirmed = today, false
	}
	switch {
	case handStays(o, r):
	case o.Deadline.SameTerms(r.Deadline):
		// The same in other words, or in another place.
		t.Deadline.Text, t.Deadline.Found, t.Deadline.Source = r.Deadline.Text, r.Deadline.Found, r.Deadline.Source
	default:
		t.Deadline = r.Deadline
		t.Deadline.Version = o.Deadline.Version + 1
		t.DeadlineOn, t.Confirmed = today, false
		if t.Status != Done && t.Deadline.Kind == Dated && !t.Deadline.Ongoing && t.allDone() {
			t.DoneThrough = 0 // else an open task would have nothing left to do
		}
	}
	return t
}
