// Package store keeps everything that nhacviec must not forget in one bbolt
// file: plans and tasks, what was sent, what waits to be sent, the ledger, and
// the state of the channels.
//
// Every write is on the disk before its method returns; writes that come at
// the same time share one transaction. Records are JSON behind a checksum,
// because bbolt has none on its data pages. What is returned never points into
// the file. A Store may be used by many goroutines; the function given to
// Change runs inside the transaction and must not call a method that writes,
// that given to Import must not change a task.
package store

import (
	"errors"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sync/semaphore"
)

// The buckets. Index entries have a record of no bytes as value, so that their
// keys are checked too.
const (
	metaBucket    = "meta"     // "schema", "ledger", "texts"
	plansBucket   = "plans"    // plan id -> tasks.Plan
	tasksBucket   = "tasks"    // plan|number -> tasks.Task
	duePrefix     = "due."     // and a kind: yyyymmdd|plan|number of the earliest open due date
	lookBucket    = "look"     // plan|number: an admin must look at it
	leadsBucket   = "leads"    // kind|hash of the lead|plan|number: it asks for reminding
	marksBucket   = "marks"    // plan|number|version|series|channel|unit|address -> mark
	cursorsBucket = "cursors"  // rule -> time.Time
	outboxBucket  = "outbox"   // delivery id -> tasks.Delivery: planned, retry, sending
	readyBucket   = "ready"    // channel|next attempt|id: planned, retry
	failedBucket  = "failed"   // delivery id -> tasks.Delivery
	untoldBucket  = "untold"   // delivery id: failed or waiting for a dead channel, and the office does not know
	ledgerBucket  = "ledger"   // sequence number, 8 bytes big-endian -> tasks.Entry
	settledBucket = "settled"  // delivery id -> sequence number of the entry that settled it
	channelBucket = "channels" // channel|key -> bytes
	textsBucket   = "texts"    // SHA-256, 32 bytes -> what was sent, deflated
)

// Store is an open store file.
type Store struct {
	path   string
	looker Looker
	db     *bolt.DB
	file   *os.File // the file inside db
	schema int      // of the file

	copying   sync.Mutex // held while the file is copied
	rescuing  sync.Mutex // guards rescued
	rescued   string     // path of what Rescue wrote
	squeezers sync.Pool  // of *flate.Writer: a new one costs more than a text

	queueMu sync.Mutex
	queue   []*write // waiting for a transaction

	changing *semaphore.Weighted // of tasks: an import acquires alone

	writing sync.Mutex // held by the one that commits
	wrote   bool       // guarded by writing: something was committed

	// broken is set when bbolt died inside: its locks and caches are not to be
	// trusted, and every later call gets this error.
	broken atomic.Pointer[error]

	damagedMu sync.Mutex
	damaged   map[string]bool // what was passed over, in words
}

// Open opens the store file at path, makes a new one when there is none, and
// takes one of an older schema to that of this program. An empty, short, damaged
// or newer file is refused and left as it is. The error is an *Error around
// ErrLocked, ErrDamaged or ErrNewer, or what the operating system says.
func Open(path string) (*Store, error) { return OpenWith(path, Options{}) }

// Options are what a store's file does not say itself.
type Options struct {
	// Backups is the directory of its backups: no new store is made when there is
	// one of these (ErrMissing), an error about the file names the newest, and a
	// migration makes one first. Empty: beside the store.
	Backups string

	// Looker looks at the file before it is opened, and at every copy of it. nil:
	// this process does.
	Looker Looker
}

// OpenWith opens a store as Open does.
func OpenWith(path string, o Options) (*Store, error) {
	s, err := openOrCreate(path, o)
	if err != nil {
		return nil, nameBackup(err, o.Backups)
	}
	if err = errors.Join(removeHalfRestores(path), s.unstage()); err == nil {
		err = s.migrate(migrations(), o.Backups)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openOrCreate(path string, o Options) (*Store, error) {
	_, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if err = refuseNew(path, o.Backups); err == nil {
			err = create(path)
		}
	} else if err == nil {
		err = orHere(o.Looker).Look(path)
	}
	if err != nil {
		return nil, err
	}
	s, err := open(path)
	if err == nil {
		s.looker = o.Looker
	}
	return s, err
}

// Close waits for the writes under way and closes the file. Every later call
// of another method is answered with ErrClosed.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.broken.Load() != nil { // bbolt may have died holding its own locks
		return s.file.Close()
	}
	if s.wrote {
		s.wrote = false
		if err := guard(s.path, func() error { return settleHeads(s.db) }); err != nil {
			return errors.Join(err, s.file.Close())
		}
	}
	return s.db.Close()
}

// Path returns the name of the file.
func (s *Store) Path() string { return s.path }

// view runs fn in a read transaction. It must be short: an open one keeps
// bbolt from using pages again, and the file grows.
func (s *Store) view(fn func(*bolt.Tx) error) error {
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	begun := false // from here on bbolt cleans up behind a panic
	err := guard(s.path, func() error {
		err := s.db.View(func(tx *bolt.Tx) error {
			begun = true
			return fn(tx)
		})
		begun = true
		return err
	})
	if !begun {
		s.broken.Store(&err)
	}
	return s.explain(err)
}

// skip reports whether err is damage of one record, which then is passed over:
// one bad record must not hold up all others. Damaged tells of it.
func (s *Store) skip(err error) bool {
	var d *damage
	if !errors.As(err, &d) {
		return false
	}
	s.damagedMu.Lock()
	defer s.damagedMu.Unlock()
	if s.damaged == nil {
		s.damaged = map[string]bool{}
	}
	s.damaged[d.what] = true
	return true
}

// Damaged returns what Due and Ready passed over since the store was opened,
// because its records are damaged: tasks and messages that nobody is told of.
func (s *Store) Damaged() []string {
	s.damagedMu.Lock()
	defer s.damagedMu.Unlock()
	return slices.Sorted(maps.Keys(s.damaged))
}

// explain puts bbolt's errors into the words of this package.
func (s *Store) explain(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return &Error{Path: s.path, What: "the store is closed", Err: ErrClosed}
	}
	var d *damage
	if errors.As(err, &d) {
		return damaged(s.path, "%s", d.what)
	}
	return err
}
