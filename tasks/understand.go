package tasks

import (
	"errors"
	"fmt"
	"slices"
)

// Understand turns the rows of a plan's table into open tasks, in the order of
// the rows, as an Understanding does.
func Understand(p Plan, rows []Row, d *Directory, today Date) ([]Task, error) {
	u := NewUnderstanding(p, d, today)
	tt := make([]Task, 0, len(rows))
	for _, row := range rows {
		if t, ok := u.Read(row); ok {
			tt = append(tt, t)
		}
	}
	if err := u.Err(); err != nil {
		return nil, err
	}
	for i := range tt {
		u.Settle(&tt[i])
	}
	return tt, nil
}

// Understanding turns the rows of a plan's table into open tasks, one after the
// other: units are matched, deadlines read, from the content if the cell is
// empty. today is recorded as the day of the deadlines. Rows without a number
// and numbers that occur twice are refused, all in one error. It remembers
// numbers and no tasks.
//
// A task that says nothing about time but has sub-tasks that do (3, with 3.a
// and 3.b) asks for no date and for no reminder of its own. It is ongoing, so
// that every list and report has it, until the office says that it is done.
type Understanding struct {
	plan  Plan
	units *Directory
	today Date

	line  map[Number]int
	lists map[string][]UnitRef // cells of units that were read already, as most come again
	timed map[Number]bool      // numbers of which a sub-task's deadline is understood
	errs  []error
}

// NewUnderstanding begins to read a plan.
func NewUnderstanding(p Plan, d *Directory, today Date) *Understanding {
	u := &Understanding{plan: p, units: d, today: today, line: map[Number]int{}, lists: map[string][]UnitRef{}, timed: map[Number]bool{}}
	if p.ID == "" {
		u.errs = append(u.errs, errors.New("the plan has no id"))
	}
	return u
}

// Read returns the task of the next row, as far as that row alone tells; false:
// it is refused.
func (u *Understanding) Read(row Row) (Task, bool) {
	if row.No == "" {
		u.errs = append(u.errs, fmt.Errorf("line %d: the row has no number", row.Line))
		return Task{}, false
	}
	if first, seen := u.line[row.No]; seen {
		u.errs = append(u.errs, fmt.Errorf("line %d: number %s stands on line %d already; number the rows of a plan differently", row.Line, row.No, first))
		return Task{}, false
	}
	u.line[row.No] = row.Line
	t := u.row(row)
	if t.Deadline.Kind != Unknown {
		for i, c := range t.No {
			if c == '.' {
				u.timed[t.No[:i]] = true
			}
		}
	}
	return t, true
}

// Err says what was refused of all rows.
func (u *Understanding) Err() error { return errors.Join(u.errs...) }

// Settle completes a task by what the other rows say: after the last one. A
// sub-task has the number of its task and a part more.
func (u *Understanding) Settle(t *Task) {
	if d := &t.Deadline; d.Kind == Unknown && d.noCell() && u.timed[t.No] {
		d.Kind, d.Ongoing, d.Source = Ongoing, true, FromSubTasks
	}
}

func (u *Understanding) row(row Row) Task {
	code, _ := u.units.Match(row.Lead)
	t := Task{
		Key:          Key{Plan: u.plan.ID, No: row.No},
		Lead:         UnitRef{Code: code, Text: row.Lead},
		Coordinating: u.split(row.Coordinating),
		Content:      row.Content,
		Product:      row.Product,
		Note:         row.Note,
		Deadline:     ParseDeadline(row.Deadline, u.plan.Issued),
		Status:       Open,
		DeadlineOn:   u.today,
	}
	if Clean(row.Deadline) == "" {
		if found, ok := DeadlineFromContent(row.Content, u.plan.Issued); ok {
			t.Deadline = found
		}
	}
	return t
}

// maxLists bounds the cells that are remembered.
const maxLists = 10_000

func (u *Understanding) split(cell string) []UnitRef {
	list, known := u.lists[cell]
	if !known {
		list = u.units.Split(cell)
		if len(u.lists) < maxLists {
			u.lists[cell] = list
		}
	}
	return slices.Clone(list)
}
