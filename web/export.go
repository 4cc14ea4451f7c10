package web

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"nhacviec/tasks"
)

// Export is a plan with the status of its tasks on a day, without those that
// are cancelled, in the order of their numbers.
type Export struct {
	Plan  tasks.Plan     `json:"plan"`
	Day   tasks.Date     `json:"day"`
	Tasks []ExportedTask `json:"tasks"`
}

// ExportedTask is a task in an export.
type ExportedTask struct {
	tasks.View
	DoneThrough tasks.Date `json:"done_through"` // the due dates up to this one are done
	DoneOn      tasks.Date `json:"done_on"`      // the day on which it became done, or was reported
}

func (h *Handler) export(r *http.Request) (any, error) {
	plan, err := h.onePlan(r.URL.Query().Get("plan"))
	if err != nil {
		return nil, err
	}
	tt, err := h.Plans.Tasks(plan.ID)
	if err != nil {
		return nil, err
	}
	setting := h.Setting()
	return NewExport(plan, tt, setting.Units, h.today(), setting.Soon), nil
}

// NewExport returns a plan's tasks as they stand on a day; soon is the largest
// lead time in days.
func NewExport(plan tasks.Plan, tt []tasks.Task, units *tasks.Directory, day tasks.Date, soon int) Export {
	out := Export{Plan: plan, Day: day, Tasks: []ExportedTask{}}
	for _, t := range tt {
		if t.Status == tasks.Cancelled {
			continue
		}
		v := tasks.NewView(t, units, day, soon)
		v.Lead, v.Coordinating = t.Lead, append([]tasks.UnitRef{}, t.Coordinating...) // as the plan has them
		out.Tasks = append(out.Tasks, ExportedTask{v, t.DoneThrough, t.DoneOn})
	}
	slices.SortFunc(out.Tasks, func(a, b ExportedTask) int { return a.Compare(b.Key) })
	return out
}

// onePlan returns a plan; "" means the only one there is.
func (h *Handler) onePlan(id string) (tasks.Plan, error) {
	if err := h.knownPlan(id); err != nil {
		return tasks.Plan{}, err
	}
	plans, err := h.Plans.Plans()
	if err != nil {
		return tasks.Plan{}, err
	}
	ids := make([]string, len(plans))
	for i, p := range plans {
		if ids[i] = p.ID; p.ID == id {
			return p, nil
		}
	}
	switch len(plans) {
	case 0:
		return tasks.Plan{}, Usage("no plan is stored yet", "import one: nhacviec import FILE --issued DD/MM/YYYY")
	case 1:
		return plans[0], nil
	}
	return tasks.Plan{}, Usage("several plans are stored: "+strings.Join(ids, ", "), "say which: --plan "+ids[len(ids)-1])
}

// The columns of an export are those of an annex; a reader of plans knows all
// of them, and passes over the last two.
var exportColumns = []struct {
	heading string
	width   float64 // in a sheet, in characters
}{
	{"STT", 6}, {"Nội dung nhiệm vụ", 60}, {"Đơn vị chủ trì", 22}, {"Đơn vị phối hợp", 28}, {"Thời hạn", 20},
	{"Sản phẩm", 24}, {"Ghi chú", 30}, {"Trạng thái", 20}, {"Ngày hoàn thành", 13},
}

// Row returns the task as a reader found it in the plan. A deadline has the
// words of its cell; what a person made of it is part of the status. So a plan
// is read again as it was.
func (t ExportedTask) Row() tasks.Row {
	return tasks.Row{No: t.No, Lead: t.Lead.Text, Coordinating: tasks.Cell(t.Coordinating), Content: t.Content,
		Deadline: t.Deadline.Text, Product: t.Product, Note: t.Note}
}

// cells returns the task's cells under exportColumns.
func (t ExportedTask) cells(day tasks.Date) []string {
	row, doneOn := t.Row(), ""
	if t.Status == tasks.Done {
		doneOn = t.DoneOn.Day()
	}
	return []string{string(row.No), row.Content, row.Lead, row.Coordinating, row.Deadline, row.Product, row.Note, t.status(day), doneOn}
}

var stateWords = map[tasks.State]string{
	tasks.Today: "Đến hạn hôm nay", tasks.Soon: "Sắp đến hạn", tasks.InTime: "Trong hạn", tasks.OnGoing: "Thường xuyên",
	tasks.Waiting: "Chờ xác định thời hạn", tasks.InReview: "Cần rà soát",
	tasks.State(tasks.Reported): "Đã báo cáo hoàn thành, chờ xác nhận", tasks.State(tasks.Held): "Tạm dừng",
}

// status says where a task stands, and the deadline that a person gave it.
func (t ExportedTask) status(day tasks.Date) string {
	words := cmp.Or(stateWords[t.State], string(t.State))
	due := t.Deadline.Due
	switch {
	case t.State == tasks.Overdue:
		words = fmt.Sprintf("Quá hạn %d ngày", day-t.NextDue)
	case t.Status == tasks.Done && t.Deadline.Kind == tasks.Dated && !t.Deadline.Ongoing && len(due) > 0:
		words = "Hoàn thành đúng hạn"
		if t.DoneOn > due[len(due)-1] {
			words = "Hoàn thành quá hạn"
		}
	case t.Status == tasks.Done:
		words = "Hoàn thành"
	}
	if t.Deadline.Source == tasks.FromAdmin {
		var days []string
		for _, d := range due {
			days = append(days, d.Day())
		}
		words += "; thời hạn điều chỉnh: " + strings.Join(days, ", ")
	}
	if t.DoneThrough != 0 && t.Status != tasks.Done {
		words += "; đã xong đến hạn " + t.DoneThrough.Day()
	}
	return words
}

// heading returns the lines above the table: the title, and where the plan was
// issued with it.
func (e Export) heading() [2]string {
	of := "Kế hoạch"
	if e.Plan.Number != "" {
		of += " số " + e.Plan.Number
	}
	return [2]string{e.Plan.Title, "(Ban hành kèm theo " + of + " ngày " + e.Plan.Issued.Day() + ")"}
}

// WriteCSV writes the export for a spreadsheet program: semicolons, CRLF and a
// byte order mark. A cell that such a program would take for a formula has a '
// in front, which a reader of plans drops.
func (e Export) WriteCSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	write := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = harmless(cell)
		}
		out.Write(cells) // an error stays, for the last Flush
	}
	lines := e.heading()
	write(lines[0])
	write(lines[1])
	head := make([]string, len(exportColumns))
	for i, c := range exportColumns {
		head[i] = c.heading
	}
	write(head...)
	for _, t := range e.Tasks {
		write(t.cells(e.Day)...)
	}
	out.Flush()
	return out.Error()
}

// harmless puts a ' in front of what a spreadsheet program would calculate, and
// of what looks guarded already, so that a reader that drops one has the cell.
func harmless(cell string) string {
	if bare := strings.TrimLeft(cell, "'"); bare != "" && strings.ContainsRune("=+-@\t\r", rune(bare[0])) {
		return "'" + cell
	}
	return cell
}

// plainNumber returns a task's number as a number, if it is one.
func plainNumber(no tasks.Number) (int, bool) {
	n, err := strconv.Atoi(string(no))
	return n, err == nil && strconv.Itoa(n) == string(no)
}
