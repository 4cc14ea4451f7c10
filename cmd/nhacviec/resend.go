package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"nhacviec/web"
)

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
ledger keeps who asked for it.

What failed and was sent again since, or went out by mail instead, is not
repeated: while that waits or once it was sent, it is refused with its ID; if
that failed too, it is what is sent next. --failed takes what failed and nothing
has followed. Only resend ID of a message that was sent makes a second copy.`,
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

// resendFailed sends again what failed. The exit code says partly when some of it
// is refused, or failed when all of it is.
func (a *app) resendFailed(ctx context.Context, by string) error {
	return a.ask(ctx, changes, func(ctx context.Context, c *web.Client) error {
		out, err := c.ResendFailed(ctx, web.ResendFailed{By: by})
		if err != nil {
			return err
		}
		var waiting []web.Waiting
		for _, r := range out {
			if r.Again == nil {
				a.say("%s", r.Refused)
				continue
			}
			waiting = append(waiting, web.Waiting{Delivery: *r.Again, Why: "it has not had its turn yet"})
		}
		err = a.printDone(out, func() error { return a.printWaiting(waiting) })
		refused := len(out) - len(waiting)
		switch {
		case err != nil:
			return err
		case len(out) == 0:
			a.say("nothing failed that was not followed by another")
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
