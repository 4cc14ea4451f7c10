package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"nhacviec/tasks"
	"nhacviec/web"
)

// mostDeadlines is how many of the next deadlines a person wants to read at once.
const mostDeadlines = 5

// printImported prints what an import did: of a plan that was not stored yet a
// summary, else the difference.
func (a *app) printImported(found web.Imported) error {
	did := "stored"
	if found.DryRun {
		did = "not stored (-n)"
	}
	err := a.printLine(fmt.Sprintf("plan %s, issued %s: %d new, %d changed, %d gone, %d the same; %s",
		found.Plan.ID, found.Plan.Issued.Day(), len(found.New), len(found.Changed), len(found.Gone), len(found.Same), did))
	if err != nil {
		return err
	}
	if len(found.Changed)+len(found.Gone)+len(found.Same) == 0 {
		err = a.printSummary(found)
	} else {
		err = a.printDifference(found)
	}
	if err != nil {
		return err
	}
	if found.DryRun && found.Asks {
		a.say("note: that cancels more than a tenth of the tasks; storing it asks, or wants --yes")
	}
	return a.printToLookAt(found.Review)
}

// printSummary says what a plan is that was not known before.
func (a *app) printSummary(found web.Imported) error {
	leads, others := map[string]bool{}, map[string]bool{}
	kinds := map[tasks.Kind]int{}
	dues := map[tasks.Date]int{}
	name := func(r tasks.UnitRef) string { return cmp.Or(r.Code, r.Text) }
	for _, v := range found.New {
		leads[name(v.Lead)] = true
		for _, r := range v.Coordinating {
			others[name(r)] = true
		}
		kinds[v.Deadline.Kind]++
		if v.State == tasks.Today || v.State == tasks.Soon || v.State == tasks.InTime {
			dues[v.NextDue]++
		}
	}
	var kindWords, dueWords []string
	for _, k := range web.Kinds {
		if n := kinds[tasks.Kind(k)]; n > 0 {
			kindWords = append(kindWords, fmt.Sprintf("%d %s", n, k))
		}
	}
	for i, due := range slices.Sorted(maps.Keys(dues)) {
		if i == mostDeadlines {
			dueWords = append(dueWords, "…")
			break
		}
		dueWords = append(dueWords, fmt.Sprintf("%s (%s)", due.Day(), plural(dues[due], "task")))
	}
	rows := [][]string{
		{"title", cut(found.Plan.Title, 2*taskWidth)},
		{"number", cmp.Or(found.Plan.Number, "-")},
		{"tasks", strconv.Itoa(len(found.New))},
		{"units", fmt.Sprintf("%d lead, %d coordinate", len(leads), len(others))},
		{"deadlines", strings.Join(kindWords, ", ")},
		{"next due", cmp.Or(strings.Join(dueWords, ", "), "-")},
	}
	return a.printTable(rows[0], rows[1:])
}

// printDifference says what became of a plan that was known before.
func (a *app) printDifference(found web.Imported) error {
	var rows [][]string
	row := func(what string, v tasks.View, note string) {
		rows = append(rows, []string{what, string(v.No), string(v.Deadline.Kind), v.NextDue.Day(), unitCell(v.Lead), cut(v.Content, taskWidth), note})
	}
	for _, v := range found.New {
		row("new", v, "")
	}
	for _, c := range found.Changed {
		row("changed", c.New, strings.Join(changeNotes(c), "; "))
	}
	for _, v := range found.Gone {
		row("gone", v, "")
	}
	return a.printTable([]string{"CHANGE", "NO", "KIND", "DUE", "LEAD", "TASK", "WHAT"}, rows)
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
