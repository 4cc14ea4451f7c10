//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// restoreDrill takes backups of a daemon that sends and is killed meanwhile,
// and restores each: it must be what was stored at some moment.
func restoreDrill(ctx context.Context, l *lab) (result, error) {
	return l.perSeed(ctx, restoreDrawn)
}

// restoreDrawn does so with the moments that are drawn from one seed.
func restoreDrawn(ctx context.Context, l *lab) (res result, err error) {
	n := l.share(100, 3)
	o, err := l.open(ctx, "backup", l.binary, plan{
		messages:  map[tasks.Channel]int{tasks.Email: 30 * n, tasks.Telegram: 8 * n, tasks.ZaloBot: n / 2},
		latency:   20 * time.Millisecond,
		perMinute: 3000,
	})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	if _, stderr, exit, err := o.verb(ctx, "backup", "--help"); err != nil || exit != 0 {
		res.skipped = "the program has no verb backup: " + strings.TrimSpace(stderr)
		return res, err
	}
	if err := o.killFirst(ctx); err != nil {
		return res, err
	}
	rng := l.random("G13")
	var backups []string
	for i := range n {
		name := filepath.Join(o.dir, fmt.Sprintf("backup-%d.db", i+1))
		if err := o.backupOnce(ctx, rng, name, &res); err != nil {
			return res, err
		}
		if _, err := os.Stat(name); err == nil {
			backups = append(backups, name)
		}
	}
	if err := errors.Join(o.finish(ctx, &res), o.judge(ctx, &res)); err != nil {
		return res, err
	}
	if len(backups) < n/3 {
		res.void = fmt.Sprintf("only %d of %d backups came to an end", len(backups), n)
	}
	res.note("%d backups under load, %d of them whole, the daemon killed during %d", n, len(backups), res.faults)
	return res, o.restoreAll(ctx, backups, &res)
}

// backupOnce takes a backup of a daemon that sends; every other time the daemon
// is killed at a random moment of it.
func (o *office) backupOnce(ctx context.Context, rng *rand.Rand, name string, res *result) error {
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
	fatal := rng.IntN(2) == 0
	var killing sync.WaitGroup
	if fatal {
		moment := time.Duration(rng.IntN(60)) * time.Millisecond
		killing.Go(func() {
			time.Sleep(moment)
			if o.busy() > 0 {
				res.inFlight++
			}
			d.kill()
		})
		res.faults++
	}
	_, stderr, exit, err := o.verb(ctx, "backup", name)
	killing.Wait()
	_, missing := os.Stat(name)
	switch {
	case err != nil:
		return err
	case exit == 0 && missing != nil:
		res.fail("backup exits with 0 and made no file: %s", stderr)
	case exit != 0 && !fatal:
		res.fail("backup of a daemon that lives exits with %d: %s", exit, stderr)
	}
	return ctx.Err()
}

// restoreAll restores every backup beside the office, over the one before, and
// compares.
func (o *office) restoreAll(ctx context.Context, backups []string, res *result) error {
	var ledger []entry
	if err := o.askJSON(ctx, &ledger, "ledger"); err != nil {
		return err
	}
	want, err := o.ask(ctx, "tasks", "--json")
	if err != nil {
		return err
	}
	other, err := o.beside("restored")
	if err != nil {
		return err
	}
	for _, name := range backups {
		if _, stderr, exit, err := other.verb(ctx, "restore", name); err != nil || exit != 0 {
			res.fail("restore of %s exits with %d: %s", filepath.Base(name), exit, stderr)
			continue
		}
		if err := other.compare(ctx, filepath.Base(name), ledger, want, res); err != nil {
			return err
		}
	}
	return other.refuseBroken(ctx, backups, res)
}

// compare holds a restored store against the end of the story: the same tasks,
// the ledger as it was then, and everything else still to be sent.
func (o *office) compare(ctx context.Context, name string, ledger []entry, wantTasks string, res *result) error {
	if _, stderr, exit, err := o.verb(ctx, "verify"); err != nil || exit != 0 {
		res.fail("%s: verify exits with %d: %s", name, exit, stderr)
		return err
	}
	var then []entry
	if err := o.askJSON(ctx, &then, "ledger"); err != nil {
		return err
	}
	if len(then) > len(ledger) || !reflect.DeepEqual(then, ledger[:len(then)]) {
		res.fail("%s: its %d entries of the ledger are not the first ones of the later %d", name, len(then), len(ledger))
	}
	outbox, err := o.reminders(ctx)
	if err != nil {
		return err
	}
	left := map[target]bool{}
	for _, w := range outbox {
		left[target{w.Channel, w.Address}] = true
	}
	told := readLedger(then)
	for to, a := range readLedger(ledger) {
		if a.sent > 0 && !left[to] && (told[to] == nil || told[to].sent == 0) {
			res.fail("%s: %s %s is neither sent nor waiting", name, to.channel, to.address)
		}
	}
	got, err := o.ask(ctx, "tasks", "--json")
	if err == nil && got != wantTasks {
		res.fail("%s: its tasks are others", name)
	}
	return err
}

// refuseBroken offers a spoilt backup: it is refused, and the store stays.
func (o *office) refuseBroken(ctx context.Context, backups []string, res *result) error {
	if len(backups) == 0 {
		return nil
	}
	data, err := os.ReadFile(backups[len(backups)-1])
	if err != nil {
		return err
	}
	before, err := o.readAll(ctx)
	if err != nil {
		return err
	}
	broken := filepath.Join(o.dir, "broken.db")
	for _, cut := range []int{0, len(data) / 3, len(data) - 1} {
		if err := os.WriteFile(broken, data[:cut], 0o600); err != nil {
			return err
		}
		_, stderr, exit, err := o.verb(ctx, "restore", broken)
		if err != nil {
			return err
		}
		if exit == 0 {
			res.fail("a backup cut to %d bytes is restored without a word", cut)
		} else if !strings.Contains(stderr, "broken.db") {
			res.note("a broken backup is refused without its name: %.200s", stderr)
		}
	}
	after, err := o.readAll(ctx)
	if err == nil && after != before {
		res.fail("a refused restore changed the store")
	}
	return err
}
