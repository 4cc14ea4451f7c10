//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nhacviec/tasks"
)

// sendSignals sends the daemon every signal that a system sends one, again and
// again while it sends: only SIGTERM and SIGINT end it, and in the ordinary way.
func sendSignals(ctx context.Context, l *lab) (result, error) {
	res, err := l.perSeed(ctx, signalsDrawn)
	res.judgeLoad()
	return res, err
}

func signalsDrawn(ctx context.Context, l *lab) (res result, err error) {
	o, err := l.open(ctx, "signals", l.binary, plan{
		messages: map[tasks.Channel]int{tasks.Email: l.share(3000, 60), tasks.Telegram: l.share(600, 20), tasks.ZaloBot: l.share(60, 2)},
		latency:  50 * time.Millisecond,
	})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	rng, sent := l.random("P5"), map[syscall.Signal]int{}
	for n := l.share(1000, 40); res.faults < n; {
		if err := o.signalLife(ctx, rng, n, sent, &res); err != nil {
			return res, err
		}
	}
	if err := errors.Join(o.finish(ctx, &res), o.judge(ctx, &res)); err != nil {
		return res, err
	}
	if res.repeated > 0 {
		res.fail("%d messages came twice, and nothing had broken off", res.repeated)
	}
	res.note("SIGHUP %d, SIGUSR1 %d, SIGPIPE %d: it goes on; SIGTERM %d, SIGINT %d: it ends with 0",
		sent[syscall.SIGHUP], sent[syscall.SIGUSR1], sent[syscall.SIGPIPE], sent[syscall.SIGTERM], sent[syscall.SIGINT])
	return res, nil
}

// signalLife starts a daemon, sends it signals that it must survive, and in the
// end one that it obeys.
func (o *office) signalLife(ctx context.Context, rng *rand.Rand, most int, sent map[syscall.Signal]int, res *result) error {
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	o.untilBusy(5 * time.Second)
	for last := false; !last; {
		sig := []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGPIPE}[rng.IntN(3)]
		if last = rng.IntN(40) == 0 || res.faults == most-1; last {
			sig = []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}[rng.IntN(2)]
		}
		o.untilBusy(50 * time.Millisecond)
		if o.busy() > 0 {
			res.inFlight++
		}
		if err := d.signal(sig); err != nil {
			res.fail("the daemon is gone before %s: %v\n%.2000s", sig, d.err, d.log.bytes())
			return nil
		}
		res.faults++
		sent[sig]++
		time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond)
	}
	switch exit, err := d.wait(exitLimit); {
	case err != nil:
		res.fail("%v", err)
	case exit != 0:
		res.fail("the daemon exits with %d: %.2000s", exit, d.log.bytes())
	}
	return ctx.Err()
}

// closeLog takes from the daemon the pipe that it logs to: at first nobody reads
// it any more and it fills, or nobody holds it any more. Messages go out.
func closeLog(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	for _, part := range []struct {
		name   string
		closed bool
	}{{"full", false}, {"closed", true}} {
		var one result
		if err := l.deafen(ctx, part.closed, &one); err != nil {
			return res, fmt.Errorf("%s: %w", part.name, err)
		}
		res.add("a log pipe that is "+part.name, one)
	}
	return res, nil
}

// deafen lets the daemon log into a pipe that nobody reads.
func (l *lab) deafen(ctx context.Context, closed bool, res *result) (err error) {
	o, err := l.open(ctx, "deaf", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 100, tasks.Telegram: 20, tasks.ZaloBot: 2}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		return errors.Join(err, w.Close())
	}
	d, err := o.startInto(ctx, w, nil)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	defer d.kill()
	if closed {
		if err := r.Close(); err != nil {
			return err
		}
	}
	res.faults++
	begun := time.Now()
	for o.missing() > 0 && time.Since(begun) < 20*time.Second {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	if n := o.missing(); n > 0 {
		res.fail("%d of %d messages were not sent", n, len(o.expected))
	}
	if err := d.stop(); err != nil {
		res.fail("%v", err)
	}
	return errors.Join(o.finish(ctx, res), o.judge(ctx, res))
}
