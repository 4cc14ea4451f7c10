//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"time"

	"nhacviec/tasks"
)

// walkedZones are those of the random walks.
var walkedZones = []string{hcm, "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"}

// wanderer is the plain model beside a clock that is moved at random.
type wanderer struct {
	*clocked
	rng     *rand.Rand
	handled time.Time  // the last fire, or the moment to which the clock fell back
	known   time.Time  // the latest time that was believed
	newest  tasks.Date // the latest day that was told of
}

// wander moves the clock a hundred times at random.
func wander(ctx context.Context, l *lab, name, zone string, res *result) (err error) {
	begun := date(zone, "2027-01-11 05:00")
	c, err := l.openClocked(ctx, name, life{zone: zone, at: begun, due: tasks.DateOf(begun) + 55}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { d.kill() }()
	w := &wanderer{clocked: c, rng: l.random("G9 " + zone), handled: begun, known: begun}
	if err := c.visit(ctx, begun.Add(10*time.Second), false); err != nil {
		return err
	}
	for res.faults < 100 {
		if d, err = w.move(ctx, d); err != nil {
			return err
		}
	}
	return c.end(ctx, d)
}

// between draws a duration.
func (w *wanderer) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rng.Int64N(int64(to-from)))
}

// move moves the clock once.
func (w *wanderer) move(ctx context.Context, d *daemon) (*daemon, error) {
	ahead := func(most time.Duration) time.Time { // no further than is believed
		to := w.now.Add(w.between(time.Hour, most))
		if limit := w.known.Add(35 * time.Hour); to.After(limit) {
			to = limit
		}
		return to
	}
	switch dice := w.rng.IntN(100); {
	case dice < 1: // the daemon then waits for the clock to be where it was
		return d, w.stay(ctx, w.now.Add(-w.between(time.Second, 2*time.Minute)))
	case dice < 29:
		return d, w.stay(ctx, w.now.Add(w.between(time.Second, 10*time.Minute)))
	case dice < 35:
		return d, w.stay(ctx, w.now.Add(-w.between(2*time.Minute, 10*time.Minute)))
	case dice < 65:
		return d, w.stay(ctx, ahead(30*time.Hour))
	case dice < 75:
		return d, w.stay(ctx, w.now.Add(-w.between(2*time.Minute, 30*time.Hour)))
	case dice < 80:
		return d, w.stay(ctx, w.now.Add(-w.between(2*day, 40*day)))
	case dice < 88:
		to, owed := w.plan(ahead(30 * time.Hour))
		return d, w.freeze(ctx, d, w.now, to, owed)
	case dice < 98:
		if w.rng.IntN(2) == 0 {
			if err := w.recorded(ctx); err != nil { // G1 kills sooner
				return d, err
			}
			d.kill()
		} else if err := d.stop(); err != nil {
			return d, err
		}
		// A program that starts knows no later time than its last fire.
		to := w.known.Add(w.between(time.Hour, 6*day))
		if limit := w.now.Add(55 * day); to.After(limit) {
			to = limit
		}
		w.known = to
		to, owed := w.plan(to)
		if err := w.put(to); err != nil {
			return d, err
		}
		d, err := w.begin(ctx)
		if err != nil {
			return d, err
		}
		return d, w.look(ctx, 0, owed)
	}
	return d, w.leap(ctx)
}

// recorded waits until the program knows of all that it sent.
func (w *wanderer) recorded(ctx context.Context) error {
	for range 200 {
		waits, err := w.reminders(ctx)
		if err != nil || len(waits) == 0 {
			return err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// stay sets the clock and waits.
func (w *wanderer) stay(ctx context.Context, to time.Time) error {
	to, owed := w.plan(to)
	return w.visit(ctx, to, owed)
}

// plan says where the clock goes, never right before a fire, and whether the
// day is told of then.
func (w *wanderer) plan(to time.Time) (at time.Time, owed bool) {
	fire := w.fireOf(to)
	if since := to.Sub(fire); since > -30*time.Second && since < 5*time.Second {
		to = to.Add(time.Minute)
	}
	if w.handled.Sub(to) > time.Minute {
		w.handled = to
	}
	if to.After(w.known) {
		w.known = to
	}
	fire = w.fireOf(to)
	if fire.After(to) {
		fire = w.fireOf(to.Add(-day))
	}
	today := tasks.DateOf(to.In(w.zone))
	if !fire.After(w.handled) {
		return to, false
	}
	w.handled = fire
	if today <= w.newest || w.due-today > earliest { // told already, or no step yet
		return to, false
	}
	w.newest = today
	return to, true
}

// fireOf returns the fire of a time's local day.
func (w *wanderer) fireOf(t time.Time) time.Time {
	return tasks.DateOf(t.In(w.zone)).At(7, 30, w.zone)
}

// leap lets the clock run ahead by weeks or years and back.
func (w *wanderer) leap(ctx context.Context) error {
	at := w.now
	from := len(w.log.bytes())
	if err := w.put(w.known.Add(w.between(2*day, 1000*day))); err != nil {
		return err
	}
	w.res.faults++
	if which, _ := w.log.await(from, time.Minute, "the clock is far ahead"); which < 0 {
		w.res.fail("%s: the clock shows %s and is believed; the latest was %s", filepath.Base(w.dir), w.now, w.known)
	}
	if err := w.settle(ctx, 0); err != nil {
		return err
	}
	return w.stay(ctx, at.Add(w.between(time.Minute, time.Hour)))
}
