package web

import (
	"fmt"
	"slices"
	"strings"

	"nhacviec/tasks"
)

// TaskFilter chooses tasks; empty fields choose everything.
type TaskFilter struct {
	State  string // a state or a status
	Unit   string // code, name or alias of a unit that leads or coordinates, by itself or in a group
	Kind   string
	Plan   string
	Search string // words, with or without accents, somewhere in the task
	Review bool   // only what somebody must look at
}

// States are the words that choose tasks by state or status.
var States = []string{
	string(tasks.Overdue), string(tasks.Today), string(tasks.Soon), string(tasks.InTime), string(tasks.OnGoing), string(tasks.Waiting),
	string(tasks.InReview), string(tasks.Open), string(tasks.Reported), string(tasks.Done), string(tasks.Held), string(tasks.Cancelled),
}

// Kinds are the words that choose tasks by the kind of their deadline.
var Kinds = []string{
	string(tasks.Dated), string(tasks.Periodic), string(tasks.Ongoing), string(tasks.Awaiting), string(tasks.Unknown),
}

// filter checks a filter's words and returns what it chooses. Cancelled tasks
// are chosen only by their state.
func (h *Handler) filter(f TaskFilter) (chosen func(tasks.View) bool, err error) {
	if f.State != "" {
		if err := oneOf("state", f.State, States); err != nil {
			return nil, err
		}
	}
	if f.Kind != "" {
		if err := oneOf("kind", f.Kind, Kinds); err != nil {
			return nil, err
		}
	}
	if err := h.knownPlan(f.Plan); err != nil {
		return nil, err
	}
	units := h.Setting().Units
	unit := ""
	if f.Unit != "" {
		if unit, err = knownUnit(units, f.Unit); err != nil {
			return nil, err
		}
	}
	words := strings.Fields(tasks.Bare(f.Search))
	return func(v tasks.View) bool {
		switch {
		case f.State == "" && v.Status == tasks.Cancelled:
			return false
		case f.State != "" && f.State != string(v.State) && f.State != string(v.Status):
			return false
		case f.Kind != "" && f.Kind != string(v.Deadline.Kind):
			return false
		case unit != "" && !concerns(units, v, unit):
			return false
		case f.Review && len(v.Review) == 0:
			return false
		}
		return len(words) == 0 || containsAll(searchable(v), words)
	}, nil
}

// concerns reports whether a unit leads or coordinates a task, by its own name
// or as a member of a group.
func concerns(d *tasks.Directory, v tasks.View, unit string) bool {
	for _, ref := range append([]tasks.UnitRef{v.Lead}, v.Coordinating...) {
		if ref.Code != "" && within(d, unit, ref.Code) {
			return true
		}
	}
	return false
}

// within reports whether a unit is another one, or a member of it at any depth.
func within(d *tasks.Directory, unit, of string) bool {
	if unit == of {
		return true
	}
	group, _ := d.Unit(of) // a directory in force has no group within itself
	return slices.ContainsFunc(group.Members, func(member string) bool { return within(d, unit, member) })
}

// searchable is the text in which words are looked for, without accents.
func searchable(v tasks.View) string {
	parts := []string{string(v.No), v.Content, v.Product, v.Note, v.Deadline.Words(), v.Lead.Text}
	for _, ref := range v.Coordinating {
		parts = append(parts, ref.Text)
	}
	return tasks.Bare(strings.Join(parts, "\n"))
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// knownUnit returns the code of the unit that a person means by its code, name
// or alias.
func knownUnit(d *tasks.Directory, words string) (code string, err error) {
	if code, ok := d.Match(words); ok {
		return code, nil
	}
	hint := "nhacviec units lists them"
	if like := d.Suggest(words); len(like) > 0 {
		hint = "did you mean " + strings.Join(like, " or ") + "? " + hint
	}
	return "", Usage(fmt.Sprintf("no unit is called %q", words), hint)
}

// oneOf refuses a word that is not among those allowed.
func oneOf(what, word string, allowed []string) error {
	if slices.Contains(allowed, word) {
		return nil
	}
	hint := "one of: " + strings.Join(allowed, ", ")
	if len(allowed) == 0 {
		hint = "there is none yet"
	}
	return Usage(fmt.Sprintf("no %s is called %q", what, word), hint)
}
