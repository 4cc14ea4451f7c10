package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the store, as it is at one moment, to a new file at
// path, mode 0600, while the store stays in use. The copy is opened and its
// ledger verified before it gets its name. A file that is there already is not
// replaced: fs.ErrExist.
func (s *Store) Backup(path string) error { return copyInto(path, s.copyTo) }

// copyTo writes the store as it is at one moment. The transaction lasts as long
// as the writing: w must not be slow.
func (s *Store) copyTo(w io.Writer) error {
	s.copying.Lock() // bbolt reads through one file handle with one position
	defer s.copying.Unlock()
	return s.view(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(w)
		return err
	})
}

// Copy returns a copy of the store, as it is at one moment, for somebody who
// may take it slowly: it lies in a nameless file beside the store, so that no
// transaction stays open. Whoever receives it checks it, as Receive does.
func (s *Store) Copy() (f *os.File, size int64, err error) {
	f, err = os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+newFile) // mode
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("copying the store: %w", errors.Join(err, f.Close()))
			f = nil
		}
	}()
	if err := os.Remove(f.Name()); err != nil { // the file lives until it is closed
		return f, 0, err
	}
	if err := s.copyTo(f); err != nil {
		return f, 0, err
	}
	if size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return f, 0, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, size, err
}

// Receive makes a backup at path of a copy of a store. It is checked as Backup
// checks its own.
func Receive(path string, from io.Reader) error {
	return copyInto(path, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// Restore puts a copy of the backup in the place of the store at path, which
// no process may have open. The backup is checked first. The store that was
// there, whole or damaged, is kept beside it; old is its name, "" when there
// was none.
func Restore(backup, path string) (old string, err error) {
	if s, err := open(path); err == nil {
		defer s.Close() // nobody else opens it until the other one is there
	} else if errors.Is(err, ErrLocked) {
		return "", err
	}
	from, err := os.Open(backup)
	if err != nil {
		return "", err
	}
	defer from.Close()
	temp := path + ".restore"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := Receive(temp, from); err != nil {
		var known *Error
		if errors.As(err, &known) && known.Path == "" {
			return "", &Error{Path: backup, What: known.What, Cure: "restore another backup", Err: known.Err}
		}
		return "", fmt.Errorf("restoring %s: %w", backup, err)
	}
	defer os.Remove(temp)
	if err := own(temp, filepath.Dir(path)); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		old = path + ".old-" + strconv.Itoa(n)
		err := install(path, old)
		if errors.Is(err, fs.ErrNotExist) {
			old = ""
		} else if errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return "", err
		}
		break
	}
	if err := os.Rename(temp, path); err != nil {
		return old, err
	}
	return old, syncDir(filepath.Dir(path))
}

// own gives a file that root makes to the owner of the data directory: the
// daemon must be able to use it.
func own(path, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Chown(path, int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// copyInto makes a store file at path, which must be free, out of what write
// writes, if that is a whole store with a whole ledger.
func copyInto(path string, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil { // before the work; install looks again
		return &fs.PathError{Op: "make", Path: path, Err: fs.ErrExist}
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newFile) // mode 0600
	if err != nil {
		return err
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := check(temp); err != nil {
		return err
	}
	if err := install(temp, path); errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "make", Path: path, Err: fs.ErrExist}
	} else if err != nil {
		return err
	}
	return nil
}

// newFile is behind the name of a file that is not whole yet.
const newFile = ".new-*"

// Inspect opens a store file of this schema or an older one, changes nothing,
// and returns how many entries its ledger has, each verified.
func Inspect(path string) (entries uint64, err error) {
	s, err := open(path)
	if err != nil {
		return 0, err
	}
	entries, err = s.Verify()
	return entries, errors.Join(err, s.Close())
}

// check inspects a copy that has no name yet that anybody knows.
func check(path string) error {
	_, err := Inspect(path)
	var known *Error
	if errors.As(err, &known) {
		return &Error{What: "the copy does not stand the check: " + known.What, Cure: "take another backup", Err: known.Err}
	} else if err != nil {
		return fmt.Errorf("checking the copy: %w", err)
	}
	return nil
}
