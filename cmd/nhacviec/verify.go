package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/web"
)

func newVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Prove that the ledger is as it was written",
		Long: `Verify walks the ledger from its first entry: each carries the hash of the one
before. It names the first entry that is not as it was written, or whose text was
altered or removed, and exits with 1. Of messages that were sent before texts were
kept the ledger has the hash only.`,
		Example: "  nhacviec verify\n  nhacviec verify --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				began := time.Now()
				found, err := c.Verify(ctx)
				if err != nil {
					return err
				}
				if a.json {
					err = a.printJSON(found)
				} else if found.Intact {
					err = a.printLine(fmt.Sprintf("the ledger is intact: %s, proven in %s", entries(found.Entries), max(time.Millisecond, time.Since(began).Round(time.Millisecond))))
				}
				if err == nil && !found.Intact {
					err = web.Failure(found.Broken, found.Hint)
				}
				return err
			})
		},
	}
}
