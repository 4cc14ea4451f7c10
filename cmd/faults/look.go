//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// bySample is how many of the states of a recording the release binary itself
// is started on; all are looked at with its package store.
const bySample = 30

// lookers open what a replay builds and ask for everything that was said.
type lookers struct {
	*replay
	dir     string // in memory, if there is such a place
	every   int    // how many states to one sample for the binary
	todo    chan state
	waiting sync.WaitGroup

	mu                    sync.Mutex // guards what follows
	res                   *result
	unopenable, forgotten int
	sampled               int
	errs                  []error
}

// lookAll goes through a replay.
func (o *office) lookAll(ctx context.Context, r *replay, res *result) error {
	dir, err := os.MkdirTemp("/dev/shm", "faults-")
	if err != nil { // no such place
		if dir, err = os.MkdirTemp(o.lab.dir, "power-"); err != nil {
			return err
		}
	}
	defer os.RemoveAll(dir)
	l := &lookers{replay: r, dir: dir, every: max(r.states/bySample, 25), todo: make(chan state, 16), res: res}
	for i := range 2 {
		sample, err := o.beside(fmt.Sprintf("sample-%d-%p", i, r))
		if err != nil {
			return err
		}
		l.waiting.Go(func() { l.look(ctx, sample, filepath.Join(dir, fmt.Sprint(i))) })
	}
	err = r.run(ctx, func(s state) { l.todo <- s })
	close(l.todo)
	l.waiting.Wait()
	res.faults += r.checked
	res.note("%s: %d writes, %d syncs, %d things said: %d different states after a power cut, %d unopenable, %d without something that was said; the program was started on %d of them",
		r.name, count(r.ops, "write"), count(r.ops, "sync"), r.said(), r.checked, l.unopenable, l.forgotten, l.sampled)
	return errors.Join(append(l.errs, err)...)
}

// finding is what is wrong with a state; empty if nothing is.
type finding struct{ unopenable, forgotten string }

// look looks at states until there are no more.
func (l *lookers) look(ctx context.Context, sample *office, dir string) {
	in, out := make(chan state), make(chan finding, 1)
	ended := make(chan struct{})
	go func() {
		// A thread of its own, which others go before. It stays: a thread that ends
		// takes along the daemons that were started on it, see attributes.
		runtime.LockOSThread()
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 10)
		disk := slate{dir: dir}
		for s := range in {
			out <- disk.examine(s)
		}
		sample.lab.spent.addThread()
		close(ended)
		select {}
	}()
	hung := false
	for s := range l.todo {
		if hung || ctx.Err() != nil {
			continue // let the others end
		}
		in <- s
		select {
		case found := <-out:
			l.found(s, found)
		case <-time.After(lookLimit):
			hung = true
			l.found(s, finding{unopenable: "the store hangs"})
			continue
		}
		if s.number%l.every == 1 {
			found, err := sample.examine(ctx, s)
			l.found(s, found)
			l.mu.Lock()
			l.errs = append(l.errs, err)
			l.sampled++
			l.mu.Unlock()
		}
	}
	close(in)
	if !hung {
		<-ended
	}
}

func (l *lookers) found(s state, f finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.unopenable != "" {
		l.unopenable++
	}
	if f.forgotten != "" {
		l.forgotten++
	}
	if text := cmp.Or(f.unopenable, f.forgotten); text != "" {
		l.res.fail("%s, power cut after op %d, %s: %s", l.name, s.at, s.how, text)
	}
}

// put lays the store of a state into a directory that has nothing else.
func (s state) put(dir string) (path string, err error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return "", err
	}
	path = filepath.Join(dir, "nhacviec.db")
	if s.data == nil {
		return path, nil
	}
	return path, os.WriteFile(path, s.data, 0o600)
}

// slate is a directory with the store of one state after the other. What two of
// them have in common stays, unless looking changes it.
type slate struct {
	dir  string
	data []byte // of its store; nil: it may have been changed since
}

// put makes the store that of a state.
func (t *slate) put(s state) (path string, err error) {
	if t.data == nil || s.data == nil {
		path, err = s.put(t.dir)
	} else {
		path = filepath.Join(t.dir, "nhacviec.db")
		err = t.amend(path, s.data)
	}
	if t.data = s.data; s.old {
		t.data = nil
	}
	return path, err
}

// amend writes the pages that differ.
func (t *slate) amend(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if len(data) != len(t.data) {
		err = f.Truncate(int64(len(data)))
	}
	const page = 4096
	for at := 0; at < len(data) && err == nil; at += page {
		end := min(at+page, len(data))
		if end > len(t.data) || !bytes.Equal(data[at:end], t.data[at:end]) {
			_, err = f.WriteAt(data[at:end], int64(at))
		}
	}
	return errors.Join(err, f.Close())
}

// examine opens a store and asks it for what it must know.
func (t *slate) examine(s state) finding {
	path, err := t.put(s)
	if err != nil {
		return finding{unopenable: err.Error()}
	}
	st, err := store.Open(path)
	if err != nil {
		return finding{unopenable: err.Error()}
	}
	defer st.Close()
	if _, err := st.Verify(); err != nil {
		return finding{unopenable: err.Error()}
	}
	if all, err := st.Tasks(""); err != nil || len(all) < s.tasks {
		return finding{forgotten: fmt.Sprintf("%d tasks are left of %d (%v)", len(all), s.tasks, err)}
	}
	return s.check(func(id string) (tasks.DeliveryState, error) {
		d, err := st.Delivery(id)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return d.State, err
	})
}

// check holds what was said against what a store knows of a delivery: "" is
// nothing.
func (s state) check(know func(id string) (tasks.DeliveryState, error)) finding {
	checked := make(map[string]bool, len(s.claimed))
	for i := len(s.claimed) - 1; i >= 0; i-- {
		c := s.claimed[i]
		if checked[c.id] {
			continue
		}
		checked[c.id] = true
		now, err := know(c.id)
		switch {
		case err != nil:
			return finding{unopenable: err.Error()}
		case now == "":
			return finding{forgotten: fmt.Sprintf("delivery %s is unknown, and the program had said so much of it: %d", c.id, c.what)}
		case c.what == settled && now != tasks.Delivered:
			return finding{forgotten: fmt.Sprintf("delivery %s is %s, and the log had said sent", c.id, now)}
		case c.what == begun && now == tasks.Planned:
			return finding{forgotten: fmt.Sprintf("delivery %s is still planned, and the mail server had it", c.id)}
		}
	}
	return finding{}
}

// examine starts the program itself on a state.
func (o *office) examine(ctx context.Context, s state) (finding, error) {
	if _, err := s.put(filepath.Dir(o.storePath())); err != nil {
		return finding{}, err
	}
	var all []struct{}
	var ledger []entry
	var outbox []waiting
	for _, verb := range []struct {
		name string
		into any
	}{{"tasks", &all}, {"ledger", &ledger}, {"outbox", &outbox}} {
		if err := o.askJSON(ctx, verb.into, verb.name); err != nil {
			return finding{unopenable: err.Error()}, ctx.Err()
		}
	}
	if _, err := o.ask(ctx, "verify"); err != nil {
		return finding{unopenable: err.Error()}, ctx.Err()
	}
	if len(all) < s.tasks {
		return finding{forgotten: fmt.Sprintf("the program lists %d tasks of %d", len(all), s.tasks)}, nil
	}
	states := map[string]tasks.DeliveryState{}
	for _, w := range outbox {
		states[w.ID] = tasks.DeliveryState(w.State)
	}
	for _, e := range ledger {
		if _, waits := states[e.ID]; !waits {
			states[e.ID] = tasks.DeliveryState(e.State)
		}
	}
	return s.check(func(id string) (tasks.DeliveryState, error) { return states[id], nil }), nil
}
