package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"nhacviec/web"
)

func newOutboxCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "outbox",
		Short: "List what waits to be sent, and what failed",
		Long: `Outbox lists what waits to be sent and what failed, oldest first: since when, why
it has not left the house, and when it is tried next.`,
		Example: "  nhacviec outbox\n  nhacviec outbox --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				rows, err := c.Outbox(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(rows)
				}
				if len(rows) == 0 {
					a.say("nothing waits, and nothing failed")
				}
				return a.printWaiting(rows)
			})
		},
	}
}

func (a *app) printWaiting(waiting []web.Waiting) error {
	var rows [][]string
	for _, d := range waiting {
		rows = append(rows, []string{d.ID, string(d.State), string(d.Kind), clock(d.Created), clock(d.NextAttempt), strconv.Itoa(d.Attempts),
			d.Unit, string(d.Channel), d.Address, cut(d.Why, 2*taskWidth)})
	}
	return a.printTable([]string{"ID", "STATE", "KIND", "SINCE", "NEXT TRY", "TRIES", "UNIT", "CHANNEL", "ADDRESS", "WHY"}, rows)
}
