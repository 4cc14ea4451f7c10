package store

import (
	"fmt"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// write is one change that waits for a transaction.
type write struct {
	fn    func(*bolt.Tx) error // may run more than once
	done  bool
	err   error
	panic *foreign
}

// foreign is a panic of a function that a caller gave us: a fault of the
// program, not of the file.
type foreign struct{ value any }

// update runs fn in a write transaction and returns when the transaction is on
// the disk. All that queue up while one transaction is being written share the
// next: whoever gets the lock first commits for everybody. Nobody waits for
// company. A mutex, not a goroutine with channels, so that the store serves
// callers inside and outside of a synctest bubble alike.
func (s *Store) update(fn func(*bolt.Tx) error) error {
	w := &write{fn: fn}
	s.queueMu.Lock()
	s.queue = append(s.queue, w)
	s.queueMu.Unlock()

	s.writing.Lock()
	if !w.done {
		s.commit()
	}
	s.writing.Unlock()
	if w.panic != nil {
		panic(w.panic.value)
	}
	return s.explain(w.err)
}

// commit writes all that is queued. s.writing is held.
func (s *Store) commit() {
	s.queueMu.Lock()
	group := s.queue
	s.queue = nil
	s.queueMu.Unlock()

	for len(group) > 0 {
		failed, err := s.commitGroup(group)
		switch {
		case failed >= 0: // its error is its own; the others start again without it
			group[failed].done = true
			group = append(group[:failed:failed], group[failed+1:]...)
		case err != nil && len(group) > 1: // a full disk may still take the small ones
			for _, w := range group {
				_, w.err = s.commitGroup([]*write{w})
				w.done = true
			}
			return
		default:
			for _, w := range group {
				w.done, w.err = true, err
			}
			return
		}
	}
}

// commitGroup runs the group in one transaction. failed is the index of the
// member whose own function failed, or -1.
func (s *Store) commitGroup(group []*write) (failed int, err error) {
	if broken := s.broken.Load(); broken != nil {
		return -1, *broken
	}
	failed = -1
	torn := true
	err = guard(s.path, func() error {
		err := s.db.Update(func(tx *bolt.Tx) error {
			for i, w := range group {
				if w.err = w.run(tx); w.err != nil {
					failed = i
					return w.err
				}
			}
			return nil
		})
		torn = false
		s.wrote = s.wrote || err == nil
		return err
	})
	if torn {
		s.broken.Store(&err)
		return -1, err
	}
	return failed, err
}

func (w *write) run(tx *bolt.Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*foreign)
			if !ok {
				panic(r)
			}
			w.panic = f
			err = fmt.Errorf("panic: %v", f.value)
		}
	}()
	return w.fn(tx)
}

// call runs a caller's function inside a transaction.
func call(fn func() error) error {
	defer func() {
		if r := recover(); r != nil {
			panic(&foreign{r})
		}
	}()
	return fn()
}

// guard turns the ways in which bbolt dies on a damaged file, panics and
// faults in the mapped memory, into an error.
func guard(path string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = damaged(path, "%v", r)
		}
	}()
	return fn()
}
