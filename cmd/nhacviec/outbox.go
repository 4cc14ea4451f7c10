package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
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

func newResendCommand(a *app) *cobra.Command {
	var by string
	var failed bool
	cmd := &cobra.Command{
		Use:   "resend ID",
		Short: "Send a message once more that failed or was sent",
		Long: `Resend puts a message that failed, or was sent, into the outbox once more, or with
--failed every one that failed. It is sent with the true number of days left, even
if a later step was told since; a task that is done, held, moved or handed over
meanwhile is left out, and a message of which nothing is left is refused. The
ledger keeps who asked for it.`,
		Example: "  nhacviec resend k5ttcbxljdnfplorhlyzqxifde\n  nhacviec resend --failed",
		RunE: func(cmd *cobra.Command, args []string) error {
			if failed && len(args) == 0 {
				return a.resendFailed(cmd.Context(), by)
			}
			if failed {
				return web.Usage("resend takes an ID or --failed, not both", usageHint(cmd))
			}
			if err := arguments("ID, as nhacviec outbox lists it")(cmd, args); err != nil {
				return err
			}
			return a.ask(cmd.Context(), changes, func(ctx context.Context, c *web.Client) error {
				d, err := c.Resend(ctx, web.Resend{ID: args[0], By: by})
				if err != nil {
					return err
				}
				return a.printDone(d, func() error {
					return a.printWaiting([]web.Waiting{{Delivery: d, Why: "it has not had its turn yet"}})
				})
			})
		},
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "every message that failed")
	cmd.Flags().StringVar(&by, "by", whoAsks(), "who asks for it, for the ledger")
	return cmd
}

// resent is what came of asking for one failed message.
type resent struct {
	ID      string          `json:"id"` // of the one that failed
	Again   *tasks.Delivery `json:"again"`
	Refused string          `json:"refused,omitempty"`
}

// resendFailed sends again what failed. What is refused does not hold up the
// rest; the exit code then says partly, or failed when nothing is left.
func (a *app) resendFailed(ctx context.Context, by string) error {
	return a.ask(ctx, changes, func(ctx context.Context, c *web.Client) error {
		rows, err := c.Outbox(ctx)
		if err != nil {
			return err
		}
		out := []resent{}
		var waiting []web.Waiting
		refused := 0
		for _, row := range rows {
			if row.State != tasks.Failed {
				continue
			}
			d, err := c.Resend(ctx, web.Resend{ID: row.ID, By: by})
			if err != nil {
				refused++
				out = append(out, resent{ID: row.ID, Refused: err.Error()})
				a.say("%s", err.Error())
				continue
			}
			out = append(out, resent{ID: row.ID, Again: &d})
			waiting = append(waiting, web.Waiting{Delivery: d, Why: "it has not had its turn yet"})
		}
		err = a.printDone(out, func() error { return a.printWaiting(waiting) })
		switch {
		case err != nil:
			return err
		case len(out) == 0:
			a.say("nothing failed")
		case refused > 0:
			e := web.Failure(fmt.Sprintf("%d of %s are not sent again", refused, plural(len(out), "failed message")), "nhacviec outbox lists them")
			if refused < len(out) {
				e.Exit = web.ExitPartly
			}
			return e
		}
		return nil
	})
}
