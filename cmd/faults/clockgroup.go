//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// setClocks moves the wall clock of the daemon in every way in which real ones
// have been seen to move.
func setClocks(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	if res.skipped = canSetClocks(ctx, l); res.skipped != "" {
		return res, ctx.Err()
	}
	type part struct {
		name string
		run  func(context.Context, *lab, string, *result) error
	}
	parts := []part{{"down", comeBackLate}, {"stepped", stepClock}}
	if !l.quick {
		parts = append(parts, part{"held", holdClock}, part{"lazy", wakeLate})
		for i := range zoneWalks() {
			w := zoneWalks()[i]
			parts = append(parts, part{"walk-" + filepath.Base(w.zone) + "-" + w.from, w.walk})
		}
		for _, zone := range walkedZones {
			parts = append(parts, part{"random-" + filepath.Base(zone), func(ctx context.Context, l *lab, name string, res *result) error {
				return wander(ctx, l, name, zone, res)
			}})
		}
	}
	const side = 12 // they mostly wait
	results, errs := make([]result, len(parts)), make([]error, len(parts))
	var waiting sync.WaitGroup
	slots := make(chan struct{}, side)
	for i, p := range parts {
		slots <- struct{}{}
		waiting.Go(func() {
			defer func() { <-slots }()
			errs[i] = p.run(ctx, l, p.name, &results[i])
		})
	}
	waiting.Wait()
	for i, p := range parts {
		if errs[i] != nil {
			errs[i] = fmt.Errorf("%s: %w", p.name, errs[i])
		}
		res.add(p.name, results[i])
	}
	if err := errors.Join(errs...); err != nil {
		return res, err
	}
	res.note("%d positions of the clock, in %d offices; only CLOCK_REALTIME moves; ZONEINFO=/nonexistent", res.faults, len(parts))
	return res, nil
}

// hcm is where the product lives.
const hcm = "Asia/Ho_Chi_Minh"

// date returns an instant of a zone: "2027-03-05 07:29".
func date(zone, text string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err) // the harness's own table
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		panic(err)
	}
	return t
}

// comeBackLate keeps the daemon down over one fire, over ten, over a month,
// and over so long that the clock is not believed until a person says that it
// is right.
func comeBackLate(ctx context.Context, l *lab, name string, res *result) (err error) {
	c, err := l.openClocked(ctx, name, life{zone: hcm, at: date(hcm, "2027-03-05 07:00")}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { d.kill() }()
	at := c.now
	if err := c.visit(ctx, at.Add(time.Minute), false); err != nil {
		return err
	}
	downs := []time.Duration{day, 10 * day, 31 * day}
	if l.quick {
		downs = downs[1:2]
	}
	for _, down := range downs {
		if err := d.stop(); err != nil {
			return err
		}
		at = at.Add(down + time.Hour)
		if err := c.put(at); err != nil {
			return err
		}
		if d, err = c.begin(ctx); err != nil {
			return err
		}
		if err := c.look(ctx, 0, true); err != nil {
			return err
		}
	}
	if err := d.stop(); err != nil {
		return err
	}
	if err := c.put(at.Add(61 * day)); err != nil {
		return err
	}
	if d, err = c.begin(ctx); err != nil {
		return err
	}
	if err := c.held(ctx, 1); err != nil {
		return err
	}
	if _, err := c.ask(ctx, "reload"); err != nil { // it believes the clock at once
		return err
	}
	if err := c.look(ctx, 0, true); err != nil {
		return err
	}
	return c.end(ctx, d)
}

const day = 24 * time.Hour

// held expects that the clock is not believed: the log and the status say so,
// the office is told, and nothing goes out.
func (c *clocked) held(ctx context.Context, notices int) error {
	c.res.faults++
	const limit = time.Minute // a sleeping daemon looks at the clock every half minute
	if which, _ := c.log.await(0, limit, "the clock is far ahead"); which < 0 {
		c.res.fail("%s: the clock shows %s, and the log does not say that it is not believed", filepath.Base(c.dir), c.now)
	}
	for begun := time.Now(); c.told() < notices && time.Since(begun) < limit; {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	if n := c.told(); n < notices {
		c.res.fail("%s: the clock shows %s, and the office got %d notices instead of %d", filepath.Base(c.dir), c.now, n, notices)
	}
	var status struct {
		Ahead int `json:"clock_ahead"`
	}
	if err := c.askJSON(ctx, &status, "status"); err != nil {
		return err
	}
	if status.Ahead == 0 {
		c.res.fail("%s: the clock shows %s, and the status does not say that it is not believed", filepath.Base(c.dir), c.now)
	}
	return errors.Join(pause(ctx, time.Second), c.settle(ctx, 0))
}

// told counts the mails to the office.
func (c *clocked) told() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notices
}

// stepClock sets the clock of a running daemon: forward a little, an hour, a
// day; back an hour, a day, four years; and stops the process over a fire.
func stepClock(ctx context.Context, l *lab, name string, res *result) (err error) {
	c, err := l.openClocked(ctx, name, life{zone: hcm, at: date(hcm, "2027-12-28 06:00")}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	steps := []struct {
		at   string
		owed bool // one message an address, new
	}{
		{"2027-12-28 07:00", false}, // an hour
		{"2027-12-28 07:31", true},
		{"2027-12-28 07:30", false}, // back by a minute
		{"2027-12-28 06:31", false}, // back by an hour
		{"2027-12-28 07:45", false}, // the same fire once more
		{"2027-12-29 07:45", true},  // a day
		{"2027-12-28 07:45", false}, // and back
		{"2023-12-28 07:29", false}, // four years
		{"2023-12-28 07:31", false}, // a fire of a day long past
		{"2027-12-29 08:00", false},
		{"2027-12-30 07:00", false},
	}
	if l.quick {
		steps = slices.Delete(steps[1:6], 1, 2)
	}
	for _, step := range steps {
		if err := c.visit(ctx, date(hcm, step.at), step.owed); err != nil {
			return err
		}
	}
	if err := c.freeze(ctx, d, date(hcm, "2027-12-30 07:29"), date(hcm, "2027-12-30 07:40"), true); err != nil {
		return err
	}
	return c.end(ctx, d)
}

// freeze stops the process, as a suspend does, and lets it go on at a later time.
func (c *clocked) freeze(ctx context.Context, d *daemon, from, to time.Time, owed bool) error {
	if err := errors.Join(c.put(from), d.signal(syscall.SIGSTOP)); err != nil {
		return err
	}
	before := len(c.log.bytes())
	if err := errors.Join(pause(ctx, 300*time.Millisecond), c.put(to), d.signal(syscall.SIGCONT)); err != nil {
		return err
	}
	return c.look(ctx, before, owed)
}

// holdClock lets the clock run ahead by a year while a message waits for its
// next attempt: nothing is sent, expired or forgotten meanwhile, and all goes
// on when the clock is back.
func holdClock(ctx context.Context, l *lab, name string, res *result) (err error) {
	c, err := l.openClocked(ctx, name, life{zone: hcm, at: date(hcm, "2027-05-05 07:00")}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	if err := c.visit(ctx, date(hcm, "2027-05-05 07:10"), false); err != nil {
		return err
	}
	c.mail.TooFast() // the first mail is put off
	from := len(c.log.bytes())
	if err := c.put(date(hcm, "2027-05-05 07:31")); err != nil {
		return err
	}
	c.want = []int{c.left()}
	if err := c.passed(ctx, from, c.now); err != nil {
		return err
	}
	for begun := time.Now(); c.copies() < c.owed()-1 && time.Since(begun) < 10*time.Second; {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	outbox, err := c.reminders(ctx)
	if err != nil {
		return err
	}
	if len(outbox) != 1 {
		return fmt.Errorf("%d messages wait, want the one that was put off", len(outbox))
	}
	want := c.want
	c.want = nil // while the clock is held it must not go out: count what has
	had := c.copies()
	if err := c.put(date(hcm, "2028-05-05 07:31")); err != nil {
		return err
	}
	res.faults++
	if which, _ := c.log.await(from, time.Minute, "the clock is far ahead"); which < 0 {
		res.fail("a clock that is a year ahead is believed")
	}
	for begun := time.Now(); c.told() == 0 && time.Since(begun) < 20*time.Second; {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	if c.told() == 0 {
		res.fail("the office does not hear of a clock that is a year ahead")
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	if c.copies() != had {
		res.fail("%d messages went out while the clock was a year ahead", c.copies()-had)
	}
	if outbox, err = c.reminders(ctx); err != nil {
		return err
	} else if len(outbox) != 1 || outbox[0].State != string(tasks.Retry) {
		res.fail("a year ahead the message that waits has become %+v", outbox)
	}
	from = len(c.log.bytes())
	back := time.Now()
	c.want = want
	if err := c.put(date(hcm, "2027-05-05 07:50")); err != nil {
		return err
	}
	if err := errors.Join(c.passed(ctx, from, c.now), c.settle(ctx, 60*time.Second)); err != nil {
		return err
	}
	res.note("after a year ahead and back, what waited went out %s after the clock was right", time.Since(back).Round(time.Second))
	if err := c.visit(ctx, date(hcm, "2027-05-06 07:31"), true); err != nil {
		return err
	}
	return c.end(ctx, d)
}

// wakeLate steps the clock of a daemon that has nothing to do for hours: it must
// notice within a minute.
func wakeLate(ctx context.Context, l *lab, name string, res *result) (err error) {
	c, err := l.openClocked(ctx, name, life{zone: hcm, at: date(hcm, "2027-06-07 07:31"), lazy: true}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	var longest time.Duration
	for _, at := range []string{"2027-06-08 07:31", "2027-06-09 07:31", "2027-06-10 08:00"} {
		res.faults++
		if err := errors.Join(pause(ctx, 2*time.Second), c.put(date(hcm, at))); err != nil {
			return err
		}
		c.want = append(c.want, c.left())
		begun := time.Now()
		if err := c.settle(ctx, time.Minute); err != nil {
			return err
		}
		longest = max(longest, time.Since(begun))
	}
	res.note("a daemon that slept noticed a step within %s at most", longest.Round(time.Second))
	return c.end(ctx, d)
}
