package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nhacviec/tasks"
	"nhacviec/web"
)

// mostDeadlines is how many of the next deadlines a person wants to read at once.
const mostDeadlines = 5

// importReport is what a person reads of an import, gathered as it arrives.
type importReport struct {
	totals web.ImportTotals
	rows   map[tasks.Fate][][]string // of the difference
	look   toLookAt
}

func newImportReport() *importReport {
	return &importReport{rows: map[tasks.Fate][][]string{}, look: toLookAt{most: mostToLookAt}}
}

func (r *importReport) add(totals web.ImportTotals, t web.ImportedTask) error {
	r.look.add(t.New.ReviewItems()...)
	if firstImport(totals) || t.Fate == tasks.IsSame {
		return nil
	}
	v, note := t.New, ""
	if t.Fate == tasks.IsChanged {
		note = strings.Join(changeNotes(web.ImportedChange{Old: *t.Old, New: t.New, Overruled: t.Overruled}), "; ")
	}
	r.rows[t.Fate] = append(r.rows[t.Fate], []string{string(t.Fate), string(v.No), string(v.Deadline.Kind), v.NextDue.Day(), unitCell(v.Lead), cut(v.Content, taskWidth), note})
	return nil
}

// firstImport reports that nothing of the plan was stored before.
func firstImport(t web.ImportTotals) bool { return t.Count.Changed+t.Count.Gone+t.Count.Same == 0 }

// printImported prints what an import did: of a plan that was not stored yet a
// summary, else the difference.
func (a *app) printImported(r *importReport) error {
	did := "stored"
	if r.totals.DryRun {
		did = "not stored (-n)"
	}
	err := a.printLine(fmt.Sprintf("plan %s, issued %s: %s; %s", r.totals.Plan.ID, r.totals.Plan.Issued.Day(), r.totals.Count, did))
	if err != nil {
		return err
	}
	if firstImport(r.totals) {
		err = a.printSummary(r.totals)
	} else {
		err = a.printTable([]string{"CHANGE", "NO", "KIND", "DUE", "LEAD", "TASK", "WHAT"},
			slices.Concat(r.rows[tasks.IsNew], r.rows[tasks.IsChanged], r.rows[tasks.IsGone]))
	}
	if err != nil {
		return err
	}
	if r.totals.DryRun && r.totals.Asks {
		a.say("note: that cancels more than a tenth of the tasks; storing it asks, or wants --yes")
	}
	return a.printToLookAt(r.look)
}

// printSummary says what a plan is that was not known before.
func (a *app) printSummary(t web.ImportTotals) error {
	var kindWords, dueWords []string
	for _, k := range web.Kinds {
		if n := t.Kinds[tasks.Kind(k)]; n > 0 {
			kindWords = append(kindWords, fmt.Sprintf("%d %s", n, k))
		}
	}
	for i, d := range t.Dues {
		if i == mostDeadlines {
			dueWords = append(dueWords, "…")
			break
		}
		dueWords = append(dueWords, fmt.Sprintf("%s (%s)", d.Due.Day(), plural(d.Tasks, "task")))
	}
	rows := [][]string{
		{"title", cut(t.Plan.Title, 2*taskWidth)},
		{"number", cmp.Or(t.Plan.Number, "-")},
		{"tasks", strconv.Itoa(t.Count.New)},
		{"units", fmt.Sprintf("%d lead, %d coordinate", t.Leads, t.Coordinating)},
		{"deadlines", strings.Join(kindWords, ", ")},
		{"next due", cmp.Or(strings.Join(dueWords, ", "), "-")},
	}
	return a.printTable(rows[0], rows[1:])
}

// changeNotes says what an import changed in a task.
func changeNotes(c web.ImportedChange) []string {
	var notes, words []string
	if c.Old.Status == tasks.Cancelled {
		notes = append(notes, "was cancelled")
	}
	if c.Old.Deadline.Version != c.New.Deadline.Version {
		notes = append(notes, "deadline was: "+deadlineWords(c.Old.Deadline))
	} else if c.Old.Deadline.Words() != c.New.Deadline.Words() {
		words = append(words, "deadline's words")
	}
	if c.Old.Lead.Text != c.New.Lead.Text {
		notes = append(notes, "lead was: "+unitCell(c.Old.Lead))
	}
	for _, f := range []struct{ name, was, is string }{
		{"coordinating", tasks.Cell(c.Old.Coordinating), tasks.Cell(c.New.Coordinating)},
		{"content", c.Old.Content, c.New.Content},
		{"product", c.Old.Product, c.New.Product},
		{"note", c.Old.Note, c.New.Note},
	} {
		if f.was != f.is {
			words = append(words, f.name)
		}
	}
	if len(words) > 0 {
		notes = append(notes, "new: "+strings.Join(words, ", "))
	}
	if len(c.Overruled) > 0 {
		notes = append(notes, "settled by hand before: "+strings.Join(c.Overruled, ", "))
	}
	return notes
}
