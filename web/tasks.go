package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"nhacviec/tasks"
)

// PlanSummary is a plan and how far it is. Done counts tasks that are done,
// Late those not done and overdue; cancelled tasks are in no count.
type PlanSummary struct {
	tasks.Plan
	Tasks  int `json:"tasks"`
	Done   int `json:"done"`
	Late   int `json:"overdue"`
	Review int `json:"review"` // tasks that somebody must look at
}

func (h *Handler) plans(*http.Request) (any, error) {
	plans, err := h.Plans.Plans()
	if err != nil {
		return nil, err
	}
	views, err := h.views("")
	if err != nil {
		return nil, err
	}
	out := make([]PlanSummary, 0, len(plans))
	for _, p := range plans {
		s := PlanSummary{Plan: p}
		for _, v := range views {
			if v.Plan == p.ID && v.Status != tasks.Cancelled {
				s.Tasks++
				s.Done += count(v.Status == tasks.Done)
				s.Late += count(v.State == tasks.Overdue)
				s.Review += count(len(v.Review) > 0)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// UnitSummary is a unit and the tasks, not done, that it leads or coordinates
// by its own name.
type UnitSummary struct {
	tasks.Unit
	Leads       int `json:"leads"`
	Coordinates int `json:"coordinates"`
	Late        int `json:"overdue"` // of those it leads
}

func (h *Handler) units(*http.Request) (any, error) {
	views, err := h.views("")
	if err != nil {
		return nil, err
	}
	units := h.Setting().Units.Units()
	out := make([]UnitSummary, 0, len(units))
	for _, u := range units {
		s := UnitSummary{Unit: u}
		for _, v := range views {
			if v.Status == tasks.Done || v.Status == tasks.Cancelled {
				continue
			}
			s.Leads += count(v.Lead.Code == u.Code)
			s.Late += count(v.Lead.Code == u.Code && v.State == tasks.Overdue)
			s.Coordinates += count(slices.ContainsFunc(v.Coordinating, func(r tasks.UnitRef) bool { return r.Code == u.Code }))
		}
		out = append(out, s)
	}
	return out, nil
}

func (h *Handler) unresolved(*http.Request) (any, error) {
	tt, err := h.Plans.Tasks("")
	if err != nil {
		return nil, err
	}
	return tasks.FindUnresolved(tt, h.Setting().Units), nil
}

// views returns the tasks of a plan, or of all, as they are printed today.
func (h *Handler) views(plan string) ([]tasks.View, error) {
	tt, err := h.Plans.Tasks(plan)
	if err != nil {
		return nil, err
	}
	out := make([]tasks.View, len(tt))
	for i, t := range tt {
		out[i] = h.view(t)
	}
	return out, nil
}

func (h *Handler) view(t tasks.Task) tasks.View {
	s := h.Setting()
	return tasks.NewView(t, s.Units, h.today(), s.Soon)
}

func (h *Handler) tasks(r *http.Request) (any, error) {
	q := r.URL.Query()
	chosen, err := h.filter(TaskFilter{
		State:  q.Get("state"),
		Unit:   q.Get("unit"),
		Kind:   q.Get("kind"),
		Plan:   q.Get("plan"),
		Search: q.Get("search"),
		Review: q.Has("review"),
	})
	if err != nil {
		return nil, err
	}
	views, err := h.views(q.Get("plan"))
	if err != nil {
		return nil, err
	}
	views = slices.DeleteFunc(views, func(v tasks.View) bool { return !chosen(v) })
	tasks.Worst(views)
	return views, nil
}

func (h *Handler) task(r *http.Request) (any, error) {
	t, err := h.find(tasks.Key{Plan: r.URL.Query().Get("plan"), No: tasks.Number(r.URL.Query().Get("no"))})
	if err != nil {
		return nil, err
	}
	return h.view(t), nil
}

// find returns the task that a person means: the plan may be missing when only
// one plan has a task of that number, or one that is not cancelled.
func (h *Handler) find(key tasks.Key) (tasks.Task, error) {
	if err := h.knownPlan(key.Plan); err != nil {
		return tasks.Task{}, err
	}
	all, err := h.Plans.Tasks(key.Plan)
	if err != nil {
		return tasks.Task{}, err
	}
	found := slices.DeleteFunc(all, func(t tasks.Task) bool { return t.No != key.No })
	if len(found) > 1 {
		alive := slices.DeleteFunc(slices.Clone(found), func(t tasks.Task) bool { return t.Status == tasks.Cancelled })
		if len(alive) == 1 {
			found = alive
		}
	}
	switch len(found) {
	case 0:
		return tasks.Task{}, noTask(key.No)
	case 1:
		return found[0], nil
	}
	plans := make([]string, len(found))
	for i, t := range found {
		plans[i] = t.Plan
	}
	return tasks.Task{}, Usage(fmt.Sprintf("several plans have a task %s: %s", key.No, strings.Join(plans, ", ")),
		"say which: --plan "+plans[len(plans)-1])
}

func noTask(no tasks.Number) *Error {
	return &Error{Message: fmt.Sprintf("no task has the number %q", no), Hint: "nhacviec tasks lists them",
		Exit: ExitFailed, Status: http.StatusNotFound}
}

// knownPlan refuses the id of a plan that is not stored; "" is none.
func (h *Handler) knownPlan(id string) error {
	if id == "" {
		return nil
	}
	plans, err := h.Plans.Plans()
	if err != nil {
		return err
	}
	ids := make([]string, len(plans))
	for i, p := range plans {
		ids[i] = p.ID
	}
	return oneOf("plan", id, ids)
}

// Library is everything that is stored of the plans, as it is stored.
type Library struct {
	Plans []tasks.Plan `json:"plans"`
	Tasks []tasks.Task `json:"tasks"`
}

func (h *Handler) library(*http.Request) (any, error) {
	var l Library
	var err error
	if l.Plans, err = h.Plans.Plans(); err != nil {
		return nil, err
	}
	l.Tasks, err = h.Plans.Tasks("")
	return l, err
}
