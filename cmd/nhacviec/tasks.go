package main

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

// How many runes of a text a table shows.
const (
	taskWidth = 60
	unitWidth = 34
	wordWidth = 40
)

func newPlansCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "plans",
		Short:   "List the plans",
		Example: "  nhacviec plans\n  nhacviec plans --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				plans, err := c.Plans(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(plans)
				}
				if len(plans) == 0 {
					a.say("no plan is stored yet; import one: nhacviec import FILE --issued DD/MM/YYYY")
				}
				var rows [][]string
				for _, p := range plans {
					rows = append(rows, []string{p.ID, p.Issued.Day(), strconv.Itoa(p.Tasks), strconv.Itoa(p.Done), strconv.Itoa(p.Late), strconv.Itoa(p.Review), p.Number, cut(p.Title, taskWidth)})
				}
				return a.printTable([]string{"PLAN", "ISSUED", "TASKS", "DONE", "OVERDUE", "REVIEW", "NUMBER", "TITLE"}, rows)
			})
		},
	}
}

func newTasksCommand(a *app) *cobra.Command {
	var f web.TaskFilter
	cmd := &cobra.Command{
		Use:   "tasks",
		Short: "List tasks, worst first",
		Long: `Tasks lists the tasks of all plans, worst first. A unit is given by its code or
name; it has the tasks that it leads or coordinates, by itself or in a group.
Search looks for words anywhere in a task, with or without accents. Cancelled
tasks are listed only with --state cancelled.`,
		Example: `  nhacviec tasks --state overdue
  nhacviec tasks --unit "Phòng Tư pháp" --kind dated
  nhacviec tasks --search "ho tich"
  nhacviec tasks --review`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmp.Or(oneOfFlag("state", f.State, web.States), oneOfFlag("kind", f.Kind, web.Kinds)); err != nil {
				return err
			}
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				views, err := c.Tasks(ctx, f)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(views)
				}
				if len(views) == 0 {
					a.say("no task is like that")
				}
				if f.Review {
					return a.printReview(reviewOf(0, views...))
				}
				return a.printTasks(views)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.State, "state", "", "only tasks in this state: "+strings.Join(web.States, ", "))
	flags.StringVar(&f.Unit, "unit", "", "only tasks of this unit, by code or name")
	flags.StringVar(&f.Kind, "kind", "", "only tasks of this kind: "+strings.Join(web.Kinds, ", "))
	flags.StringVar(&f.Plan, "plan", "", "only tasks of this plan")
	flags.StringVar(&f.Search, "search", "", "only tasks with these words")
	flags.BoolVar(&f.Review, "review", false, "only tasks that somebody must look at, with reason and cure")
	completeWith(cmd, "state", web.States)
	completeWith(cmd, "kind", web.Kinds)
	return cmd
}

func (a *app) printTasks(views []tasks.View) error {
	plans := map[string]bool{}
	for _, v := range views {
		plans[v.Plan] = true
	}
	number := func(v tasks.View) string {
		if len(plans) > 1 {
			return v.Key.String()
		}
		return string(v.No)
	}
	var rows [][]string
	for _, v := range views {
		rows = append(rows, []string{number(v), string(v.State), v.NextDue.Day(), unitCell(v.Lead), cut(v.Content, taskWidth)})
	}
	return a.printTable([]string{"NO", "STATE", "DUE", "LEAD", "TASK"}, rows)
}

// reviewOf returns what is to be looked at in the tasks listed.
func reviewOf(most int, views ...tasks.View) toLookAt {
	look := toLookAt{most: most}
	for _, v := range views {
		look.add(v.ReviewItems()...)
	}
	return look
}

// mostToLookAt is how many rows a person wants to read under something else.
const mostToLookAt = 40

// printToLookAt prints under what was done what is to be looked at, if anything.
func (a *app) printToLookAt(look toLookAt) error {
	if look.found == 0 {
		return nil
	}
	for _, line := range []string{"", "to look at:"} {
		if err := a.printLine(line); err != nil {
			return err
		}
	}
	more := look.found - len(look.rows)
	if err := a.printReview(look); err != nil || more <= 0 {
		return err
	}
	return a.printLine(fmt.Sprintf("and %d more: nhacviec tasks --review", more))
}

// printReview prints what is to be looked at.
func (a *app) printReview(look toLookAt) error {
	for _, row := range look.rows {
		row[0] = cut(row[0], wordWidth)
	}
	return a.printTable([]string{"NO", "REASON", "WORDS", "CURE"}, look.rows)
}

// toLookAt is what is to be looked at; tasks with the same trouble and cure
// share a row.
type toLookAt struct {
	most  int // rows that are kept; 0: all
	rows  [][]string
	found int // rows that there would be
	seed  maphash.Seed
	at    map[uint64]int // hash of what a row says -> its index
}

func (l *toLookAt) add(items ...tasks.ReviewItem) {
	if l.at == nil {
		l.seed, l.at = maphash.MakeSeed(), map[uint64]int{}
	}
	for _, r := range items {
		row := []string{string(r.No), r.Reason, cut(r.Detail, wordWidth), r.Cure}
		same := maphash.String(l.seed, strings.Join(append([]string{r.Plan}, row[1:]...), "\x00"))
		i, seen := l.at[same]
		switch {
		case !seen:
			l.at[same] = l.found
			if l.most == 0 || l.found < l.most {
				l.rows = append(l.rows, row)
			}
			l.found++
		case i < len(l.rows) && len(l.rows[i][0]) <= wordWidth: // more would be cut off
			l.rows[i][0] += ", " + row[0]
		}
	}
}

// unitCell shows a unit of a task: its code, or the plan's words in quotes
// while they mean no unit.
func unitCell(r tasks.UnitRef) string {
	switch {
	case r.Code == "" && r.Text == "":
		return "-"
	case r.Code == "":
		return strconv.Quote(cut(r.Text, unitWidth))
	}
	return r.Code
}

// deadlineWords says a deadline in one cell.
func deadlineWords(d tasks.Deadline) string {
	if words := d.Words(); words != "" {
		return cut(words, wordWidth)
	}
	return d.Explain()
}
