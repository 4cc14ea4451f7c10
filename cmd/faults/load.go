//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nhacviec/tasks"
)

// What the daemon must hold under load.
const (
	loadLimit   = 120 * time.Second // until everything is accepted
	resumeAfter = 3 * time.Second   // from a kill to the next message
	loadMemory  = 150 << 10         // KiB
)

// bearLoad lets ten thousand mails come due at one instant, through eight
// connections to a server that takes 20 ms over each, and kills the daemon
// meanwhile.
func bearLoad(ctx context.Context, l *lab) (res result, err error) {
	o, err := l.open(ctx, "load", l.binary, plan{
		messages:  map[tasks.Channel]int{tasks.Email: l.scale(10_000, 100)},
		perMinute: 600_000,
		latency:   20 * time.Millisecond,
	})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	every := time.Duration(l.scale(10_000, 500)) * time.Millisecond
	var peak int
	var slowest, took time.Duration
	begun, killed := time.Now(), time.Time{}
	for took == 0 {
		had := o.copies()
		d, err := o.start(ctx, nil)
		if err != nil {
			return res, err
		}
		if !o.moves(ctx, had, loadLimit) {
			d.kill()
			return res, fmt.Errorf("nothing is sent within %s:\n%s", loadLimit, d.log.bytes())
		}
		if killed.IsZero() {
			begun = time.Now() // they are due
		} else {
			slowest = max(slowest, time.Since(killed))
		}
		until := time.Now().Add(every)
		for o.missing() > 0 && time.Now().Before(until) {
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return res, err
			}
		}
		memory, err := peakMemory(d.cmd.Process.Pid)
		if err != nil {
			return res, err
		}
		peak = max(peak, memory)
		if o.missing() == 0 {
			took = time.Since(begun)
			if err := d.stop(); err != nil {
				return res, err
			}
			break
		}
		if o.busy() > 0 {
			res.inFlight++
		}
		d.kill()
		killed = time.Now()
		o.newLife()
		res.faults++
	}
	if err := errors.Join(o.finish(ctx, &res), o.judge(ctx, &res)); err != nil {
		return res, err
	}
	res.note("%d messages due at once, 8 connections, 20 ms each, a SIGKILL every %s: all accepted after %.1f s, %d repeated, %.1f s at most from a kill to the next message, %d MB of memory at most",
		res.planned, every, took.Seconds(), res.repeated, slowest.Seconds(), peak>>10)
	if l.quick {
		return res, nil
	}
	if took > loadLimit {
		res.fail("all accepted after %s, and %s were allowed", took, loadLimit)
	}
	if slowest > resumeAfter {
		res.fail("%s from a kill to the next message, and %s were allowed", slowest, resumeAfter)
	}
	if peak > loadMemory {
		res.fail("the daemon had %d KiB of memory, and %d were allowed", peak, loadMemory)
	}
	if most := o.mostRepeated(); most > workers {
		res.fail("one kill made %d messages come again, and there are %d workers", most, workers)
	}
	return res, nil
}
