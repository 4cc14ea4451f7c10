package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	const limit = 40 * time.Second // a sleeping daemon looks at the clock every half minute
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
	if which, _ := c.log.await(from, 40*time.Second, "the clock is far ahead"); which < 0 {
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

// walkedZones are those of the random walks.
var walkedZones = []string{hcm, "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"}

// zoneWalk is a walk of the clock through days on which a zone does something
// odd: hours that do not exist, or come twice.
type zoneWalk struct {
	zone, cron string
	from       string // the first day
	days       int
	odd        string // the instant, in UTC, around which the clock goes in small steps; "" for none
	due        tasks.Date
	early      string // a time of day before the fire, "" if there is none
	late       string // and one after
}

func zoneWalks() []zoneWalk {
	return []zoneWalk{
		{zone: "Europe/Berlin", cron: "30 2 * * *", from: "2027-03-26", days: 4, odd: "2027-03-28 01:00", early: "01:00", late: "04:00"},          // 02:30 does not exist
		{zone: "Europe/Berlin", cron: "30 2 * * *", from: "2027-10-29", days: 4, odd: "2027-10-31 01:00", early: "01:00", late: "04:00"},          // twice
		{zone: "America/Sao_Paulo", cron: "0 0 * * *", from: "2018-11-02", days: 4, odd: "2018-11-04 03:00", late: "01:30"},                       // no midnight
		{zone: "America/Sao_Paulo", cron: "30 23 * * *", from: "2018-02-15", days: 4, odd: "2018-02-18 02:00", early: "12:00", late: "23:45"},     // 23:30 twice
		{zone: "Australia/Lord_Howe", cron: "15 2 * * *", from: "2027-10-01", days: 4, odd: "2027-10-02 15:30", early: "01:00", late: "04:00"},    // half an hour
		{zone: "Australia/Lord_Howe", cron: "45 1 * * *", from: "2027-04-02", days: 4, odd: "2027-04-03 15:00", early: "01:00", late: "04:00"},    // and back
		{zone: "Pacific/Apia", cron: everyDay, from: "2011-12-28", days: 5, odd: "2011-12-30 10:00", early: "06:00", late: "08:00"},               // no 30 December
		{zone: hcm, cron: everyDay, from: "2028-02-27", days: 4, due: tasks.DateOf(date(hcm, "2028-02-29 12:00")), early: "06:00", late: "08:00"}, // leap day
		{zone: hcm, cron: everyDay, from: "2027-12-30", days: 4, due: tasks.DateOf(date(hcm, "2027-12-31 12:00")), early: "06:00", late: "08:00"}, // year end
		{zone: hcm, cron: "0 0 * * *", from: "2028-02-27", days: 4, due: tasks.DateOf(date(hcm, "2028-03-01 12:00")), late: "00:30"},              // midnight of a leap day
	}
}

// walk visits every day before and after its fire.
func (w zoneWalk) walk(ctx context.Context, l *lab, name string, res *result) (err error) {
	first := date(w.zone, w.from+" "+w.late)
	c, err := l.openClocked(ctx, name, life{zone: w.zone, at: first, due: w.due, cron: w.cron}, res)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	var odd time.Time
	if w.odd != "" {
		odd = date("UTC", w.odd)
	}
	last := first
	for i := 1; i <= w.days; i++ {
		today := tasks.DateOf(first) + tasks.Date(i)
		at := func(clock string) time.Time { return date(w.zone, today.String()+" "+clock) }
		if tasks.DateOf(at(w.late)) != today {
			continue // there is no such day
		}
		if w.early != "" {
			if err := c.visit(ctx, at(w.early), false); err != nil {
				return err
			}
		}
		// Through the odd hours in small steps; only the end of it is judged.
		for t := odd.Add(-50 * time.Minute); !odd.IsZero() && t.Before(odd.Add(80*time.Minute)); t = t.Add(10 * time.Minute) {
			if t.After(c.now) && t.After(last) && t.Before(at(w.late)) {
				from := len(c.log.bytes())
				if err := errors.Join(c.put(t), c.passed(ctx, from, t)); err != nil {
					return err
				}
				res.faults++
			}
		}
		last = at(w.late)
		if err := c.visit(ctx, last, true); err != nil {
			return err
		}
	}
	return c.end(ctx, d)
}

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
			if err := pause(ctx, 300*time.Millisecond); err != nil { // until what arrived is recorded: G1 kills sooner
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
	if today <= w.newest {
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
	if which, _ := w.log.await(from, 40*time.Second, "the clock is far ahead"); which < 0 {
		w.res.fail("%s: the clock shows %s and is believed; the latest was %s", filepath.Base(w.dir), w.now, w.known)
	}
	if err := w.settle(ctx, 0); err != nil {
		return err
	}
	return w.stay(ctx, at.Add(w.between(time.Minute, time.Hour)))
}
