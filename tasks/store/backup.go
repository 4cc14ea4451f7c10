package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the store, as it is at one moment, to a new file at
// path, mode 0600, while the store stays in use. The copy is opened and its
// ledger verified before it gets its name. A file that is there already is not
// replaced: fs.ErrExist.
func (s *Store) Backup(path string) error { return copyInto(path, s.looker, s.copyTo) }

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
	// Without the directory a copy is wanted all the more.
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.CreateTemp("", filepath.Base(s.path)+newFile)
	}
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

// Receive makes a backup at path of a copy of a store. It is inspected as Backup
// has its own inspected; by this process when the looker is nil.
func Receive(path string, from io.Reader, looker Looker) error {
	return copyInto(path, looker, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// Restore puts a copy of the backup in the place of the store at path, which
// no process may have open. The backup is inspected first, as Receive does. The
// store that was there, whole or damaged, is not read but kept beside it; old is
// its name, "" when there was none.
func Restore(backup, path string, looker Looker) (old string, err error) {
	from, err := openRegular(backup)
	if err != nil {
		return "", err
	}
	defer from.Close()
	release, err := hold(path)
	if err != nil {
		return "", err
	}
	defer release()
	if err := removeHalfRestores(path); err != nil {
		return "", err
	}
	temp := path + restoring
	if err := Receive(temp, from, looker); err != nil {
		var known *Error
		if errors.As(err, &known) && known.Path == "" {
			if errors.Is(known, ErrNewer) {
				return "", &Error{Path: backup, What: known.What, Cure: cureNewer, Err: ErrNewer}
			}
			return "", &Error{Path: backup, What: known.What, Cure: cureBackup, Err: known.Err}
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

// restoring is behind the name of a store that Restore has not put in its place
// yet.
const restoring = ".restore"

// openRegular opens a backup. What is no file it neither waits for nor reads
// without end.
func openRegular(backup string) (*os.File, error) {
	f, err := os.OpenFile(backup, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &Error{Path: backup, What: "it is no regular file", Cure: "name the file of a backup", Err: ErrDamaged}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// removeHalfRestores removes what Restore left beside a store when the process
// was killed. The store must be held.
func removeHalfRestores(path string) error {
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	half := filepath.Base(path) + restoring
	for _, f := range files {
		if f.Name() != half && !strings.HasPrefix(f.Name(), half+strings.TrimSuffix(newFile, "*")) {
			continue
		}
		if err := os.Remove(filepath.Join(filepath.Dir(path), f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps every other process from opening a store file, whatever is in it,
// until release is called. A file that is not there needs no hold.
func hold(path string) (release func(), err error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for begun := time.Now(); ; time.Sleep(lockTimeout / 20) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // as bbolt does
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			f.Close()
			return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
		case time.Since(begun) > lockTimeout:
			f.Close()
			return nil, locked(path)
		}
	}
}

const cureBackup = "restore another backup"

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
func copyInto(path string, looker Looker, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil { // before the work; install looks again
		return &fs.PathError{Op: "make", Path: path, Err: fs.ErrExist}
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newFile) // mode 0600
	if err != nil {
		return &fs.PathError{Op: "make", Path: path, Err: cause(err)}
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return called(err, temp, path)
	}
	if err := check(temp, looker); err != nil {
		return err
	}
	if err := install(temp, path); errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "make", Path: path, Err: fs.ErrExist}
	} else if err != nil {
		return err
	}
	return nil
}

// called returns an error about a file under the name that it is to get, which is
// the one that a person knows.
func called(err error, temp, path string) error {
	var about *fs.PathError
	if errors.As(err, &about) && about.Path == temp {
		return &fs.PathError{Op: about.Op, Path: path, Err: cause(err)}
	}
	return fmt.Errorf("writing %s: %w", path, err)
}

// cause returns what the system says about a file.
func cause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// newFile is behind the name of a file that is not whole yet.
const newFile = ".new-*"
