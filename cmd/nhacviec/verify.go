package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/tasks/store"
	"nhacviec/web"
)

func newVerifyCommand(a *app) *cobra.Command {
	var head string
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Prove that the ledger is as it was written",
		Long: `Verify walks the ledger from its first entry: each carries the hash of the one
before. It names the first entry that is not as it was written, or whose text was
altered or removed, and exits with 1. Of messages that were sent before texts were
kept the ledger has the hash only. Every other record is held against its checksum.

Who may write to the database can write a whole ledger anew. So verify says the
number of the last entry and its hash: keep them elsewhere, and --head tells later
whether that entry still is the one it was.

With FILE it looks at that backup, and needs no config.`,
		Example: "  nhacviec verify\n  nhacviec verify --head 812:9f2c…\n  nhacviec verify /mnt/usb/nhacviec-2023-06-30.db",
		Args:    oneAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			began := time.Now()
			kept, err := web.ParseKept(head)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				found, err := verifyFile(cmd.Context(), args[0], kept)
				return a.printVerified(found, err, args[0]+": ", began)
			}
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				found, err := c.Verify(ctx, kept)
				return a.printVerified(found, err, "", began)
			})
		},
	}
	cmd.Flags().StringVar(&head, "head", "", "`NUMBER:HASH` of an entry, as verify said it then")
	return cmd
}

// oneAtMost wants one argument or none.
func oneAtMost(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return arguments("FILE")(cmd, args)
}

// verifyFile looks at everything in a backup.
func verifyFile(ctx context.Context, file string, kept web.Kept) (web.Verified, error) {
	n, err := apart{ctx}.Inspect(file)
	if err == nil {
		return web.Verified{Entries: n, Intact: true}.Prove(kept, func(seq uint64) (string, error) { return store.HashIn(file, seq) })
	}
	var wrong *store.Error
	if !errors.As(err, &wrong) || errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrNewer) {
		return web.Verified{Entries: n}, err
	}
	e := explainStored(wrong)
	return web.Verified{Entries: n, Broken: e.Message, Hint: "this is no backup any more: keep another one, or make one with `nhacviec backup FILE`"}, nil
}

func (a *app) printVerified(found web.Verified, err error, of string, began time.Time) error {
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(found)
	} else if found.Intact && found.Entries == 0 {
		err = a.printLine(of + "nothing is in the ledger yet")
	} else if found.Intact {
		took := max(time.Millisecond, time.Since(began).Round(time.Millisecond))
		err = a.printLine(fmt.Sprintf("%sthe ledger is intact: %s, proven in %s", of, entries(found.Entries), took))
		if err == nil {
			err = a.printLine("the last one is " + found.Head + " (keep this elsewhere: --head looks later whether it still is)")
		}
	}
	if err == nil && !found.Intact {
		err = web.Failure(found.Broken, found.Hint)
	}
	return err
}
