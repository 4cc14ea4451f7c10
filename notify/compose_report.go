package notify

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nhacviec/tasks"
)

// tally counts tasks as the official totals do: done {on time, late} x not
// done {in time, overdue}. What has no due date, or none that holds, is other.
type tally struct {
	doneInTime, doneLate, openInTime, openLate, other int
}

func (t tally) done() int  { return t.doneInTime + t.doneLate }
func (t tally) open() int  { return t.openInTime + t.openLate }
func (t tally) dated() int { return t.done() + t.open() }

// cell returns the count in which a task belongs on a day.
func (t *tally) cell(task tasks.Task, day tasks.Date) *int {
	// lateOn reports whether a due date had passed undone before a day.
	lateOn := func(on tasks.Date) bool {
		if task.Deadline.Kind == tasks.Dated {
			due := task.Deadline.Due
			return due[len(due)-1] < on
		}
		task.Status = tasks.Open
		due := task.NextDue(on)
		return due != 0 && due < on
	}
	hasDates := task.Deadline.Kind == tasks.Periodic || task.Deadline.Kind == tasks.Dated && len(task.Deadline.Due) > 0
	switch task.Status {
	case tasks.Done:
		switch {
		case !hasDates || task.DoneOn == 0:
			return &t.other
		case lateOn(task.DoneOn):
			return &t.doneLate
		}
		return &t.doneInTime
	case tasks.Reported: // not done until the office says so; its clock stopped on the day of the report
		on := day
		if task.DoneOn != 0 {
			on = task.DoneOn
		}
		task.Status = tasks.Open
		return t.openCell(task.StateOn(on, 0))
	}
	return t.openCell(task.StateOn(day, 0))
}

func (t *tally) openCell(s tasks.State) *int {
	switch s {
	case tasks.Overdue:
		return &t.openLate
	case tasks.Today, tasks.Soon, tasks.InTime:
		return &t.openInTime
	}
	return &t.other
}

// report gives the office the state of everything on the message's day.
func (c *composer) report() (letter, error) {
	var all tally
	var order []string // lead units as the plan lists them
	byUnit := map[string]*tally{}
	beside := map[string]int{}
	toReview := 0
	var overdue []row
	var keys []tasks.Key
	for _, k := range slices.SortedFunc(maps.Keys(c.Tasks), tasks.Key.Compare) {
		t, err := c.task(k)
		if err != nil {
			return letter{}, err
		}
		if t.Status == tasks.Cancelled {
			continue
		}
		keys = append(keys, k)
		toReview += len(tasks.Review(t, c.Units, c.day))
		name := c.leadName(t)
		if byUnit[name] == nil {
			byUnit[name] = &tally{}
			order = append(order, name)
		}
		*byUnit[name].cell(t, c.day)++
		cell := all.cell(t, c.day)
		*cell++
		if t.Status == tasks.Reported {
			beside["reported"]++
		}
		switch {
		case cell == &all.other && t.Status == tasks.Done:
			beside["closed"]++
		case cell == &all.other && t.Status == tasks.Held:
			beside["held"]++
		case cell == &all.other:
			open := t
			open.Status = tasks.Open
			beside[string(open.StateOn(c.day, 0))]++
		case cell == &all.openLate:
			due := t.NextDue(c.day)
			r := row{key: k, due: due, Tone: late, No: number(t.No), Name: plain(t.Content, mostName), Role: c.roleLine(t)}
			r.State, r.When = capital(daysLeft(int(due-c.day))), "hạn "+longDay(due)
			overdue = append(overdue, r)
		}
	}
	if len(keys) == 0 {
		return letter{}, errors.New("the briefing has no tasks")
	}
	slices.SortStableFunc(overdue, func(a, b row) int { return cmp.Or(cmp.Compare(a.due, b.due), a.key.Compare(b.key)) })
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(byUnit[b].openLate, byUnit[a].openLate) })

	l := letter{
		Headline: fmt.Sprintf("%d nhiệm vụ có thời hạn: %d đã hoàn thành, %d chưa hoàn thành", all.dated(), all.done(), all.open()),
		Basis:    c.basis(keys),
		Boxes: [][]box{
			{{done, all.doneInTime, "Đã hoàn thành, đúng hạn"}, {doneLate, all.doneLate, "Đã hoàn thành, quá hạn"}},
			{{fine, all.openInTime, "Chưa hoàn thành, trong hạn"}, {late, all.openLate, "Chưa hoàn thành, quá hạn"}},
		},
		Table: &table{Head: []string{"Hoàn thành đúng hạn", "Hoàn thành quá hạn", "Trong hạn", "Quá hạn", "Khác"}},
	}
	counts := []string{"Báo cáo tuần"}
	if all.openLate > 0 {
		l.Headline += fmt.Sprintf(", trong đó %d quá hạn", all.openLate)
		counts[0] += fmt.Sprintf(": %d quá hạn", all.openLate)
	} else {
		counts[0] += ": không có nhiệm vụ quá hạn"
	}
	l.Subject = c.subject(counts)
	l.Preheader = fmt.Sprintf("Đã hoàn thành %d (đúng hạn %d), chưa hoàn thành %d (quá hạn %d), tính đến %s.", all.done(), all.doneInTime, all.open(), all.openLate, longDay(c.day))

	var other []string
	for _, b := range []struct{ key, words string }{
		{string(tasks.OnGoing), "việc thường xuyên"},
		{string(tasks.Waiting), "nhiệm vụ chưa có thời hạn"},
		{string(tasks.InReview), "nhiệm vụ cần rà soát thời hạn"},
		{"held", "nhiệm vụ tạm dừng"},
		{"closed", "nhiệm vụ đã kết thúc, thiếu thời hạn hoặc ngày hoàn thành"},
	} {
		if n := beside[b.key]; n > 0 {
			other = append(other, counted(n, b.words))
		}
	}
	l.Notes = append(l.Notes, fmt.Sprintf("Số liệu tính đến %s, trên tổng số %d nhiệm vụ.", longDay(c.day), len(keys)))
	if len(other) > 0 {
		l.Notes = append(l.Notes, "Ngoài các nhiệm vụ có thời hạn (mục “Khác”): "+strings.Join(other, "; ")+".")
	}
	if n := beside["reported"]; n > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("Trong số chưa hoàn thành, %d nhiệm vụ đơn vị đã báo hoàn thành, chờ xác nhận.", n))
	}
	if toReview > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("Có %d điểm cần rà soát; xem bằng lệnh: nhacviec tasks --review", toReview))
	}
	for _, name := range order {
		u := byUnit[name]
		l.Table.Rows = append(l.Table.Rows, tableRow{name, []int{u.doneInTime, u.doneLate, u.openInTime, u.openLate, u.other}})
	}
	var left int
	if l.Groups, left = shorten([]group{{Tone: late, Icon: "■", Title: "Quá hạn", Rows: overdue}}); left > 0 {
		l.More = fmt.Sprintf("Còn %d nhiệm vụ nữa; xem bằng lệnh: nhacviec tasks --state overdue", left)
	}
	return l, nil
}
