package tasks

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Fate is what importing a plan again makes of a task.
type Fate string

// The fates.
const (
	IsNew     Fate = "new"     // not stored yet
	IsChanged Fate = "changed" // stored; the plan says something else now, or says it again
	IsGone    Fate = "gone"    // no longer in the plan: cancelled
	IsSame    Fate = "same"    // nothing the plan says changed
)

// Compared is a task before and after an import. Of a new one there is no Old;
// New is what to store, or what stays.
type Compared struct {
	Fate     Fate
	Old, New Task
}

// Stored is what an import finds stored of its plan.
type Stored interface {
	Find(no Number) (t Task, found bool, err error)
	All() iter.Seq2[Task, error]
}

// Compare compares the stored tasks of a plan with the tasks just read from
// it, and calls keep for each of these in their order, then for those that are
// gone in the order of their numbers. It holds no task but the one at hand.
//
// What people did stays: status, done dates, and what they put in the place
// of the plan's words (a deadline too) unless those words changed since. Other terms make a new
// version of the deadline, recorded today and not confirmed; other words with
// the same terms do not. A task that comes back after it was cancelled has the
// status it had, and its deadline counts as recorded today. Cancelled tasks
// that stay away are passed over.
func Compare(stored Stored, read iter.Seq2[Task, error], today Date, keep func(Compared) error) error {
	met := map[Number]bool{} // stored, and in the plan
	for r, err := range read {
		if err != nil {
			return err
		}
		o, found, err := stored.Find(r.No)
		if err != nil {
			return err
		}
		out := Compared{Fate: IsNew, New: r}
		if found {
			met[r.No] = true
			out = compareOne(o, r, today)
		}
		if err := keep(out); err != nil {
			return err
		}
	}
	return missing(stored, met, keep)
}

func compareOne(o, r Task, today Date) Compared {
	r = underHand(o, r)
	if saysSame(o, r) && o.Status != Cancelled {
		return Compared{IsSame, o, o}
	}
	return Compared{IsChanged, o, merge(o, r, today)}
}

// missing cancels the stored tasks that were not met.
func missing(stored Stored, met map[Number]bool, keep func(Compared) error) error {
	var gone []Number
	for o, err := range stored.All() {
		if err != nil {
			return err
		}
		if !met[o.No] && o.Status != Cancelled {
			gone = append(gone, o.No)
		}
	}
	slices.SortFunc(gone, Number.Compare)
	for _, no := range gone {
		o, _, err := stored.Find(no)
		if err != nil {
			return err
		}
		t := o
		t.Was, t.Status = o.Status, Cancelled
		if err := keep(Compared{IsGone, o, t}); err != nil {
			return err
		}
	}
	return nil
}

// Difference counts the tasks of an import by their fate.
type Difference struct {
	New     int `json:"new"`
	Changed int `json:"changed"`
	Gone    int `json:"gone"`
	Same    int `json:"same"`

	back int // of those changed: they were cancelled before
}

// Add counts a task.
func (d *Difference) Add(o Compared) {
	switch o.Fate {
	case IsNew:
		d.New++
	case IsChanged:
		d.Changed++
		if o.Old.Status == Cancelled {
			d.back++
		}
	case IsGone:
		d.Gone++
	case IsSame:
		d.Same++
	}
}

// String says the counts.
func (d Difference) String() string {
	return fmt.Sprintf("%d new, %d changed, %d gone, %d the same", d.New, d.Changed, d.Gone, d.Same)
}

// Alive is how many of the stored tasks were not cancelled before.
func (d Difference) Alive() int { return d.Same + d.Gone + d.Changed - d.back }

// CancelsMany reports that more than a tenth of the tasks would be cancelled:
// perhaps it is not the whole plan.
func (d Difference) CancelsMany() bool { return 10*d.Gone > d.Alive() }

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
