package web

import (
	"fmt"
	"net/http"
	"strings"

	"nhacviec/tasks"
)

// Act is what a person does to a task.
type Act struct {
	tasks.Key              // Plan may be "" when no other plan has the number
	Action    tasks.Action `json:"action"`
	Date      tasks.Date   `json:"date"`           // for extend and due
	Unit      string       `json:"unit,omitempty"` // for lead: code, name or alias
	Edit      *tasks.Edit  `json:"edit,omitempty"` // for edit
	By        string       `json:"by"`
	Note      string       `json:"note"`
}

func (h *Handler) act(r *http.Request) (any, error) {
	a, err := read[Act](r)
	if err != nil {
		return nil, err
	}
	do, err := a.on(h.Setting().Units, h.today())
	if err != nil {
		return nil, err
	}
	t, err := h.find(a.Key)
	if err != nil {
		return nil, err
	}
	_, change, err := do(t)
	if err != nil {
		return nil, refused(t.Key, err)
	}
	change.By, change.Note = a.By, a.Note
	t, err = h.Plans.Change(t.Key, change, h.Now(), func(t *tasks.Task) error {
		next, _, err := do(*t) // the task as it is now
		if err != nil {
			return refused(t.Key, err)
		}
		*t = next
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.view(t), nil
}

// on checks what is asked for and returns what does it to a task.
func (a Act) on(units *tasks.Directory, today tasks.Date) (func(tasks.Task) (tasks.Task, tasks.Change, error), error) {
	needsDate := a.Action == tasks.ActExtend || a.Action == tasks.ActDue
	switch {
	case needsDate && a.Date == 0:
		return nil, Usage(string(a.Action)+" needs a date", fmt.Sprintf("nhacviec task %s %s DD/MM/YYYY", a.Action, a.No))
	case !needsDate && a.Date != 0:
		return nil, Usage(string(a.Action)+" takes no date", "nhacviec task extend or due N DD/MM/YYYY moves one")
	case a.Action == tasks.ActExtend && strings.TrimSpace(a.Note) == "":
		return nil, Usage("an extension needs a reason", `--reason "…", such as the number of the document that grants it`)
	case a.Action != tasks.ActLead && a.Unit != "":
		return nil, Usage(string(a.Action)+" takes no unit", "nhacviec task lead N UNIT hands a task over")
	case a.Action != tasks.ActEdit && a.Edit != nil:
		return nil, Usage(string(a.Action)+" takes no other words", "nhacviec task edit N changes them")
	case a.Action == tasks.ActEdit && (a.Edit == nil || *a.Edit == tasks.Edit{}):
		return nil, Usage("say what the task is to say", `--content, --product, --task-note or --coordinating "…"`)
	}
	switch a.Action {
	case tasks.ActLead:
		code, err := knownUnit(units, a.Unit)
		if err != nil {
			return nil, err
		}
		unit, _ := units.Unit(code)
		return func(t tasks.Task) (tasks.Task, tasks.Change, error) {
			t.Lead = units.Resolve(t).Lead
			return t.Assign(tasks.UnitRef{Code: code, Text: unit.Name})
		}, nil
	case tasks.ActEdit:
		return func(t tasks.Task) (tasks.Task, tasks.Change, error) { return t.Edit(*a.Edit, units) }, nil
	}
	return func(t tasks.Task) (tasks.Task, tasks.Change, error) { return t.Do(a.Action, a.Date, today) }, nil
}

// refused says that the task is not such that this can be done to it.
func refused(key tasks.Key, err error) *Error {
	return &Error{Message: err.Error(), Hint: fmt.Sprintf("nhacviec task show %s shows the task", key.No), Exit: ExitFailed, Status: http.StatusConflict}
}
