package tasks

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Kind says what a plan's words about time amount to.
type Kind string

// The kinds of a deadline.
const (
	Dated    Kind = "dated"    // one or more due dates
	Periodic Kind = "periodic" // a series of due dates without end
	Ongoing  Kind = "ongoing"  // work without a due date
	Awaiting Kind = "awaiting" // depends on something that has no date yet
	Unknown  Kind = "unknown"  // not understood; a person must look
)

// Where a deadline was read.
const (
	FromDeadline = "deadline" // the deadline cell
	FromContent  = "content"  // the task's own text; goes to review
	FromAdmin    = "admin"    // set by hand
	FromSubTasks = "subtasks" // nowhere: its sub-tasks have deadlines, and it goes on with them
)

// Deadline is what a plan's words say about time. It never holds a date that
// the words do not imply.
type Deadline struct {
	Text    string      `json:"text"`    // the plan's words, NFC, white space folded; kept when an admin sets another date
	Kind    Kind        `json:"kind"`    //
	Due     []Date      `json:"due"`     // ascending; empty unless Dated (periodic series are expanded by DueIn)
	From    Date        `json:"from"`    // start of the period, if the words give one
	Ongoing bool        `json:"ongoing"` // goes on without end, alone or after the last due date
	RRule   *Recurrence `json:"rrule"`   // set if and only if Periodic; RFC 5545 RRULE text in JSON
	Source  string      `json:"source"`  // FromDeadline, FromContent, FromAdmin or FromSubTasks
	Version int         `json:"version"` // 1 at first import, one more at each change
	// Found holds the words of the task's own text that speak of time when the
	// cell is empty.
	Found string `json:"found,omitempty"`
}

// Words returns what the plan says about time, in the cell or in the task's own
// text.
func (d Deadline) Words() string { return cmp.Or(d.Text, d.Found) }

// DueIn returns the due dates in [from, to], ascending, each once.
func (d Deadline) DueIn(from, to Date) []Date {
	if d.RRule != nil {
		return d.RRule.Between(max(from, d.From), to)
	}
	var out []Date
	for _, due := range d.Due {
		if due >= from && due <= to {
			out = append(out, due)
		}
	}
	return out
}

// SameTerms reports whether two deadlines ask for the same thing at the same
// time, whatever their words, source and version.
func (d Deadline) SameTerms(o Deadline) bool {
	sameRule := (d.RRule == nil) == (o.RRule == nil) && (d.RRule == nil || d.RRule.String() == o.RRule.String())
	return d.Kind == o.Kind && d.From == o.From && d.Ongoing == o.Ongoing && sameRule && slices.Equal(d.Due, o.Due)
}

// MarshalJSON writes no due dates as [], never as null.
func (d Deadline) MarshalJSON() ([]byte, error) {
	type plain Deadline
	if d.Due == nil {
		d.Due = []Date{}
	}
	return json.Marshal(plain(d))
}
