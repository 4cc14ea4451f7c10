package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

func newDemoCommand(a *app) *cobra.Command {
	var plan, listen string
	var issued, from, until dateFlag
	var script bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try the real daemon with a simulated clock, an inbox and a chat viewer",
		Long: `Demo runs the real daemon on a real plan: the same planning, outbox, ledger,
rendering and senders. Only the pace of time and the far ends are the demo's
own: a mail server, Telegram and Zalo on this machine. Open the address that it
prints. Nothing leaves the machine, and when it ends nothing is left on it.

With -c it takes units, rules and calendar from that config; channels are those
that have a table there, and no server or secret of theirs is used. Without, it
takes the built-in example, whatever config the machine has.`,
		Example: `  nhacviec demo
  nhacviec demo --plan ke-hoach.md --issued 05/06/2023
  nhacviec demo --script --json --from 2023-06-05 --until 2023-12-31`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.json && !script {
				return web.Usage("--json goes with --script: a browser has no use for it", "for example: nhacviec demo --script --json")
			}
			o := demoOptions{Config: a.configFlag, Plan: plan, Issued: issued.Date, From: from.Date, Until: until.Date}
			if o.From == 0 {
				o.From = demoDay
			}
			if o.Until == 0 && script {
				year, _, _ := o.From.Split()
				o.Until = tasks.LastOfMonth(year, time.December)
			}
			if o.Until != 0 && o.Until < o.From {
				return web.Usage(fmt.Sprintf("--until %s is before --from %s", o.Until, o.From), usageHint(cmd))
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if script {
				return a.demoScript(ctx, o)
			}
			return a.demoPage(ctx, o, listen)
		},
	}
	c.Flags().StringVar(&plan, "plan", "", "plan to run on (default the built-in seed plan)")
	c.Flags().Var(&issued, "issued", "when the plan was issued (default what the document says, or --from)")
	c.Flags().Var(&from, "from", "the first simulated day, on which the plan is imported (default "+demoDay.String()+")")
	c.Flags().Var(&until, "until", "the last simulated day (default none; with --script the end of the year)")
	c.Flags().BoolVar(&script, "script", false, "no browser: run to the end at full speed and print each message delivered")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "loopback address of the page; port 0 means any that is free")
	return c
}

// demoScript runs a demo to its end and prints what arrives.
func (a *app) demoScript(ctx context.Context, o demoOptions) (err error) {
	d, err := newDemo(ctx, o, newLogger(a.stderr, slog.LevelWarn))
	if err != nil {
		return err
	}
	defer closing(d, &err)
	lines := json.NewEncoder(a.stdout)
	lines.SetEscapeHTML(false)
	return d.script(ctx, func(m tasks.Message) error {
		if a.json {
			return lines.Encode(m.Public())
		}
		return a.printLine(fmt.Sprintf("%s  %-8s  %-8s  %s <%s>  %s", clock(m.At), m.Kind, m.Channel, m.Unit, m.Address, plural(len(m.Steps), "step")))
	})
}

// demoPage serves a demo to a browser until it is interrupted.
func (a *app) demoPage(ctx context.Context, o demoOptions, listen string) (err error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || !loopback(host) {
		return web.Usage(fmt.Sprintf("--listen %s: the demo is for this machine only", listen), "for example: --listen 127.0.0.1:8080")
	}
	log := newLogger(a.stderr, slog.LevelWarn)
	d, err := newDemo(ctx, o, log)
	if err != nil {
		return err
	}
	defer closing(d, &err)
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen for the browser: %w", err)
	}
	p := newDemoPage(d, listener.Addr().String(), log)
	server := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 5 * time.Second}
	if err := a.printLine("http://" + p.host + "/"); err != nil {
		listener.Close()
		return err
	}
	a.say("open it in a browser; Ctrl-C ends the demo and removes %s", d.folder)
	return p.serve(ctx, server, func() error { return server.Serve(listener) })
}

// closing closes a demo at the end of a function and keeps its first error.
func closing(d *demo, err *error) {
	if closed := d.Close(); *err == nil {
		*err = closed
	}
}
