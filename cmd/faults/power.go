//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"nhacviec/tasks"
)

// losePower records what the program writes and makes durable, and what it says
// meanwhile to the log and to the mail server. Then it rebuilds the disk as a
// power cut at every moment could have left it: of what was not made durable,
// any part. Each such store must open, and know whatever the program had said.
func losePower(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	if res.skipped = canTrace(ctx); res.skipped != "" {
		return res, ctx.Err()
	}
	return l.losePower(ctx, l.binary, l.scale(104_000, 300))
}

// losePower records a binary and looks at so many states.
func (l *lab) losePower(ctx context.Context, binary string, states int) (res result, err error) {
	res.inFlight = -1
	o, err := l.found("power", binary, plan{messages: map[tasks.Channel]int{tasks.Email: l.scale(26, 12), tasks.Telegram: l.scale(6, 3), tasks.ZaloBot: 1}, connections: 4})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	first, err := o.record(ctx, o.importArgs()...)
	if err != nil {
		return res, err
	}
	base, err := os.ReadFile(o.storePath())
	if err != nil {
		return res, err
	}
	second, err := o.recordServe(ctx, &res)
	if err != nil {
		return res, err
	}
	if err := o.judge(ctx, &res); err != nil {
		return res, err
	}
	var ids []string
	var ledger []entry
	if err := o.askJSON(ctx, &ledger, "ledger"); err != nil {
		return res, err
	}
	for _, e := range ledger {
		if e.State == string(tasks.Delivered) {
			ids = append(ids, e.ID)
		}
	}
	parts := []*replay{
		{name: "making the store and importing", path: o.storePath(), ops: first, states: states / 20},
		{name: "sending", path: o.storePath(), ops: second, base: base, ids: ids, states: states},
	}
	for _, version := range oldSchemas {
		r, err := l.recordMigration(ctx, version)
		if err != nil {
			return res, err
		}
		r.states = states / 20
		parts = append(parts, r)
	}
	for _, part := range parts {
		part.rng = l.random("G4 " + part.name)
		if err := o.lookAll(ctx, part, &res); err != nil {
			return res, err
		}
	}
	return res, nil
}

func count(ops []diskOp, kind string) (n int) {
	for _, op := range ops {
		if op.kind == kind {
			n++
		}
	}
	return n
}

// record runs a verb under strace.
func (o *office) record(ctx context.Context, verb ...string) ([]diskOp, error) {
	trace := filepath.Join(o.dir, "verb.trace")
	args := append(append(straceArgs(trace), o.binary, "-c", o.config), verb...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	if _, err := output(cmd); err != nil {
		return nil, err
	}
	return o.readTrace(trace)
}

// recordServe lets the daemon send everything under strace.
func (o *office) recordServe(ctx context.Context, res *result) ([]diskOp, error) {
	trace := filepath.Join(o.dir, "serve.trace")
	d, err := o.start(ctx, straceArgs(trace))
	if err != nil {
		return nil, err
	}
	defer d.kill()
	for begun := time.Now(); o.missing() > 0; {
		if time.Since(begun) > time.Minute {
			res.fail("%d messages were not sent within a minute", o.missing())
			break
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if err := d.stop(); err != nil {
		return nil, err
	}
	return o.readTrace(trace)
}

// readTrace reads a trace when its tracer has come to the end.
func (o *office) readTrace(trace string) ([]diskOp, error) {
	size := int64(-1)
	for {
		info, err := os.Stat(trace)
		if err != nil {
			return nil, err
		}
		if info.Size() == size {
			return readTrace(trace, o.storePath())
		}
		size = info.Size()
		time.Sleep(200 * time.Millisecond)
	}
}
