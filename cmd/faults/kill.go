//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"nhacviec/tasks"
)

// workers is how many messages the daemon has in hand at most: eight
// connections to the mail server, two workers for Telegram, one for Zalo.
const workers = 8 + 2 + 1

// maxCopies is how often one message may come: three times it may be under way
// when the process ends, then a person sends it once more.
const maxCopies = 4

// killAtRandom kills the daemon again and again while it sends, then lets it
// finish.
func killAtRandom(ctx context.Context, l *lab) (result, error) {
	res, err := l.perSeed(ctx, killDrawn)
	res.judgeLoad()
	return res, err
}

// killDrawn does so with the kills that are drawn from one seed.
func killDrawn(ctx context.Context, l *lab) (res result, err error) {
	kills := l.share(510, 12)
	p := plan{
		messages: map[tasks.Channel]int{
			tasks.Email:    l.share(7500, 120),
			tasks.Telegram: l.share(2340, 40),
			tasks.ZaloBot:  l.share(180, 6),
		},
		latency: 30 * time.Millisecond,
	}
	o, err := l.open(ctx, "kill", l.binary, p)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	rng := l.random("G1")
	if err := errors.Join(o.forecast(ctx, &res), o.killFirst(ctx)); err != nil {
		return res, err
	}
	for res.faults < kills {
		if err := o.killOnce(ctx, rng, &res); err != nil {
			return res, err
		}
	}
	before := o.copies()
	if err := o.finish(ctx, &res); err != nil {
		return res, err
	}
	if err := o.judge(ctx, &res); err != nil {
		return res, err
	}
	if res.worst > 2*workers { // a worker has one under way and may have the next prepared
		res.fail("one kill left %d attempts in doubt, and there are %d workers", res.worst, workers)
	}
	// What lay in a socket when its process died may be counted with the next one;
	// but no more can come again than the ledger has in doubt.
	if most := min(o.mostRepeated(), res.worst); most > workers {
		res.fail("one kill made %d messages come again, and there are %d workers", most, workers)
	}
	repeated, differing := o.sameMail()
	if differing > 0 {
		res.fail("%d of %d repeated mails changed their Message-ID", differing, repeated)
	}
	if most := o.mostCopies(); most > maxCopies {
		res.fail("one message came %d times", most)
	}
	res.note("the ledger marks %d attempts uncertain, %.2f a kill and at most %d; %.2f messages a kill came again and at most %d, of %d workers; no message more than %d times; %d mails came more than once, %d of them with another Message-ID",
		res.doubts, float64(res.doubts)/float64(kills), res.worst, float64(res.repeated)/float64(kills), o.mostRepeated(), workers, o.mostCopies(), repeated, differing)
	res.note("%d of %d copies had come when the last kill fell; mail 100/s, Telegram 25/s, Zalo 50/min are the program's own limits", before, o.copies())
	return res, nil
}

// killFirst lets the daemon live until the plan has fired and it sends.
func (o *office) killFirst(ctx context.Context) error {
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	for begun := time.Now(); o.copies() == 0; {
		if time.Since(begun) > 20*time.Second {
			return fmt.Errorf("nothing is sent after 20 s:\n%s", d.log.bytes())
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	d.kill()
	o.newLife()
	return nil
}

// killOnce starts the daemon and kills it a moment after it takes up sending; one
// time in ten a moment after its start, wherever it is then.
func (o *office) killOnce(ctx context.Context, rng *rand.Rand, res *result) error {
	moment := time.Duration(rng.IntN(251)) * time.Millisecond
	early := rng.IntN(10) == 0
	d, err := o.start(ctx, nil)
	if err != nil {
		return err
	}
	if !early {
		if err := d.ready(20 * time.Second); err != nil {
			return err
		}
		o.untilBusy(5 * time.Second)
	}
	time.Sleep(moment)
	if !early {
		o.untilBusy(50 * time.Millisecond)
	}
	if o.busy() > 0 {
		res.inFlight++
	}
	d.kill()
	o.newLife()
	res.faults++
	return ctx.Err()
}

// untilBusy waits until a message is under way, for as long as any can be.
func (o *office) untilBusy(limit time.Duration) {
	for begun := time.Now(); o.busy() == 0 && o.missing() > 0 && time.Since(begun) < limit; {
		time.Sleep(time.Millisecond)
	}
}

// judgeLoad voids a run whose kills fell into idleness.
func (r *result) judgeLoad() {
	const enough = 70
	if r.inFlight*100 < r.faults*enough {
		r.void = fmt.Sprintf("only %d of %d faults fell while a delivery was in flight, less than %d %%", r.inFlight, r.faults, enough)
	}
}

// quiet is how long finish waits for messages that are nowhere to be seen: a
// rule that fires every second has planned them by then, or never will.
const quiet = 5 * time.Second

// finish lets the daemon send what is left, sends by hand what it set aside,
// and stops it.
func (o *office) finish(ctx context.Context, res *result) error {
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	again := 0
	deadline, empty := time.Now().Add(3*time.Minute), time.Time{}
	for {
		outbox, err := o.reminders(ctx)
		if err != nil {
			return err
		}
		if len(outbox) == 0 && o.missing() == 0 {
			break
		}
		if len(outbox) > 0 {
			empty = time.Time{}
		} else if empty.IsZero() {
			empty = time.Now()
		} else if time.Since(empty) > quiet {
			break // judge says what is missing
		}
		n, err := o.sendByHand(ctx, outbox, res)
		if err != nil {
			return err
		}
		again += n
		if time.Now().After(deadline) {
			res.fail("%d messages still wait after three quiet minutes; the first: %+v", len(outbox), outbox[0])
			break
		}
		if err := pause(ctx, min(max(10*time.Millisecond, time.Duration(len(outbox))*2*time.Millisecond), time.Second)); err != nil {
			return err
		}
	}
	if again > 0 {
		res.note("%d messages had been set aside, shown by outbox, and were sent by hand", again)
	}
	return d.stop()
}

// sendByHand sends again what outbox shows as set aside.
func (o *office) sendByHand(ctx context.Context, outbox []waiting, res *result) (sent int, err error) {
	for _, w := range outbox {
		if w.State != string(tasks.Failed) {
			continue
		}
		if w.Doubts < 2 {
			res.fail("%s for %s failed: %s", w.ID, w.Address, w.Error)
		}
		if _, err := o.ask(ctx, "resend", w.ID, "--by", "harness"); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// reminders returns what outbox shows of them.
func (o *office) reminders(ctx context.Context) ([]waiting, error) {
	var all, out []waiting
	if err := o.askJSON(ctx, &all, "outbox"); err != nil {
		return nil, err
	}
	for _, w := range all {
		if w.Kind == string(tasks.Reminder) {
			out = append(out, w)
		}
	}
	return out, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
