package tasks

import (
	"errors"
	"fmt"
)

// Understand turns the rows of a plan's table into open tasks, in the order of
// the rows: units are matched, deadlines read, from the content if the cell is
// empty. today is recorded as the day of the deadlines. Rows without a number
// and numbers that occur twice are refused, all in one error.
//
// A task that says nothing about time but has sub-tasks that do (3, with 3.a
// and 3.b) asks for no date and for no reminder of its own. It is ongoing, so
// that every list and report has it, until the office says that it is done.
func Understand(p Plan, rows []Row, d *Directory, today Date) ([]Task, error) {
	var errs []error
	if p.ID == "" {
		errs = append(errs, errors.New("the plan has no id"))
	}
	tt := make([]Task, 0, len(rows))
	line := make(map[Number]int, len(rows))
	for _, row := range rows {
		if row.No == "" {
			errs = append(errs, fmt.Errorf("line %d: the row has no number", row.Line))
			continue
		}
		if first, seen := line[row.No]; seen {
			errs = append(errs, fmt.Errorf("line %d: number %s stands on line %d already; number the rows of a plan differently", row.Line, row.No, first))
			continue
		}
		line[row.No] = row.Line
		tt = append(tt, understandRow(p, row, d, today))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	leaveToSubTasks(tt)
	return tt, nil
}

// leaveToSubTasks marks the tasks whose sub-tasks alone say something about
// time. A sub-task has the number of its task and a part more.
func leaveToSubTasks(tt []Task) {
	has := map[Number]bool{} // sub-tasks whose deadline is understood
	for _, t := range tt {
		if t.Deadline.Kind == Unknown {
			continue
		}
		for i, c := range t.No {
			if c == '.' {
				has[t.No[:i]] = true
			}
		}
	}
	for i := range tt {
		if d := &tt[i].Deadline; d.Kind == Unknown && d.noCell() && has[tt[i].No] {
			d.Kind, d.Ongoing, d.Source = Ongoing, true, FromSubTasks
		}
	}
}

func understandRow(p Plan, row Row, d *Directory, today Date) Task {
	code, _ := d.Match(row.Lead)
	t := Task{
		Key:          Key{Plan: p.ID, No: row.No},
		Lead:         UnitRef{Code: code, Text: row.Lead},
		Coordinating: d.Split(row.Coordinating),
		Content:      row.Content,
		Product:      row.Product,
		Note:         row.Note,
		Deadline:     ParseDeadline(row.Deadline, p.Issued),
		Status:       Open,
		DeadlineOn:   today,
	}
	if Clean(row.Deadline) == "" {
		if found, ok := DeadlineFromContent(row.Content, p.Issued); ok {
			t.Deadline = found
		}
	}
	return t
}
