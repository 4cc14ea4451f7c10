package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

func newOutboxCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "outbox",
		Short:   "List what waits to be sent, and what failed",
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
				return a.printDeliveries(rows)
			})
		},
	}
}

func (a *app) printDeliveries(deliveries []tasks.Delivery) error {
	var rows [][]string
	for _, d := range deliveries {
		rows = append(rows, []string{d.ID, string(d.State), string(d.Kind), clock(d.At), clock(d.NextAttempt), strconv.Itoa(d.Attempts),
			d.Unit, string(d.Channel), d.Address, cut(d.Error, taskWidth)})
	}
	return a.printTable([]string{"ID", "STATE", "KIND", "FOR", "NEXT TRY", "TRIES", "UNIT", "CHANNEL", "ADDRESS", "ERROR"}, rows)
}

func newResendCommand(a *app) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:     "resend ID",
		Short:   "Send a message once more that failed or was sent",
		Long:    "Resend puts a message that failed, or was sent, into the outbox once more. The\nledger keeps who asked for it.",
		Example: "  nhacviec resend k5ttcbxljdnfplorhlyzqxifde",
		Args:    arguments("ID, as nhacviec outbox lists it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), changes, func(ctx context.Context, c *web.Client) error {
				d, err := c.Resend(ctx, web.Resend{ID: args[0], By: by})
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(d)
				}
				return a.printDeliveries([]tasks.Delivery{d})
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", whoAsks(), "who asks for it, for the ledger")
	return cmd
}
