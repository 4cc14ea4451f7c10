package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/web"
)

func newForecastCommand(a *app) *cobra.Command {
	var from, to dateFlag
	var unit string
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "List every message of a period",
		Long: `Forecast lists the messages that will be sent if nothing changes: from now, or
the beginning of a day, to thirty days on, or the end of a day.`,
		Example: `  nhacviec forecast
  nhacviec forecast --from 01/07/2023 --to 31/07/2023 --unit tu-phap
  nhacviec forecast --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				messages, err := c.Forecast(ctx, from.Date, to.Date, unit)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(messages)
				}
				a.say("%s", plural(len(messages), "message"))
				return a.printMessages(messages)
			})
		},
	}
	cmd.Flags().Var(&from, "from", "first day (default now)")
	cmd.Flags().Var(&to, "to", "last day (default thirty days on)")
	cmd.Flags().StringVar(&unit, "unit", "", "only messages to this unit, by code or name; of a group, to its members")
	return cmd
}

func (a *app) printMessages(messages []tasks.Message) error {
	var rows [][]string
	for _, m := range messages {
		rows = append(rows, []string{clock(m.At), string(m.Kind), m.Unit, string(m.Channel), m.Address, cut(stepWords(m), taskWidth)})
	}
	return a.printTable([]string{"WHEN", "KIND", "UNIT", "CHANNEL", "ADDRESS", "TASKS"}, rows)
}

// stepWords lists what a message is about: "21 T-14, 23 overdue+1".
func stepWords(m tasks.Message) string {
	var words []string
	for _, s := range m.Steps {
		words = append(words, string(s.No)+" "+s.Name)
	}
	for _, r := range m.Review {
		words = append(words, string(r.No)+" "+r.Reason)
	}
	return strings.Join(words, ", ")
}

func newExplainCommand(a *app) *cobra.Command {
	var on dateFlag
	var plan string
	cmd := &cobra.Command{
		Use:     "explain N",
		Short:   "Say who is told about a task, when, by which rule, and why not",
		Example: "  nhacviec explain 21\n  nhacviec explain 21 --on 30/06/2023",
		Args:    arguments("N, the task's number"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				var found scheduler.Explanation
				if err := c.Explain(ctx, tasks.Key{Plan: plan, No: tasks.Number(args[0])}, on.Date, &found); err != nil {
					return err
				}
				if a.json {
					return a.printJSON(found)
				}
				return a.printExplanation(found)
			})
		},
	}
	cmd.Flags().Var(&on, "on", "the day (default today)")
	planFlag(cmd, &plan)
	return cmd
}

func (a *app) printExplanation(e scheduler.Explanation) error {
	v := e.Task
	if err := a.printLine(fmt.Sprintf("task %s on %s: %s, next due %s, lead %s", v.Key, e.On.Day(), v.State, cmp.Or(v.NextDue.Day(), "never"), unitCell(v.Lead))); err != nil {
		return err
	}
	if err := a.printLine("deadline: " + v.Deadline.Explain()); err != nil {
		return err
	}
	var rows [][]string
	for _, r := range e.Rules {
		applies := "no"
		if r.Applies {
			applies = "yes"
		}
		rows = append(rows, []string{r.Rule, r.Cron, applies, r.Why, cut(recipients(r.Told), taskWidth), cut(recipients(r.Already), taskWidth)})
	}
	if err := a.printTable([]string{"RULE", "CRON", "APPLIES", "WHY", "TELLS", "TOLD ALREADY"}, rows); err != nil {
		return err
	}
	if len(e.Next) == 0 {
		return a.printLine("no message about it is ahead")
	}
	if err := a.printLine(""); err != nil {
		return err
	}
	return a.printMessages(e.Next)
}

func recipients(all []tasks.Recipient) string {
	words := make([]string, len(all))
	for i, r := range all {
		words[i] = r.Unit + " " + string(r.Channel) + " " + r.Address
	}
	return strings.Join(words, ", ")
}
