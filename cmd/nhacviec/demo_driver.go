package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

// demoOptions is what a demo starts from.
type demoOptions struct {
	Config string // path; "": the built-in one
	Plan   string // path; "": the seed plan
	Issued tasks.Date
	From   tasks.Date
	Until  tasks.Date // the last day; none: it goes on
}

// demo is the daemon on a simulated clock between far ends of its own. What it
// keeps lies in one temporary folder.
type demo struct {
	folder   string
	ends     *farEnds
	channels map[tasks.Channel]channel
	store    *store.Store
	daemon   *daemon
	control  *web.Client
	clock    atomic.Pointer[time.Time]

	end time.Time // it goes no further; zero: no end

	mu    sync.Mutex // held through a pass
	next  time.Time  // when something is due; zero: never
	inbox []received // in order of delivery
}

// received is a message that arrived.
type received struct {
	tasks.Message
	ID    string // of the delivery
	Parts []notifytest.Message
}

// newDemo sets a demo up: imports the plan at the first moment of From, when
// nothing has been due yet. Close removes what it leaves.
func newDemo(ctx context.Context, o demoOptions, log *slog.Logger) (d *demo, err error) {
	config, err := demoConfig(o.Config)
	if err != nil {
		return nil, err
	}
	plan, err := demoPlan(o, config.Import)
	if err != nil {
		return nil, err
	}
	d = &demo{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	start := o.From.At(0, 0, config.Location)
	d.clock.Store(&start)
	if o.Until != 0 {
		d.end = (o.Until + 1).At(0, 0, config.Location).Add(-time.Nanosecond)
	}
	if d.folder, err = os.MkdirTemp("", "nhacviec-demo-"); err != nil {
		return d, fmt.Errorf("make a folder for the demo: %w", err)
	}
	if d.ends, err = startFarEnds(); err != nil {
		return d, fmt.Errorf("start the demo's servers: %w", err)
	}
	if d.store, err = store.Open(filepath.Join(d.folder, "nhacviec.db")); err != nil {
		return d, err
	}
	d.control = web.NewClient(web.InProcess(newHandler(d.store, func() scheduler.Setup { return config.Setup }, d.now)))
	if _, err = d.control.Import(ctx, plan); err != nil {
		return d, err
	}
	own := d.ends.config(*config)
	if d.channels, err = openChannels(&own, d.store); err != nil {
		return d, err
	}
	if d.daemon, err = newDaemon(config.Setup, d.store, d.ends.lanes(d.channels), d.now, log); err != nil {
		return d, err
	}
	// A rule without a cursor begins at the loop's first pass; what fires at the
	// very first moment of From counts.
	d.next, err = d.daemon.loop.Pass(start.Add(-time.Nanosecond))
	return d, err
}

// Close ends the servers and removes the folder.
func (d *demo) Close() error {
	var errs []error
	errs = append(errs, closeChannels(d.channels))
	if d.ends != nil {
		errs = append(errs, d.ends.Close())
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.folder != "" {
		errs = append(errs, os.RemoveAll(d.folder))
	}
	return errors.Join(errs...)
}

// now is the simulated instant.
func (d *demo) now() time.Time { return *d.clock.Load() }

// over reports whether the last day is past.
func (d *demo) over() bool { return !d.end.IsZero() && !d.now().Before(d.end) }

// advance moves the clock to an instant, or to the end if that is earlier, and
// stops on the way wherever something is due.
func (d *demo) advance(ctx context.Context, to time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.end.IsZero() && to.After(d.end) {
		to = d.end
	}
	for !d.next.IsZero() && !d.next.After(to) {
		if _, err := d.pass(ctx); err != nil {
			return err
		}
	}
	if to.After(d.now()) {
		d.clock.Store(&to)
	}
	return nil
}

// nextMessage moves the clock to the next instant at which a message arrives,
// or to the end, and returns what arrived, in a fixed order.
func (d *demo) nextMessage(ctx context.Context) ([]received, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.next.IsZero() && (d.end.IsZero() || !d.next.After(d.end)) {
		arrived, err := d.pass(ctx)
		if err != nil || len(arrived) > 0 {
			return arrived, err
		}
	}
	if !d.end.IsZero() {
		d.clock.Store(&d.end)
	}
	return nil, nil
}

// pass moves the clock to the next instant, lets the daemon do what is due, and
// checks that what the ledger calls sent has arrived. d.mu is held.
func (d *demo) pass(ctx context.Context) (arrived []received, err error) {
	now := d.next
	d.clock.Store(&now)
	next, err := d.daemon.loop.Pass(now)
	if err != nil {
		return nil, err
	}
	waiting, err := d.store.Outbox()
	if err != nil {
		return nil, err
	}
	d.daemon.deliverer.Drain(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, w := range waiting {
		del, err := d.store.Delivery(w.ID)
		if err != nil {
			return nil, err
		}
		switch del.State {
		case tasks.Delivered:
			parts := d.ends.take(del.ID)
			if len(parts) == 0 {
				return nil, fmt.Errorf("the ledger says that %s was sent to %s, and nothing arrived there", del.ID, del.Address)
			}
			arrived = append(arrived, received{del.Message, del.ID, parts})
		case tasks.Retry: // to be tried again before the next fire, perhaps
			if next.IsZero() || del.NextAttempt.Before(next) {
				next = del.NextAttempt
			}
		}
	}
	if !next.IsZero() && !next.After(now) {
		return nil, fmt.Errorf("the clock stands still at %s", now)
	}
	slices.SortFunc(arrived, inOrder)
	d.next, d.inbox = next, append(d.inbox, arrived...)
	return arrived, nil
}

// inOrder orders messages of one instant as they were planned: lanes deliver
// them side by side.
func inOrder(a, b received) int {
	return cmp.Or(
		a.At.Compare(b.At),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(slices.Index(tasks.Channels, a.Channel), slices.Index(tasks.Channels, b.Channel)),
		cmp.Compare(a.Unit, b.Unit),
		cmp.Compare(a.Address, b.Address),
	)
}

// state returns the simulated instant, when something is due next, and what
// arrived so far, which the caller must not change.
func (d *demo) state() (now, next time.Time, inbox []received) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now(), d.next, d.inbox[:len(d.inbox):len(d.inbox)]
}

// letter returns the mail of a delivery.
func (d *demo) letter(id string) (received, bool) {
	_, _, inbox := d.state()
	i := slices.IndexFunc(inbox, func(m received) bool { return m.ID == id && m.Channel == tasks.Email })
	if i < 0 {
		return received{}, false
	}
	return inbox[i], true
}

// act does to a task what a person would.
func (d *demo) act(ctx context.Context, key tasks.Key, action tasks.Action) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.control.Act(ctx, web.Act{Key: key, Action: action, By: demoUser})
	return err
}

// script runs to the end at full speed and prints what arrives, a line each.
func (d *demo) script(ctx context.Context, print func(tasks.Message) error) error {
	for {
		arrived, err := d.nextMessage(ctx)
		if err != nil || len(arrived) == 0 {
			return err
		}
		for _, m := range arrived {
			if err := print(m.Message); err != nil {
				return err
			}
		}
	}
}

// demoPlan reads the plan as the verb import does. A plan that does not say
// when it was issued is taken to be issued on the first day.
func demoPlan(o demoOptions, limits planfile.Limits) (web.Import, error) {
	id, document := planIDOf(o.Plan), planfile.Document{}
	var err error
	if o.Plan != "" {
		if document, err = readPlanFile(o.Plan, planfile.Options{Limits: limits}); err != nil {
			return web.Import{}, planFileError(err)
		}
	} else {
		id = demoPlanID
		var data []byte
		if data, err = demoFiles.ReadFile("demo/" + demoPlanFile); err == nil {
			document, err = planfile.ReadMarkdown(demoPlanFile, data)
			document.Issued = demoDay
		}
	}
	issued := cmp.Or(o.Issued, document.Issued, o.From)
	return web.Import{Plan: tasks.Plan{ID: id, Title: document.Title, Issued: issued}, Rows: document.Rows, By: demoUser}, err
}

// play moves the clock on by a day every few seconds until ctx ends. paused is
// asked before each move.
func (d *demo) play(ctx context.Context, paused func() bool) error {
	const (
		frame = 250 * time.Millisecond
		day   = 3 * time.Second
	)
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if !paused() {
			if err := d.advance(ctx, d.now().Add(24*time.Hour/(day/frame))); err != nil {
				return err
			}
		}
	}
}
