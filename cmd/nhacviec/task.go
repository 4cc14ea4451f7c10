package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

// taskVerb is one thing that a person does to a task.
type taskVerb struct {
	action  tasks.Action
	short   string
	example string
	dated   bool // takes a date
	reason  bool // takes a reason, and must have one
}

var taskVerbs = []taskVerb{
	{action: tasks.ActReport, short: "The unit says that the task is done", example: "nhacviec task report 21 --by \"Phòng Tư pháp\""},
	{action: tasks.ActDone, short: "The task is done, or its next due date is", example: "nhacviec task done 21 --note \"Báo cáo số 12/BC-TP\""},
	{action: tasks.ActReopen, short: "The task is open again", example: "nhacviec task reopen 21"},
	{action: tasks.ActHold, short: "Nobody is reminded of the task until it is reopened", example: "nhacviec task hold 21 --note \"chờ hướng dẫn\""},
	{action: tasks.ActConfirm, short: "The deadline was read rightly, even if it is past", example: "nhacviec task confirm 25"},
	{action: tasks.ActExtend, short: "The next due date moves, for a reason", example: "nhacviec task extend 21 31/07/2023 --reason \"Công văn số 812/UBND-NC\"", dated: true, reason: true},
	{action: tasks.ActDue, short: "The task is due on a date that the plan's words do not say", example: "nhacviec task due 55 30/09/2023", dated: true},
}

func newTaskCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "task",
		Short:   "Show one task, or change it",
		Long:    "Task shows or changes one task. Who changed what, when and why is kept in the\nledger.",
		Example: "  nhacviec task show 21\n  nhacviec task done 21 --note \"Báo cáo số 12/BC-TP\"\n  nhacviec task extend 21 31/07/2023 --reason \"Công văn số 812/UBND-NC\"",
		Args:    cobra.ArbitraryArgs,
		RunE:    a.helpOrUnknown,
	}
	cmd.AddCommand(newTaskShowCommand(a))
	for _, v := range taskVerbs {
		cmd.AddCommand(newTaskVerbCommand(a, v))
	}
	cmd.AddCommand(newTaskLeadCommand(a), newTaskEditCommand(a))
	return cmd
}

func newTaskShowCommand(a *app) *cobra.Command {
	var plan string
	cmd := &cobra.Command{
		Use:     "show N",
		Short:   "Show one task whole",
		Example: "  nhacviec task show 21\n  nhacviec task show 21 --plan ct05 --json",
		Args:    arguments("N, the task's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				v, err := c.Task(ctx, tasks.Key{Plan: plan, No: tasks.Number(args[0])})
				if err != nil {
					return err
				}
				return a.printTask(v)
			})
		},
	}
	planFlag(cmd, &plan)
	return cmd
}

func planFlag(cmd *cobra.Command, plan *string) {
	cmd.Flags().StringVar(plan, "plan", "", "the task's plan, when several have that number")
}

func newTaskVerbCommand(a *app, v taskVerb) *cobra.Command {
	var plan, by, note, reason string
	names := []string{"N, the task's number,"}
	use := string(v.action) + " N"
	if v.dated {
		names = append(names, "a DATE such as 30/06/2023")
		use += " DATE"
	}
	names[len(names)-1] = strings.TrimSuffix(names[len(names)-1], ",")
	cmd := &cobra.Command{
		Use:     use,
		Short:   v.short,
		Example: "  " + v.example,
		Args:    arguments(names...),
		RunE: func(cmd *cobra.Command, args []string) error {
			act := web.Act{Key: tasks.Key{Plan: plan, No: tasks.Number(args[0])}, Action: v.action, By: by, Note: note}
			if v.dated {
				day, err := readDate(args[1])
				if err != nil {
					return web.Usage(err.Error(), usageHint(cmd))
				}
				act.Date = day
			}
			if v.reason {
				if strings.TrimSpace(reason) == "" {
					return web.Usage("an extension needs a reason", `--reason "…", such as the number of the document that grants it`)
				}
				act.Note = strings.TrimSuffix(reason+"; "+note, "; ")
			}
			return a.act(cmd.Context(), act)
		},
	}
	planFlag(cmd, &plan)
	ledgerFlags(cmd, &by, &note)
	if v.reason {
		cmd.Flags().StringVar(&reason, "reason", "", "why, for the ledger (required)")
	}
	return cmd
}

// ledgerFlags adds who and why.
func ledgerFlags(cmd *cobra.Command, by, note *string) {
	cmd.Flags().StringVar(by, "by", whoAsks(), "who says so, for the ledger")
	cmd.Flags().StringVar(note, "note", "", "a note for the ledger")
}

// act does something to a task, and prints the task and what there is still to
// look at in it.
func (a *app) act(ctx context.Context, act web.Act) error {
	return a.ask(ctx, changes, func(ctx context.Context, c *web.Client) error {
		view, err := c.Act(ctx, act)
		if err != nil {
			return err
		}
		return a.printDone(view, func() error {
			if err := a.printTasks([]tasks.View{view}); err != nil {
				return err
			}
			return a.printToLookAt(reviewOf(mostToLookAt, view))
		})
	})
}

// printTask prints everything about a task.
func (a *app) printTask(v tasks.View) error {
	if a.json {
		return a.printJSON(v)
	}
	var coordinating []string
	for _, ref := range v.Coordinating {
		coordinating = append(coordinating, unitCell(ref))
	}
	lead := unitCell(v.Lead)
	if v.Lead.Code != "" {
		lead += " (" + v.Lead.Text + ")"
	}
	rows := [][]string{
		{"task", v.Key.String()},
		{"content", v.Content},
		{"lead", lead},
		{"coordinating", cmp.Or(strings.Join(coordinating, ", "), "-")},
		{"deadline", fmt.Sprintf("%s (version %d, from %s)", v.Deadline.Explain(), v.Deadline.Version, v.Deadline.Source)},
		{"plan's words", cmp.Or(v.Deadline.Words(), "-")},
		{"status", string(v.Status)},
		{"state", string(v.State)},
		{"next due", cmp.Or(v.NextDue.Day(), "-")},
		{"product", cmp.Or(v.Product, "-")},
		{"note", cmp.Or(v.Note, "-")},
	}
	for _, f := range []struct {
		name string
		file *string
	}{{"lead", v.ByHand.Lead}, {"coordinating", v.ByHand.Coordinating}, {"content", v.ByHand.Content}, {"product", v.ByHand.Product}, {"note", v.ByHand.Note}} {
		if f.file != nil {
			rows = append(rows, []string{"plan's " + f.name, cmp.Or(*f.file, "-")})
		}
	}
	for _, r := range v.Review {
		rows = append(rows, []string{"look at", r.Reason + ": " + cmp.Or(r.Detail, "-")}, []string{"", "cure: " + r.Cure})
	}
	return a.printTable(rows[0], rows[1:])
}
