package web

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"

	"nhacviec/tasks"
)

// Import is a plan as a reader found it. Title and issue date may be missing
// when the plan is stored already.
type Import struct {
	Plan   tasks.Plan  `json:"plan"`
	Rows   []tasks.Row `json:"rows"`
	By     string      `json:"by"`
	Note   string      `json:"note"`
	DryRun bool        `json:"dry_run"` // show what would change and change nothing
	Dated  string      `json:"dated"`   // what the document says of its date when not the day: "month 6/2023"
	Yes    bool        `json:"yes"`     // even if it cancels more than a tenth of the plan's tasks
}

// Imported is what an import changed, or would change.
type Imported struct {
	Plan    tasks.Plan         `json:"plan"`
	DryRun  bool               `json:"dry_run"`
	New     []tasks.View       `json:"new"`
	Changed []ImportedChange   `json:"changed"`
	Gone    []tasks.View       `json:"gone"` // no longer in the plan: cancelled
	Same    []tasks.View       `json:"same"`
	Review  []tasks.ReviewItem `json:"review"` // of new, changed and same
	Asks    bool               `json:"asks"`   // it cancels so many that storing it wants a yes
}

// ImportedChange is a task before and after an import.
type ImportedChange struct {
	Old tasks.View `json:"old"`
	New tasks.View `json:"new"`
	// Overruled names what somebody had settled and the plan now says anew:
	// deadline, lead, coordinating, content, product, note.
	Overruled []string `json:"overruled"`
}

// planID matches what a plan may be called: it is typed on command lines.
var planID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (h *Handler) importPlan(r *http.Request) (any, error) {
	in, err := read[Import](r)
	if err != nil {
		return nil, err
	}
	p, err := h.complete(in)
	if err != nil {
		return nil, err
	}
	setting, today := h.Setting(), h.today()
	found, err := tasks.Understand(p, in.Rows, setting.Units, today)
	if err != nil {
		return nil, Failure(err.Error(), "nothing was stored; correct the plan's table and import it again")
	}
	if in.DryRun {
		stored, err := h.Plans.Tasks(p.ID)
		if err != nil {
			return nil, err
		}
		return h.imported(p, tasks.Compare(stored, found, today), true), nil
	}
	diff, err := h.Plans.Import(p, h.Now(), in.By, in.Note, func(stored []tasks.Task) (tasks.Difference, error) {
		diff := tasks.Compare(stored, found, today)
		if alive := diff.Alive(); !in.Yes && diff.CancelsMany() {
			return diff, &Error{
				Message: fmt.Sprintf("this would cancel %d of the %d tasks of plan %s; nothing was stored", len(diff.Gone), alive, p.ID),
				Hint:    "is it the whole plan? -n shows what would change; if it is meant, add --yes",
				Ask:     fmt.Sprintf("Cancel %d of the %d tasks of plan %s?", len(diff.Gone), alive, p.ID),
				Exit:    ExitUsage, Status: http.StatusConflict,
			}
		}
		return diff, nil
	})
	if err != nil {
		return nil, err
	}
	return h.imported(p, diff, false), nil
}

// complete checks what the plan says of itself and adds what is stored of it.
func (h *Handler) complete(in Import) (tasks.Plan, error) {
	p := in.Plan
	if !planID.MatchString(p.ID) {
		return p, Usage(fmt.Sprintf("%q cannot be the id of a plan", p.ID), "give a short one of letters, digits and hyphens: --plan ct05")
	}
	plans, err := h.Plans.Plans()
	if err != nil {
		return p, err
	}
	for _, stored := range plans {
		if stored.ID == p.ID {
			p.Title = cmp.Or(p.Title, stored.Title)
			p.Number = cmp.Or(p.Number, stored.Number)
			p.Issued = cmp.Or(p.Issued, stored.Issued)
		}
	}
	p.Title = cmp.Or(p.Title, p.ID)
	if p.Issued == 0 && in.Dated != "" {
		return p, Usage(fmt.Sprintf("the document names only %s as its date; nothing was stored", in.Dated), "give the date: --issued DD/MM/YYYY")
	}
	if p.Issued == 0 {
		return p, Usage("the document does not say when the plan was issued; nothing was stored", "give the date: --issued DD/MM/YYYY")
	}
	return p, nil
}

func (h *Handler) imported(p tasks.Plan, d tasks.Difference, dryRun bool) Imported {
	out := Imported{Plan: p, DryRun: dryRun, Asks: d.CancelsMany(), New: []tasks.View{}, Changed: []ImportedChange{}, Gone: []tasks.View{}, Same: []tasks.View{}, Review: []tasks.ReviewItem{}}
	setting, today := h.Setting(), h.today()
	keep := func(t tasks.Task) tasks.View {
		out.Review = append(out.Review, tasks.Review(t, setting.Units, today)...)
		return h.view(t)
	}
	for _, t := range d.New {
		out.New = append(out.New, keep(t))
	}
	for _, c := range d.Changed {
		out.Changed = append(out.Changed, ImportedChange{h.view(c.Old), keep(c.New), c.Overruled()})
	}
	for _, t := range d.Gone {
		out.Gone = append(out.Gone, h.view(t))
	}
	for _, t := range d.Same {
		out.Same = append(out.Same, keep(t))
	}
	return out
}
