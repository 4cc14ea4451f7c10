package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"nhacviec/tasks"
)

// killAtRandom kills the daemon again and again while it sends, then lets it
// finish.
func killAtRandom(ctx context.Context, l *lab) (res result, err error) {
	kills := l.scale(500, 12)
	p := plan{
		messages: map[tasks.Channel]int{
			tasks.Email:    l.scale(6000, 120),
			tasks.Telegram: l.scale(2500, 50),
			tasks.ZaloBot:  l.scale(200, 6),
		},
		latency: 20 * time.Millisecond,
	}
	o, err := l.open(ctx, "kill", l.binary, p)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	rng := l.random("G1")
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
	repeated, differing := o.sameMail()
	if differing > 0 {
		res.fail("%d of %d repeated mails changed their Message-ID", differing, repeated)
	}
	res.note("%d copies had come when the last of %d kills fell; repeated %.2f a kill; %d mails came twice, with the same Message-ID each", before, kills,
		float64(res.repeated)/float64(kills), repeated)
	res.judgeLoad()
	return res, nil
}

// killOnce starts the daemon and kills it a moment after it answers; one time in
// ten while it starts.
func (o *office) killOnce(ctx context.Context, rng *rand.Rand, res *result) error {
	moment := time.Duration(30+rng.IntN(301)) * time.Millisecond
	early := rng.IntN(10) == 0
	d, err := o.start(ctx, nil)
	if err != nil {
		return err
	}
	if !early {
		if err := d.ready(20 * time.Second); err != nil {
			return err
		}
	}
	time.Sleep(moment)
	if o.busy() > 0 {
		res.inFlight++
	}
	d.kill()
	res.faults++
	return ctx.Err()
}

// judgeLoad voids a run whose kills fell into idleness.
func (r *result) judgeLoad() {
	const enough = 70
	if r.inFlight*100 < r.faults*enough {
		r.void = fmt.Sprintf("only %d of %d faults fell while a delivery was in flight, less than %d %%", r.inFlight, r.faults, enough)
	}
}

// finish lets the daemon send what is left, sends by hand what it set aside,
// and stops it.
func (o *office) finish(ctx context.Context, res *result) error {
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	again := 0
	for deadline := time.Now().Add(3 * time.Minute); ; {
		outbox, err := o.reminders(ctx)
		if err != nil {
			return err
		}
		waits := 0
		for _, w := range outbox {
			if w.State != string(tasks.Failed) {
				waits++
				continue
			}
			if w.Doubts < 2 {
				res.fail("%s for %s failed: %s", w.ID, w.Address, w.Error)
			}
			if _, err := o.ask(ctx, "resend", w.ID, "--by", "harness"); err != nil {
				return err
			}
			again++
		}
		if len(outbox) == 0 {
			break
		}
		if time.Now().After(deadline) {
			res.fail("%d messages still wait after three quiet minutes; the first: %+v", waits, outbox[0])
			break
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	if again > 0 {
		res.note("%d messages had been set aside, shown by outbox, and were sent by hand", again)
	}
	return d.stop()
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
