//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"nhacviec/tasks"
)

// Stores as the releases wrote them that knew no later schema, each killed while
// it sent: some messages are sent, some were under way, some wait.
//
//go:embed testdata/schema-*.db.gz
var oldStores embed.FS

// oldSchemas are the versions of oldStores.
var oldSchemas = []int{1, 2, 3}

// oldPlan is what the office of oldStores had to send.
var oldPlan = plan{messages: map[tasks.Channel]int{tasks.Email: 30, tasks.Telegram: 10, tasks.ZaloBot: 5}}

func oldStore(version int) ([]byte, error) {
	packed, err := oldStores.ReadFile(fmt.Sprintf("testdata/schema-%d.db.gz", version))
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// inherit makes an office whose store is of an older schema.
func (l *lab) inherit(version int) (*office, error) {
	o, err := l.found(fmt.Sprint("schema-", version), l.binary, oldPlan)
	if err != nil {
		return nil, err
	}
	return o, o.reinstall(version)
}

// reinstall gives an office the old store, and nothing else.
func (o *office) reinstall(version int) error {
	data, err := oldStore(version)
	if err != nil {
		return err
	}
	_, err = state{data: data}.put(filepath.Dir(o.storePath()))
	return err
}

// killMigration kills the program at every call with which it changes a disk
// while it takes an old store to its own schema: the next one must make the
// same of it as if nothing had happened, and keep a copy of the old one.
func killMigration(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	if res.skipped = canTrace(ctx); res.skipped != "" {
		return res, ctx.Err()
	}
	for _, version := range oldSchemas {
		if err := l.killMigrationOf(ctx, version, &res); err != nil {
			return res, err
		}
	}
	return res, nil
}

// canTrace reports why strace cannot be used, "" if it can.
func canTrace(ctx context.Context) string {
	if err := exec.CommandContext(ctx, "strace", "-D", "true").Run(); err != nil {
		return "needs strace (apt-get install strace), and leave to trace: " + err.Error()
	}
	return ""
}

// writingCalls are the calls with which a disk is changed.
var writingCalls = []string{"pwrite64", "write", "ftruncate", "fdatasync", "fsync", "linkat", "link", "unlinkat", "unlink"}

func (l *lab) killMigrationOf(ctx context.Context, version int, res *result) (err error) {
	o, err := l.inherit(version)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	want, err := o.readAll(ctx)
	if err != nil {
		return err
	}
	o.judgeMigration(version, "nothing", res)
	points := map[string]int{}
	for _, call := range writingCalls {
		for n := 1; n <= l.scale(100, 1); n++ {
			if err := o.reinstall(version); err != nil {
				return err
			}
			killed, err := o.dieInCall(ctx, call, n)
			if err != nil {
				return err
			}
			if !killed {
				break
			}
			res.faults++
			points[call]++
			where := fmt.Sprintf("%s %d", call, n)
			got, err := o.readAll(ctx)
			var no *refusal
			switch {
			case errors.As(err, &no):
				res.fail("schema %d, killed at %s: %v", version, where, err)
			case err != nil:
				return err
			case got != want:
				res.fail("schema %d, killed at %s: after the next start something else is stored than without the kill", version, where)
			}
			o.judgeMigration(version, where, res)
		}
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	res.note("schema %d: killed at %s", version, strings.Trim(fmt.Sprint(points), "map[]"))
	return d.stop()
}

// dieInCall lets a verb open the store, and kills it at the n-th call of a kind.
// It reports whether there are so many.
func (o *office) dieInCall(ctx context.Context, call string, n int) (killed bool, err error) {
	cmd := exec.CommandContext(ctx, "strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n), o.binary, "tasks", "--json", "-c", o.config)
	cmd.SysProcAttr = o.attributes()
	err = cmd.Run()
	o.lab.spent.add(cmd.ProcessState)
	var ended *exec.ExitError
	if errors.As(err, &ended) { // itself, or the process with which it looks at the file
		return true, ctx.Err()
	}
	return false, err
}

// judgeMigration looks for the copy that was made before.
func (o *office) judgeMigration(version int, where string, res *result) {
	old, err := oldStore(version)
	if err != nil {
		res.fail("%v", err)
		return
	}
	copies, err := filepath.Glob(filepath.Join(filepath.Dir(o.storePath()), "backup", fmt.Sprintf("nhacviec-schema-%d*.db", version)))
	if err != nil || len(copies) != 1 {
		res.fail("schema %d, killed at %s: there are %d copies of the old store", version, where, len(copies))
		return
	}
	kept, err := os.ReadFile(copies[0])
	if err != nil {
		res.fail("%v", err)
	} else if len(kept) < len(old)/2 {
		res.fail("schema %d, killed at %s: the copy of the old store has %d bytes of %d", version, where, len(kept), len(old))
	}
}

// recordMigration records how the program takes an old store to its own schema.
func (l *lab) recordMigration(ctx context.Context, version int) (r *replay, err error) {
	o, err := l.inherit(version)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	r = &replay{name: fmt.Sprint("migrating schema ", version), path: o.storePath(), told: map[string]byte{}, old: true}
	if r.base, err = oldStore(version); err != nil {
		return nil, err
	}
	if r.ops, err = o.record(ctx, "tasks", "--json"); err != nil {
		return nil, err
	}
	var ledger []entry
	var outbox []waiting
	var all []struct{}
	if err := errors.Join(o.askJSON(ctx, &ledger, "ledger"), o.askJSON(ctx, &outbox, "outbox"), o.askJSON(ctx, &all, "tasks")); err != nil {
		return nil, err
	}
	for _, w := range outbox {
		r.told[w.ID] = known
		if w.State != string(tasks.Planned) {
			r.told[w.ID] = begun
		}
	}
	for _, e := range ledger {
		if e.State == string(tasks.Delivered) {
			r.told[e.ID] = settled
		}
	}
	r.tasks = len(all)
	return r, nil
}
