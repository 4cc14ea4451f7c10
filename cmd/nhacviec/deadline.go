package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

func newDeadlineCommand(a *app) *cobra.Command {
	var issued, until dateFlag
	cmd := &cobra.Command{
		Use:   "deadline TEXT…",
		Short: "Show how a phrase about time is read",
		Long: `Deadline reads phrases as the deadline column of a plan has them. It needs no
config. Phrases that count from the plan's day of issue, or leave the year out,
need --issued. A periodic phrase is shown with its dates from the day of issue,
or from today, to --until.`,
		Example: `  nhacviec deadline "Trước ngày 30/6/2023"
  nhacviec deadline --issued 05/06/2023 "trước ngày 20 hằng tháng" "Quý III"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return web.Usage("deadline needs a TEXT", usageHint(cmd))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, texts []string) error {
			from := issued.Date
			if from == 0 {
				from = tasks.DateOf(a.now())
			}
			to := tasks.DateOf(from.At(0, 0, time.UTC).AddDate(1, 0, -1))
			if until.Date != 0 {
				to = until.Date
			}
			if to < from {
				return web.Usage(fmt.Sprintf("--until %s is before %s, the first day of the period", to.Day(), from.Day()), usageHint(cmd))
			}
			found := make([]tasks.Deadline, len(texts))
			for i, text := range texts {
				found[i] = tasks.ParseDeadline(text, issued.Date).Public(from, to)
			}
			switch {
			case a.json && len(found) == 1:
				return a.printJSON(found[0])
			case a.json:
				return a.printJSON(found)
			}
			var rows [][]string
			for _, d := range found {
				rows = append(rows, []string{fmt.Sprintf("%q", d.Text), string(d.Kind), days(d.Due), d.Explain()})
			}
			return a.printTable([]string{"TEXT", "KIND", "DUE", "READ AS"}, rows)
		},
	}
	cmd.Flags().Var(&issued, "issued", "day on which the plan was issued")
	cmd.Flags().Var(&until, "until", "last day of the dates of a periodic phrase (default a year on)")
	return cmd
}

func days(dates []tasks.Date) string {
	words := make([]string, len(dates))
	for i, d := range dates {
		words[i] = d.Day()
	}
	return strings.Join(words, ", ")
}
