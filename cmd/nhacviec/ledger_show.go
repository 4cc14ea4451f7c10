package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/web"
)

func newLedgerShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show one message's whole life, and the text that was sent",
		Long: `Show prints what is known of one message: to whom, by which rules and config, when
it was planned, tried and sent, the server's reply, every entry of the ledger
about it, and the text as it was handed to the channel. The text is kept under
its SHA-256, which the ledger has; it is held against that.`,
		Example: "  nhacviec ledger show k5ttcbxljdnfplorhlyzqxifde",
		Args:    arguments("ID, as nhacviec outbox and ledger --json list it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				life, err := c.Life(ctx, args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(life)
				}
				return a.printLife(life)
			})
		},
	}
}

func (a *app) printLife(life web.Life) error {
	d := life.Delivery
	rows := [][]string{{"id", d.ID}}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("state", string(d.State))
	add("to", strings.Join([]string{d.Unit, string(d.Channel), d.Address}, " "))
	add("what", string(d.Kind)+" of "+clock(d.At))
	for _, s := range d.Steps {
		add("step", fmt.Sprintf("%s %s, by the rule %s", s.Key, s.Name, s.Rule))
	}
	for _, r := range d.Review {
		add("review", r.Key.String()+" "+r.Reason)
	}
	for _, f := range d.Failures {
		add("failure", cut(f.Cause, 2*taskWidth))
	}
	add("config", d.Config)
	add("planned", clock(d.Created))
	add("tries", fmt.Sprint(d.Attempts))
	add("next try", clock(d.NextAttempt))
	add("sent", clock(d.SentAt))
	add("reply", d.Reply)
	add("error", d.Error)
	add("in place of", d.For)
	add("goes on as", strings.Join(d.Instead, " "))
	add("sha256", d.SHA256)
	if err := a.printTable(rows[0], rows[1:]); err != nil {
		return err
	}
	var entries [][]string
	for _, e := range life.Entries {
		entries = append(entries, ledgerRow(e))
	}
	if len(entries) > 0 {
		if err := a.printLine(""); err != nil {
			return err
		}
	}
	if err := a.printTable(ledgerHead, entries); err != nil {
		return err
	}
	for _, t := range life.Texts {
		if err := a.printText(t); err != nil {
			return err
		}
	}
	if len(life.Texts) == 0 {
		a.say("nothing was handed to a channel")
	}
	return nil
}

// printText prints a text line by line, as it was sent but for what a terminal
// would obey.
func (a *app) printText(t web.Text) error {
	if t.Missing != "" {
		a.say("no text: %s", t.Missing)
		return nil
	}
	text := "\n--- " + t.SHA256 + "\n" + t.Text
	for line := range strings.SplitSeq(text, "\n") {
		if err := a.printLine(strings.TrimRight(line, "\r")); err != nil {
			return err
		}
	}
	return nil
}
