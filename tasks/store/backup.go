package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// Backup writes a copy of the store, as it is at one moment, to a new file at
// path, mode 0600, while the store stays in use. The copy is opened and its
// ledger verified before it gets its name. A file that is there already is not
// replaced: fs.ErrExist.
func (s *Store) Backup(path string) error {
	return copyInto(path, func(w io.Writer) error {
		return s.view(func(tx *bolt.Tx) error {
			_, err := tx.WriteTo(w)
			return err
		})
	})
}

// Restore puts a copy of the backup in the place of the store at path, which
// no process may have open. The backup is checked first. The store that was
// there, whole or damaged, is kept beside it; old is its name, "" when there
// was none.
func Restore(backup, path string) (old string, err error) {
	if s, err := open(path); err == nil {
		s.Close()
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
	err = copyInto(temp, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("restoring %s: %w", backup, err)
	}
	defer os.Remove(temp)
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

// copyInto makes a store file at path, which must be free, out of what write
// writes, if that is a whole store with a whole ledger.
func copyInto(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	s, err := open(temp)
	if err != nil {
		return fmt.Errorf("checking the copy: %w", err)
	}
	_, err = s.Verify()
	if err := errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("checking the copy: %w", err)
	}
	return install(temp, path)
}
