package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/web"
)

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say how the daemon is",
		Long: `Status says since when the daemon runs, when the next rule fires, what was to be
sent today and what became of it, what is late, the last backup, and for each
channel when it last sent and what last went wrong. When no daemon runs it exits
with 69.`,
		Example: "  nhacviec status\n  nhacviec status --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.askDaemon(cmd.Context(), "status", func(ctx context.Context, c *web.Client) error {
				s, err := c.Status(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(s)
				}
				return a.printStatus(s)
			})
		},
	}
}

func newReloadCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Have the daemon read its config again",
		Long: `Reload has the daemon read, check and build its whole config again, and then put
it in force. When anything is wrong it says what and exits with 78, and the
config in force stays.`,
		Example: "  nhacviec check && nhacviec reload",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.askDaemon(cmd.Context(), "reload", func(ctx context.Context, c *web.Client) error {
				done, err := c.Reload(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(done)
				}
				for _, w := range done.Warnings {
					a.say("warning: %s", w)
				}
				a.say("the config is in force")
				return nil
			})
		},
	}
}

// askDaemon asks the daemon, which must be running.
func (a *app) askDaemon(ctx context.Context, what string, verb func(context.Context, *web.Client) error) error {
	path, err := a.configPath()
	if err != nil {
		return err
	}
	client, err := a.dial(ctx, path)
	if err != nil {
		return err
	}
	if client == nil {
		if _, err := LoadConfig(path); err != nil {
			return err // a daemon could not even start with it
		}
		return web.NoDaemon(what)
	}
	return verb(ctx, client)
}

func (a *app) printStatus(s web.Status) error {
	rows := [][]string{
		{"running since", clock(s.Since)},
		{"version", s.Version},
		{"next fire", cmp.Or(clock(s.NextFire), "never")},
		{"last pass", cmp.Or(clock(s.LastPass), "none yet")},
		{"waiting", fmt.Sprint(s.Waiting)},
		{"failed", fmt.Sprint(s.Failed)},
		{"config", s.Config},
	}
	rows = append(rows, goneRows(s.Gone)...)
	rows = append(rows, todayRows(s)...)
	rows = append(rows, backupRows(s.Backup)...)
	if s.ClockAhead > 0 {
		ahead := (time.Duration(s.ClockAhead) * time.Second).String()
		rows = append(rows, []string{"clock", ahead + " ahead of the last run: nothing is sent; if it is right: nhacviec reload"})
	}
	for i, line := range strings.Split(s.ConfigError, "\n") {
		if line == "" {
			break
		}
		name := ""
		if i == 0 {
			name = "last reload"
		}
		rows = append(rows, []string{name, "refused: " + line})
	}
	if err := a.printTable(rows[0], rows[1:]); err != nil {
		return err
	}
	if len(s.Channels) == 0 {
		return nil
	}
	if err := a.printLine(""); err != nil {
		return err
	}
	var channels [][]string
	for _, c := range s.Channels {
		channels = append(channels, []string{string(c.Channel), cmp.Or(clock(c.LastSent), "not since the start"), clock(c.ErrorAt), cut(c.LastError, 2*taskWidth)})
	}
	return a.printTable([]string{"CHANNEL", "LAST SENT", "LAST ERROR", ""}, channels)
}

func backupRows(b web.BackupStatus) [][]string {
	newest := cmp.Or(clock(b.At), "none yet")
	switch {
	case b.Keep == 0 && b.Newest == "":
		newest = "never: turned off in the config"
	case b.Newest != "":
		newest += ", " + b.Newest
	}
	rows := [][]string{{"last backup", newest}}
	if b.Error != "" {
		rows = append(rows, []string{"", "failed " + clock(b.ErrorAt) + ": " + b.Error})
	}
	return rows
}

// todayRows say what was to leave the house today, and what has not.
func todayRows(s web.Status) [][]string {
	t := s.Today
	today := fmt.Sprintf("planned %d, sent %d, waiting %d, failed %d", t.Planned, t.Sent, t.Waiting, t.Failed)
	if !t.Oldest.IsZero() {
		today += ", the oldest waits since " + clock(t.Oldest)
	}
	rows := [][]string{{"today", today}}
	for _, l := range s.Late {
		rows = append(rows, []string{"late", fmt.Sprintf("%s on %s, since %s: nhacviec outbox says why", plural(l.Count, "message"), l.Channel, clock(l.Since))})
	}
	if s.PassError != "" {
		rows = append(rows, []string{"last pass error", clock(s.PassErrorAt) + ": " + s.PassError})
	}
	return rows
}
