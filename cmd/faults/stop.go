//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// exitLimit is how long the daemon may take to finish what is in hand.
const exitLimit = 35 * time.Second

// stopWhileSending sends SIGTERM while messages are under way: what is in hand
// is finished and recorded, and nothing arrives twice.
func stopWhileSending(ctx context.Context, l *lab) (res result, err error) {
	rounds := l.scale(100, 4)
	o, err := l.open(ctx, "stop", l.binary, plan{
		messages: map[tasks.Channel]int{tasks.Email: 22 * rounds, tasks.Telegram: 4 * rounds, tasks.ZaloBot: rounds},
		latency:  200 * time.Millisecond,
	})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	rng := l.random("G12")
	var longest time.Duration
	for range rounds {
		took, err := o.stopOnce(ctx, rng, &res)
		if err != nil {
			return res, err
		}
		longest = max(longest, took)
	}
	if err := o.finish(ctx, &res); err != nil {
		return res, err
	}
	if err := o.judge(ctx, &res); err != nil {
		return res, err
	}
	if res.repeated > 0 {
		res.fail("%d messages came twice, and the daemon had its time to finish", res.repeated)
	}
	res.judgeLoad()
	res.note("far ends take 200 ms a message; the longest stop took %s", longest.Round(time.Millisecond))
	return res, errors.Join(l.stopTwice(ctx, &res), l.stopHung(ctx, &res))
}

// stopOnce starts the daemon, waits until it sends, and stops it at a random
// moment after that.
func (o *office) stopOnce(ctx context.Context, rng *rand.Rand, res *result) (took time.Duration, err error) {
	d, err := o.startReady(ctx)
	if err != nil {
		return 0, err
	}
	defer d.kill()
	for begun := time.Now(); o.busy() == 0 && time.Since(begun) < 5*time.Second; {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(rng.IntN(250)) * time.Millisecond)
	if o.busy() > 0 {
		res.inFlight++
	}
	res.faults++
	if err := d.signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	begun := time.Now()
	exit, err := d.wait(exitLimit)
	if err != nil {
		res.fail("after SIGTERM: %v", err)
	} else if exit != 0 {
		res.fail("after SIGTERM the daemon exits with %d: %s", exit, d.log.bytes())
	}
	return time.Since(begun), ctx.Err()
}

// stopTwice sends a second SIGTERM into the drain: the daemon ends at once, and
// what was under way counts as doubtful.
func (l *lab) stopTwice(ctx context.Context, res *result) (err error) {
	rounds := l.scale(10, 1)
	o, err := l.open(ctx, "stop-twice", l.binary, plan{
		messages: map[tasks.Channel]int{tasks.Email: 10 * rounds},
		latency:  2 * time.Second,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	for range rounds {
		if err := o.stopTwiceOnce(ctx, res); err != nil {
			return err
		}
	}
	o.setLatency(0)
	var second result
	if err := errors.Join(o.finish(ctx, &second), o.judge(ctx, &second)); err != nil {
		return err
	}
	res.failures = append(res.failures, second.failures...)
	res.planned += second.planned
	res.delivered += second.delivered
	res.lost += second.lost
	res.note("a second SIGTERM, %d times: ended at once each time, %d of %d messages repeated", rounds, second.repeated, second.planned)
	return nil
}

func (o *office) stopTwiceOnce(ctx context.Context, res *result) error {
	o.drain() // what the process before had sent
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	for begun := time.Now(); o.busy() == 0 && time.Since(begun) < 5*time.Second; {
		time.Sleep(time.Millisecond)
	}
	if o.busy() == 0 {
		return nil // all is sent already
	}
	if err := d.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if _, end := d.log.await(0, 5*time.Second, "msg=\"stopping"); end == 0 {
		return fmt.Errorf("the daemon does not say that it stops:\n%s", d.log.bytes())
	}
	if err := d.signal(syscall.SIGTERM); err != nil {
		return err
	}
	res.faults++
	res.inFlight++
	begun := time.Now()
	switch exit, err := d.wait(5 * time.Second); {
	case err != nil:
		res.fail("after a second SIGTERM: %v", err)
	case exit == 0:
		res.fail("after a second SIGTERM the daemon exits with 0, though it left messages in doubt")
	case time.Since(begun) > 2*time.Second: // at once, on a busy machine
		res.fail("after a second SIGTERM the daemon took %s", time.Since(begun))
	}
	return ctx.Err()
}

// stopHung stops a daemon whose mail server has fallen silent: it leaves within
// the limit and records the doubt.
func (l *lab) stopHung(ctx context.Context, res *result) (err error) {
	if l.quick {
		return nil
	}
	o, err := l.open(ctx, "stop-hung", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 20}, connections: 4})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	for range 4 {
		o.mail.HangUp()
	}
	var hung result
	took, err := o.stopOnce(ctx, l.random("G12 hung"), &hung)
	if err != nil {
		return err
	}
	if took < 5*time.Second {
		hung.fail("the daemon left after %s: it did not wait for a server that may still answer", took)
	}
	if err := errors.Join(o.finish(ctx, &hung), o.judge(ctx, &hung)); err != nil {
		return err
	}
	res.faults++
	res.failures = append(res.failures, hung.failures...)
	res.note("with a mail server that never answers it left after %s", took.Round(100*time.Millisecond))
	return nil
}
