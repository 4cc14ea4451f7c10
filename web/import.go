package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"path/filepath"
	"regexp"

	"nhacviec/tasks"
)

// Import is a plan as a reader found it. Title and issue date may be missing
// when the plan is stored already. On the wire the rows follow the rest, one
// after the other.
type Import struct {
	Plan   tasks.Plan  `json:"plan"`
	Rows   []tasks.Row `json:"-"`
	By     string      `json:"by"`
	Note   string      `json:"note"`
	DryRun bool        `json:"dry_run"` // show what would change and change nothing
	Dated  string      `json:"dated"`   // what the document says of its date when not the day: "month 6/2023"
	Yes    bool        `json:"yes"`     // even if it cancels more than a tenth of the plan's tasks
	Brief  bool        `json:"brief"`   // answer only with the tasks that a person reads of, see ImportedTask
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

// ImportTotals is what an import changed, in numbers.
type ImportTotals struct {
	Plan   tasks.Plan       `json:"plan"`
	DryRun bool             `json:"dry_run"`
	Asks   bool             `json:"asks"`
	Count  tasks.Difference `json:"count"`

	// Of the new tasks alone.
	Leads        int                `json:"leads"` // units
	Coordinating int                `json:"coordinating"`
	Kinds        map[tasks.Kind]int `json:"kinds"`
	Dues         []DueCount         `json:"dues"` // to come, the next first
}

// DueCount is how many tasks are due on a day.
type DueCount struct {
	Due   tasks.Date `json:"due"`
	Tasks int        `json:"tasks"`
}

// ImportedTask is one task of an import. When a Brief answer is asked for, it is
// left out if nothing is to be looked at and it stays the same, or belongs to a
// plan that was not stored before.
type ImportedTask struct {
	Fate      tasks.Fate  `json:"fate"`
	Old       *tasks.View `json:"old,omitempty"` // of a changed one
	New       tasks.View  `json:"new"`
	Overruled []string    `json:"overruled,omitempty"` // see ImportedChange
}

// planID matches what a plan may be called: it is typed on command lines.
var planID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// errDryRun ends an import that only shows.
var errDryRun = errors.New("dry run")

// importPlan answers with ImportTotals and then each ImportedTask. It goes
// through the rows as they come and keeps the tasks in a file: the plan may be
// larger than the memory.
func (h *Handler) importPlan(r *http.Request, emit func(any) error) error {
	defer io.Copy(io.Discard, r.Body) // who still writes does not read an answer
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	var in Import
	if err := d.Decode(&in); err != nil {
		return malformed(err)
	}
	p, known, err := h.complete(in)
	if err != nil {
		return err
	}
	u := tasks.NewUnderstanding(p, h.Setting().Units, h.today())
	found := spool[tasks.Task]{dir: filepath.Dir(h.Store)}
	defer found.close()
	if err := understand(d, u, &found); err != nil {
		return err
	}
	report := h.newImportReport(in, known)
	defer report.tasks.close()
	err = h.Plans.Import(p, h.Now(), in.By, in.Note, func(stored tasks.Stored, keep func(tasks.Compared) error) error {
		err := tasks.Compare(stored, settled(u, &found), report.today, func(c tasks.Compared) error {
			if in.DryRun {
				return report.add(c)
			}
			return errors.Join(report.add(c), keep(c))
		})
		switch {
		case err != nil:
			return err
		case in.DryRun:
			return errDryRun
		case !in.Yes && report.count.CancelsMany():
			return asks(p, report.count)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return err
	}
	return report.emit(p, emit)
}

// understand keeps the tasks of the rows that come.
func understand(d *json.Decoder, u *tasks.Understanding, found *spool[tasks.Task]) error {
	for {
		var row tasks.Row
		if err := d.Decode(&row); err == io.EOF {
			break
		} else if err != nil {
			return malformed(err)
		}
		if t, ok := u.Read(row); ok {
			if err := found.add(t); err != nil {
				return err
			}
		}
	}
	if err := u.Err(); err != nil {
		return Failure(err.Error(), "nothing was stored; correct the plan's table and import it again")
	}
	return nil
}

// settled yields the tasks as all rows together tell them.
func settled(u *tasks.Understanding, found *spool[tasks.Task]) iter.Seq2[tasks.Task, error] {
	return func(yield func(tasks.Task, error) bool) {
		for t, err := range found.all() {
			u.Settle(&t)
			if !yield(t, err) {
				return
			}
		}
	}
}

func asks(p tasks.Plan, count tasks.Difference) *Error {
	return &Error{
		Message: fmt.Sprintf("this would cancel %d of the %d tasks of plan %s; nothing was stored", count.Gone, count.Alive(), p.ID),
		Hint:    "is it the whole plan? -n shows what would change; if it is meant, add --yes",
		Ask:     fmt.Sprintf("Cancel %d of the %d tasks of plan %s?", count.Gone, count.Alive(), p.ID),
		Exit:    ExitUsage, Status: http.StatusConflict,
	}
}

// complete checks what the plan says of itself and adds what is stored of it;
// known says that something is.
func (h *Handler) complete(in Import) (p tasks.Plan, known bool, err error) {
	p = in.Plan
	if !planID.MatchString(p.ID) {
		return p, known, Usage(fmt.Sprintf("%q cannot be the id of a plan", p.ID), "give a short one of letters, digits and hyphens: --plan ct05")
	}
	plans, err := h.Plans.Plans()
	if err != nil {
		return p, known, err
	}
	for _, stored := range plans {
		if stored.ID == p.ID {
			known = true
			p.Title = cmp.Or(p.Title, stored.Title)
			p.Number = cmp.Or(p.Number, stored.Number)
			p.Issued = cmp.Or(p.Issued, stored.Issued)
		}
	}
	p.Title = cmp.Or(p.Title, p.ID)
	if p.Issued == 0 && in.Dated != "" {
		return p, known, Usage(fmt.Sprintf("the document names only %s as its date; nothing was stored", in.Dated), "give the date: --issued DD/MM/YYYY")
	}
	if p.Issued == 0 {
		return p, known, Usage("the document does not say when the plan was issued; nothing was stored", "give the date: --issued DD/MM/YYYY")
	}
	return p, known, nil
}
