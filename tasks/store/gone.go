package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Gone returns an error around ErrGone when the file that is open is not the one
// at the store's path any more: it was removed, moved, or replaced under the
// running program. What is written to it then is lost with the process. It costs
// two calls of the system.
func (s *Store) Gone() error {
	open, err := s.file.Stat()
	if err != nil {
		return nil // closed: whoever writes hears of that
	}
	there, err := os.Stat(s.path)
	what := "another file was put in its place"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		what = "it was removed or moved away"
	case err != nil || os.SameFile(open, there): // what cannot be looked at may still be there
		return nil
	}
	return &Error{Path: s.path, What: "the database file is gone from under the running nhacviec: " + what,
		Cure: "nhacviec status says where what is stored was saved; stop the daemon and bring that back with `nhacviec restore FILE`", Err: ErrGone}
}

// Rescue saves what is stored when the file is gone, into a file
// nhacviec-rescue-N.db in dir, whose path it returns. Called again it writes that
// anew, if something was written since. Nothing is checked: it is all there is,
// and Restore looks at it.
func (s *Store) Rescue(dir string) (path string, err error) {
	s.rescuing.Lock()
	defer s.rescuing.Unlock()
	if s.rescued != "" {
		if same, err := s.unchangedSince(s.rescued); same && err == nil {
			return s.rescued, nil
		}
	} else if s.rescued, err = freeRescue(dir); err != nil {
		return "", err
	}
	temp, err := os.CreateTemp(dir, filepath.Base(s.rescued)+newFile) // mode 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(temp.Name())
	if err := errors.Join(s.copyTo(temp), temp.Sync(), temp.Close()); err != nil {
		return "", called(err, temp.Name(), s.rescued)
	}
	if err := os.Rename(temp.Name(), s.rescued); err != nil {
		return "", err
	}
	return s.rescued, syncDir(dir)
}

// freeRescue returns a name for a rescue in dir that no earlier one has.
func freeRescue(dir string) (string, error) {
	if err := makeDir(dir); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf("%srescue-%d%s", backupPrefix, n, backupSuffix))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
}
