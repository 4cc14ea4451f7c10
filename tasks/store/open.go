package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sync/semaphore"

	"nhacviec/tasks"
)

// lockTimeout is how long Open waits for another process to let go.
const lockTimeout = time.Second

// schemaRecord is the record "schema" in the meta bucket.
type schemaRecord struct {
	Schema int `json:"schema"`
}

var indexedKinds = []tasks.Kind{tasks.Dated, tasks.Periodic, tasks.Ongoing, tasks.Awaiting}

// bucketsOf returns the buckets that a store of a schema has.
func bucketsOf(version int) []string {
	all := []string{
		metaBucket, plansBucket, tasksBucket, lookBucket, marksBucket, cursorsBucket, outboxBucket, readyBucket,
		failedBucket, untoldBucket, ledgerBucket, settledBucket, channelBucket,
	}
	for _, kind := range indexedKinds {
		all = append(all, duePrefix+string(kind))
	}
	if version >= 2 {
		all = append(all, textsBucket)
	}
	if version >= 3 {
		all = append(all, leadsBucket)
	}
	return all
}

// create makes an empty store beside path and moves it there when it is whole
// and on the disk: a crash leaves no half-made store. When another process was
// faster, its store stays.
func create(path string) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+newFile) // mode 0600
	if err != nil {
		return fmt.Errorf("making the store %s: %w; create the directory and let nhacviec's user write to it", path, err)
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(temp, 0o600, &bolt.Options{Timeout: lockTimeout})
	if err != nil {
		return fmt.Errorf("making the store %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range bucketsOf(schema) {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		if err := put(tx, metaBucket, ledgerKey, chain{}); err != nil {
			return err
		}
		return put(tx, metaBucket, schemaKey, schemaRecord{schema})
	})
	if err == nil {
		err = errors.Join(settleHeads(db), db.Sync())
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("making the store %s: %w", path, err)
	}
	if err := own(temp, dir); err != nil {
		return fmt.Errorf("making the store %s: %w", path, err)
	}
	if err := install(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the store %s: %w", path, err)
	}
	return nil
}

// install gives the file temp the name path and makes the name durable. When
// that name is taken it changes nothing: fs.ErrExist.
func install(temp, path string) error {
	err := os.Link(temp, path) // unlike a rename it never replaces a file
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil { // a file system without links
		if _, err := os.Lstat(path); err == nil {
			return &os.LinkError{Op: "rename", Old: temp, New: path, Err: fs.ErrExist}
		}
		if err := os.Rename(temp, path); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// open opens a file that exists, of this schema or an older one, and that
// somebody has looked at.
func open(path string) (*Store, error) { return openFile(path, false, 0) }

// openFile opens a file that exists, when its pages are what they should be: of
// one with more than whole bytes those that lead to records.
func openFile(path string, readOnly bool, whole uint64) (*Store, error) {
	s := &Store{path: path, changing: semaphore.NewWeighted(alone)}
	options := &bolt.Options{
		Timeout:  lockTimeout,
		ReadOnly: readOnly,
		// Our own opening never creates, and looks before bbolt maps the file: what
		// lies behind the end of a cut file is a fault in memory.
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag&^os.O_CREATE|syscall.O_NONBLOCK, mode) // a pipe would be waited for
			if err != nil {
				return nil, err
			}
			if err := inspect(f); err != nil {
				f.Close()
				return nil, err
			}
			s.file = f
			return f, nil
		},
	}
	err := guard(path, func() (err error) {
		s.db, err = bolt.Open(path, 0o600, options)
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, locked(path)
	case err != nil:
		if s.file != nil {
			s.file.Close() // a second time is no harm; after a panic it is the only one
		}
		var known *Error
		if errors.As(err, &known) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if isBolt(err) {
			return nil, damaged(path, "%v", err)
		}
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	err = guard(path, func() error {
		s.skip(checkHeads(s.file))
		return checkPages(s.file, whole)
	})
	if err == nil {
		err = s.checkSchema()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func isBolt(err error) bool {
	return errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrVersionMismatch) || errors.Is(err, bolterrors.ErrChecksum)
}

func (s *Store) checkSchema() error {
	return s.view(func(tx *bolt.Tx) error {
		if tx.Bucket([]byte(metaBucket)) == nil {
			return &damage{"it holds no store of nhacviec"}
		}
		var r schemaRecord
		switch found, err := get(tx, metaBucket, schemaKey, &r); {
		case err != nil:
			return err
		case !found || r.Schema < 1:
			return &damage{"it has no schema version"}
		case r.Schema > schema:
			return &Error{Path: s.path, What: fmt.Sprintf("the store has schema version %d, this program knows versions up to %d", r.Schema, schema),
				Cure: cureNewer, Err: ErrNewer}
		}
		s.schema = r.Schema
		for _, name := range bucketsOf(r.Schema) {
			if tx.Bucket([]byte(name)) == nil {
				return &damage{fmt.Sprintf("bucket %q is missing", name)}
			}
		}
		return nil
	})
}

const (
	schemaKey = "schema"
	ledgerKey = "ledger"
	textsKey  = "texts"
)
