//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"nhacviec/tasks"
)

// resumeLimit is how soon messages must go out again once the disk takes
// writes.
const resumeLimit = 60 * time.Second

// fillDisk takes from the daemon what every process needs: room on the disk, a
// disk that can be written to, file descriptors.
func fillDisk(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	for _, part := range []struct {
		name string
		run  func(context.Context, *lab, *result) error
	}{{"full", fullDisk}, {"read-only", readOnlyDisk}, {"no descriptors", noDescriptors}} {
		var one result
		if err := part.run(ctx, l, &one); err != nil {
			return res, fmt.Errorf("%s: %w", part.name, err)
		}
		res.add(part.name, one)
	}
	return res, nil
}

// fullDisk lets the disk become full under some daemons, side by side.
func fullDisk(ctx context.Context, l *lab, res *result) error {
	offices, cycles := l.scale(10, 1), l.scale(2, 1)
	results := make([]result, offices)
	errs := make([]error, offices)
	var waiting sync.WaitGroup
	for i := range offices {
		waiting.Go(func() { errs[i] = l.fullOffice(ctx, cycles, &results[i]) })
	}
	waiting.Wait()
	for i := range offices {
		res.add(fmt.Sprint("office ", i+1), results[i])
	}
	if most := res.faults * workers; res.repeated > most {
		res.fail("%d messages came twice in %d cycles, more than one a worker", res.repeated, res.faults)
	}
	return errors.Join(errs...)
}

// fullOffice lets the disk become full under one daemon, again and again. At its
// start the store may not grow; later no write at all succeeds.
func (l *lab) fullOffice(ctx context.Context, cycles int, res *result) (err error) {
	o, err := l.open(ctx, "disk", l.binary, plan{
		messages:  map[tasks.Channel]int{tasks.Email: 120 * cycles, tasks.Telegram: 30 * cycles, tasks.ZaloBot: 2},
		perMinute: l.scale(1200, 3000),
		latency:   20 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	store, err := os.Stat(o.storePath())
	if err != nil {
		return err
	}
	d, err := o.start(ctx, nil)
	if err != nil {
		return err
	}
	defer d.kill()
	var waits []string
	for cycle := range cycles {
		size := uint64(1)
		if cycle == 0 && !l.quick {
			size = uint64(store.Size())
		} else if !o.moves(ctx, o.copies(), 10*time.Second) {
			break // all is sent
		}
		took, err := o.fullOnce(ctx, d, size, res)
		if err != nil {
			return err
		}
		waits = append(waits, took.Round(100*time.Millisecond).String())
	}
	if err := d.stop(); err != nil {
		res.fail("%v", err)
	}
	if err := errors.Join(o.finish(ctx, res), o.judge(ctx, res)); err != nil {
		return err
	}
	if !l.quick {
		res.note("messages went out again after %s of room", strings.Join(waits, ", "))
	}
	return nil
}

// fullOnce takes the room away, so that no file can be written beyond a size,
// waits until the daemon notices and no message goes out any more, and gives the
// room back. It returns how long it took until messages went out again.
func (o *office) fullOnce(ctx context.Context, d *daemon, size uint64, res *result) (took time.Duration, err error) {
	from := len(d.log.bytes())
	if err := setLimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, size); err != nil {
		return 0, err
	}
	res.faults++
	if which, _ := d.log.await(from, 10*time.Second, "file too large"); which < 0 && o.missing() > 0 {
		res.fail("no word in the log of a full disk:\n%s", d.log.bytes()[from:])
	}
	had := o.copies()
	// What is in hand may still arrive; after that there must be silence.
	silent := false
	for range 5 {
		was := o.copies()
		if silent = pause(ctx, 1500*time.Millisecond) == nil && o.copies() == was && o.busy() == 0; silent {
			break
		}
	}
	if !silent {
		res.fail("messages go on going out while none can be recorded")
	}
	if more := o.copies() - had; more > 2*workers { // each may have one under way and one that is ready
		res.fail("%d messages went out while none could be recorded", more)
	}
	before := o.copies()
	if err := setLimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, math.MaxUint64); err != nil {
		return 0, err
	}
	if o.lab.quick {
		return 0, nil // it pauses for half a minute; the next process will send
	}
	begun := time.Now()
	if !o.moves(ctx, before, resumeLimit) && o.missing() > 0 {
		res.fail("nothing went out within %s after there was room again", resumeLimit)
	}
	took = time.Since(begun)
	return took, pause(ctx, 300*time.Millisecond) // so that the next cycle finds it sending
}

// moves waits until more has arrived than before.
func (o *office) moves(ctx context.Context, before int, limit time.Duration) bool {
	for begun := time.Now(); o.copies() == before; {
		if time.Since(begun) > limit || pause(ctx, 5*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

// setLimit sets the soft limit of a running process.
func setLimit(pid, what int, to uint64) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, what, nil, &limit); err != nil {
		return fmt.Errorf("prlimit: %w", err)
	}
	limit.Cur = min(to, limit.Max)
	if err := unix.Prlimit(pid, what, &limit, nil); err != nil {
		return fmt.Errorf("prlimit: %w", err)
	}
	return nil
}

// nobody is the user that a directory can be closed to.
const nobody = 65534

// readOnlyDisk starts the daemon on a store that it may not write to: it says
// so and ends. When the store can be written again it does its work.
func readOnlyDisk(ctx context.Context, l *lab, res *result) (err error) {
	o, err := l.open(ctx, "readonly", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 10}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	if os.Getuid() == 0 {
		if err := o.giveTo(nobody); err != nil {
			return err
		}
		o.uid = nobody
	}
	data := filepath.Dir(o.storePath())
	if err := errors.Join(os.Chmod(o.storePath(), 0o400), os.Chmod(data, 0o500)); err != nil {
		return err
	}
	d, err := o.start(ctx, nil)
	if err != nil {
		return err
	}
	res.faults++
	exit, err := d.wait(30 * time.Second)
	said := string(d.log.bytes())
	switch {
	case err != nil:
		d.kill()
		res.fail("on a read-only store %v", err)
	case exit == 0:
		res.fail("on a read-only store the daemon exits with 0: %s", said)
	case !strings.Contains(said, "nhacviec.db") || !strings.Contains(said, "permission denied") || !strings.Contains(said, "hint: "):
		res.fail("on a read-only store it does not say which file, what and what to do: %s", said)
	}
	if err := errors.Join(os.Chmod(data, 0o700), os.Chmod(o.storePath(), 0o600)); err != nil {
		return err
	}
	return errors.Join(o.finish(ctx, res), o.judge(ctx, res))
}

// giveTo makes a user the owner of an office, and its directory reachable.
func (o *office) giveTo(uid int) error {
	if err := errors.Join(os.Chmod(o.lab.dir, 0o755), os.Chmod(filepath.Dir(o.binary), 0o755)); err != nil {
		return err
	}
	return filepath.WalkDir(o.dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, uid, uid))
	})
}

// noDescriptors leaves the running daemon no file descriptor for new
// connections, and gives them back.
func noDescriptors(ctx context.Context, l *lab, res *result) (err error) {
	if l.quick {
		return nil
	}
	o, err := l.open(ctx, "nofile", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 60, tasks.Telegram: 20, tasks.ZaloBot: 2}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	if err := setLimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, 3); err != nil {
		return err
	}
	res.faults++
	if which, _ := d.log.await(0, 20*time.Second, "too many open files"); which < 0 {
		res.fail("no word in the log of descriptors that are missing")
	}
	if err := setLimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, 1024); err != nil {
		return err
	}
	begun := time.Now()
	if !o.moves(ctx, o.copies(), resumeLimit) {
		res.fail("nothing went out within %s after there were descriptors again", resumeLimit)
	}
	res.note("without descriptors: messages went out again %s after there were some", time.Since(begun).Round(time.Millisecond))
	if err := d.stop(); err != nil {
		res.fail("%v", err)
	}
	return errors.Join(o.finish(ctx, res), o.judge(ctx, res))
}
