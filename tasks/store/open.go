package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"nhacviec/tasks"
)

// schema is the version of the buckets and records that this program writes.
const schema = 1

// lockTimeout is how long Open waits for another process to let go.
const lockTimeout = time.Second

// schemaRecord is the record "schema" in the meta bucket.
type schemaRecord struct {
	Schema int `json:"schema"`
}

var indexedKinds = []tasks.Kind{tasks.Dated, tasks.Periodic, tasks.Ongoing, tasks.Awaiting}

func buckets() []string {
	all := []string{
		metaBucket, plansBucket, tasksBucket, lookBucket, marksBucket, cursorsBucket, outboxBucket, readyBucket,
		failedBucket, untoldBucket, ledgerBucket, settledBucket, channelBucket,
	}
	for _, kind := range indexedKinds {
		all = append(all, duePrefix+string(kind))
	}
	return all
}

// create makes an empty store beside path and moves it there when it is whole
// and on the disk: a crash leaves no half-made store. When another process was
// faster, its store stays.
func create(path string) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // mode 0600
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
		for _, name := range buckets() {
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
		err = db.Sync()
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("making the store %s: %w", path, err)
	}
	return install(temp, path)
}

// install gives the file temp the name path, unless that name is taken, and
// makes the name durable.
func install(temp, path string) error {
	err := os.Link(temp, path) // unlike a rename it never replaces a file
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(temp, path) // a file system without links
	} else {
		err = nil
	}
	if err != nil {
		return err
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

// open opens a file that exists.
func open(path string) (*Store, error) {
	s := &Store{path: path}
	options := &bolt.Options{
		Timeout: lockTimeout,
		// Our own opening never creates, and looks before bbolt maps the file: what
		// lies behind the end of a cut file is a fault in memory.
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag&^os.O_CREATE, mode)
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
		return nil, &Error{Path: path, What: "another process has the store open",
			Cure: "let the running nhacviec do it over its socket, or stop it first", Err: ErrLocked}
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
	if err := s.checkSchema(); err != nil {
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
				Cure: "install the newer nhacviec again", Err: ErrNewer}
		}
		for _, name := range buckets() {
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
)

// The meta page of bbolt's file format, version 2: a page header of 16 bytes,
// then these fields in the machine's byte order.
const (
	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	metaOffset   = 16
	metaSize     = 64
	metaSumAt    = 56
	pageAtLeast  = 512
	pageAtMost   = 64 << 10
	noFreelist   = ^uint64(0)
	firstDataPgs = 4 // two metas, a freelist, a leaf
)

type metaPage struct {
	pageSize, root, freelist, pages, txid uint64
}

// readMeta reads a meta page; ok is false when it is not whole. A version that
// this program does not know is an error.
func readMeta(f *os.File, offset int64) (m metaPage, ok bool, err error) {
	b := make([]byte, metaSize)
	if _, err := f.ReadAt(b, offset+metaOffset); err != nil {
		return m, false, nil
	}
	order := binary.NativeEndian
	if order.Uint32(b) != metaMagic {
		return m, false, nil
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSumAt])
	if order.Uint64(b[metaSumAt:]) != sum.Sum64() {
		return m, false, nil
	}
	if v := order.Uint32(b[4:]); v != metaVersion {
		return m, false, &Error{Path: f.Name(), What: fmt.Sprintf("the file has bbolt format %d, this program knows %d", v, metaVersion),
			Cure: "install the newer nhacviec again", Err: ErrNewer}
	}
	m = metaPage{
		pageSize: uint64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		txid:     order.Uint64(b[48:]),
	}
	return m, true, nil
}

// inspect refuses a file that bbolt would take for new, or on which it would
// crash. It needs no lock: the process that holds it changes one meta at a
// time, and makes the file longer before a meta says so.
func inspect(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return damaged(f.Name(), "it is no regular file")
	}
	if info.Size() == 0 {
		return damaged(f.Name(), "the file is empty")
	}
	meta, ok, err := readMeta(f, 0)
	if err != nil {
		return err
	}
	if !ok { // look for the second page, whose place depends on the page size
		for size := int64(pageAtLeast); size <= pageAtMost && !ok; size *= 2 {
			if meta, ok, err = readMeta(f, size); err != nil {
				return err
			}
			ok = ok && int64(meta.pageSize) == size
		}
	} else if second, whole, err := readMeta(f, int64(meta.pageSize)); err != nil {
		return err
	} else if whole && second.txid > meta.txid {
		meta = second
	}
	if !ok {
		return damaged(f.Name(), "neither of its two head pages is whole")
	}
	info, err = f.Stat() // again, now that the meta is read
	if err != nil {
		return err
	}
	need := meta.pages * meta.pageSize
	switch {
	case meta.pageSize < pageAtLeast || meta.pageSize > pageAtMost || meta.pages < firstDataPgs ||
		meta.root >= meta.pages || meta.freelist >= meta.pages && meta.freelist != noFreelist:
		return damaged(f.Name(), "its head page makes no sense")
	case uint64(info.Size()) < need:
		return damaged(f.Name(), "the file is cut short: %d bytes, its pages need %d", info.Size(), need)
	}
	return nil
}
