package tasks

import (
	"cmp"
	"slices"
	"time"
)

// View is a task as it is printed and served: the fields of the contract, in
// their order, with empty lists as [] and missing dates as null.
type View struct {
	Key
	Lead         UnitRef      `json:"lead"`
	Coordinating []UnitRef    `json:"coordinating"`
	Content      string       `json:"content"`
	Product      string       `json:"product"`
	Note         string       `json:"note"`
	Deadline     Deadline     `json:"deadline"` // as Public returns it, for a year from the day it was recorded
	Status       Status       `json:"status"`
	State        State        `json:"state"`
	NextDue      Date         `json:"next_due"`
	Review       []ViewReview `json:"review"`
	ByHand       ByHand       `json:"by_hand,omitzero"` // what the plan's file says where a person's words stand
}

// ViewReview is a ReviewItem inside the view of its task.
type ViewReview struct {
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	Cure   string `json:"cure"`
}

// ReviewItems returns the review with the task's key.
func (v View) ReviewItems() []ReviewItem {
	var out []ReviewItem
	for _, r := range v.Review {
		out = append(out, ReviewItem{Key: v.Key, Version: v.Deadline.Version, Reason: r.Reason, Detail: r.Detail, Cure: r.Cure})
	}
	return out
}

// NewView returns the view of a task on a day, its units as d knows them; soon
// is the largest lead time in days.
func NewView(t Task, d *Directory, day Date, soon int) View {
	t = d.Resolve(t)
	v := View{
		Key:          t.Key,
		Lead:         t.Lead,
		Coordinating: append([]UnitRef{}, t.Coordinating...),
		Content:      t.Content,
		Product:      t.Product,
		Note:         t.Note,
		Deadline:     t.Deadline.Public(t.DeadlineOn, yearOn(t.DeadlineOn)),
		Status:       t.Status,
		State:        t.StateOn(day, soon),
		NextDue:      t.shownDue(day),
		Review:       []ViewReview{},
		ByHand:       t.ByHand,
	}
	for _, r := range Review(t, d, day) {
		v.Review = append(v.Review, ViewReview{r.Reason, r.Detail, r.Cure})
	}
	return v
}

// shownDue returns the next due date, also one that nobody is reminded of
// because the task is reported, held or waits for review.
func (t Task) shownDue(day Date) Date {
	if t.Status == Done || t.Status == Cancelled {
		return 0
	}
	t.Status, t.Confirmed = Open, true
	return t.NextDue(day)
}

// Public returns the deadline as it is printed: Due is never nil, and of a
// periodic one it holds the dates in [from, to].
func (d Deadline) Public(from, to Date) Deadline {
	due := d.Due
	if d.RRule != nil {
		due = d.DueIn(from, to)
	}
	d.Due = append([]Date{}, due...)
	return d
}

// yearOn returns the last day of the year that starts on d.
func yearOn(d Date) Date { return DateOf(d.At(0, 0, time.UTC).AddDate(1, 0, -1)) }

// Worst sorts views for reading: overdue first, the longest first, then due
// today, soon, and so on by State.Urgency; the earlier date first, and within
// one date by plan and number.
func Worst(views []View) {
	slices.SortStableFunc(views, func(a, b View) int {
		return cmp.Or(
			cmp.Compare(a.State.Urgency(), b.State.Urgency()),
			cmp.Compare(a.NextDue, b.NextDue),
			a.Key.Compare(b.Key),
		)
	})
}
