//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// exitLimit is how long the daemon may take to finish what is in hand.
const exitLimit = 35 * time.Second

// stopWhileSending sends SIGTERM while messages are under way: what is in hand
// is finished and recorded, and nothing arrives twice.
func stopWhileSending(ctx context.Context, l *lab) (res result, err error) {
	var twice, hung result
	errs := make([]error, 3)
	var waiting sync.WaitGroup
	waiting.Go(func() { res, errs[0] = l.perSeed(ctx, stopDrawn) })
	waiting.Go(func() { errs[1] = l.stopTwice(ctx, &twice) })
	waiting.Go(func() { errs[2] = l.stopHung(ctx, &hung) })
	waiting.Wait()
	if err := errors.Join(errs...); err != nil {
		return res, err
	}
	if res.repeated > 0 {
		res.fail("%d messages came twice, and the daemon had its time to finish", res.repeated)
	}
	res.judgeLoad()
	// That a second signal leaves messages in doubt is what it is for.
	repeated, doubts := res.repeated, res.doubts
	res.add("a second SIGTERM", twice)
	res.add("a server that never answers", hung)
	res.repeated, res.doubts = repeated, doubts
	return res, nil
}

// stopDrawn stops it at the moments that are drawn from one seed.
func stopDrawn(ctx context.Context, l *lab) (res result, err error) {
	rounds := l.share(100, 4)
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
	res.note("far ends take 200 ms a message; the longest stop took %s", longest.Round(time.Millisecond))
	return res, nil
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
	if err := errors.Join(o.finish(ctx, res), o.judge(ctx, res)); err != nil {
		return err
	}
	res.note("%d times, ended at once; %d of %d messages repeated", res.faults, res.repeated, res.planned)
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
	// Nothing that is under way comes to its end: then it would exit with 0.
	switch exit, err := d.wait(10 * time.Second); {
	case err != nil:
		res.fail("after a second SIGTERM: %v", err)
	case exit == 0 && !bytes.Contains(d.log.bytes(), []byte("ended at once")):
		res.fail("a second SIGTERM did not end the daemon at once:\n%s", d.log.bytes())
	case exit == 0:
		res.fail("after a second SIGTERM the daemon exits with 0, though it left messages in doubt")
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
	took, err := o.stopOnce(ctx, l.random("G12 hung"), res)
	if err != nil {
		return err
	}
	if took < 5*time.Second {
		res.fail("the daemon left after %s: it did not wait for a server that may still answer", took)
	}
	res.note("it left after %s", took.Round(100*time.Millisecond))
	return errors.Join(o.finish(ctx, res), o.judge(ctx, res))
}
