package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

func newLedgerCommand(a *app) *cobra.Command {
	var q web.LedgerQuery
	var task string
	var since, until dateFlag
	var asCSV bool
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Show what was sent to whom, and who changed what",
		Long: `Ledger shows the kept record, oldest first: what was sent to whom, when, by which
rule, with the server's reply; and every change of a task, with who and why.
With --unit it shows what that unit was sent. --json and --csv have all fields;
the CSV is for a spreadsheet program. "ledger show ID" shows one message's whole
life and the text that was sent.`,
		Example: `  nhacviec ledger --task 21
  nhacviec ledger --unit tu-phap --since 01/06/2023 --until 30/06/2023
  nhacviec ledger --csv > so-gui.csv
  nhacviec ledger show k5ttcbxljdnfplorhlyzqxifde`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.json && asCSV {
				return web.Usage("--json and --csv do not go together", usageHint(cmd))
			}
			q.No, q.Since, q.Until = tasks.Number(task), since.Date, until.Date
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				switch {
				case a.json:
					return a.printLedgerJSON(ctx, c, q)
				case asCSV:
					return a.printLedgerCSV(ctx, c, q)
				}
				return a.printLedger(ctx, c, q)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&task, "task", "", "only what is about the task with this number")
	flags.StringVar(&q.Plan, "plan", "", "only what is about this plan")
	flags.StringVar(&q.Unit, "unit", "", "only what was sent to this unit, by code or name")
	flags.Var(&since, "since", "only what was written from this day on")
	flags.Var(&until, "until", "only what was written up to this day")
	flags.BoolVar(&asCSV, "csv", false, "print CSV for a spreadsheet program, all fields")
	cmd.AddCommand(newLedgerShowCommand(a))
	return cmd
}

func (a *app) printLedger(ctx context.Context, c *web.Client, q web.LedgerQuery) error {
	var rows [][]string
	err := c.Ledger(ctx, q, func(e tasks.Entry) error {
		rows = append(rows, ledgerRow(e))
		return nil
	})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		a.say("the ledger has nothing about that")
	}
	return a.printTable(ledgerHead, rows)
}

// printLedgerCSV prints the entries while they come.
func (a *app) printLedgerCSV(ctx context.Context, c *web.Client, q web.LedgerQuery) error {
	out, err := web.NewLedgerCSV(a.stdout)
	if err != nil {
		return err
	}
	if err := c.Ledger(ctx, q, out.Add); err != nil {
		return err
	}
	return out.Flush()
}

// printLedgerJSON prints the entries as one array while they come: a ledger of
// years need not fit into memory.
func (a *app) printLedgerJSON(ctx context.Context, c *web.Client, q web.LedgerQuery) error {
	before := "["
	err := c.Ledger(ctx, q, func(e tasks.Entry) error {
		if _, err := io.WriteString(a.stdout, before); err != nil {
			return err
		}
		before = ","
		return a.printJSON(e)
	})
	if err != nil {
		return err
	}
	if before == "[" {
		_, err = io.WriteString(a.stdout, "[]\n")
	} else {
		_, err = io.WriteString(a.stdout, "]\n")
	}
	return err
}

var ledgerHead = []string{"SEQ", "TIME", "WHAT", "TASKS", "WHO", "DETAIL"}

func ledgerRow(e tasks.Entry) []string {
	seq, at := fmt.Sprint(e.Seq), clock(e.Time)
	if c := e.Change; c != nil {
		return []string{seq, at, c.Action, strings.TrimSuffix(c.Plan+"/"+string(c.No), "/"), c.By, cut(changeWords(*c), taskWidth)}
	}
	d := e.Delivery
	if d == nil {
		return []string{seq, at, "unknown", "", "", ""}
	}
	what := string(d.State) + " " + string(d.Kind)
	return []string{seq, at, what, cut(stepWords(d.Message), wordWidth), d.Unit + " " + string(d.Channel) + " " + d.Address, cut(cmp.Or(d.Error, d.Reply), taskWidth)}
}

// changeWords says what changed and why: "open → done; Báo cáo số 12/BC-TP".
func changeWords(c tasks.Change) string {
	var words []string
	switch {
	case c.Old == c.New:
	case c.Old == "":
		words = append(words, c.New)
	default:
		words = append(words, c.Old+" → "+cmp.Or(c.New, "none"))
	}
	if c.Note != "" {
		words = append(words, c.Note)
	}
	return strings.Join(words, "; ")
}
