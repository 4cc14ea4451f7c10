package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// A backup in the directory of backups is called nhacviec-2023-06-30.db, and
// one made before a migration nhacviec-schema-1.db.
const (
	backupPrefix = "nhacviec-"
	backupSuffix = ".db"
)

// BackupName returns the name of the backup of a day.
func BackupName(day tasks.Date) string { return backupPrefix + day.String() + backupSuffix }

// backupDay returns the day of a backup; ok is false for another file.
func backupDay(name string) (day tasks.Date, ok bool) {
	middle, ok := strings.CutSuffix(strings.TrimPrefix(name, backupPrefix), backupSuffix)
	if !ok || !strings.HasPrefix(name, backupPrefix) {
		return 0, false
	}
	day, err := tasks.ParseDate(middle)
	return day, err == nil && BackupName(day) == name
}

// Keep makes the backup of a day in dir, which it makes if need be, unless it
// is there; a file of that name which is none, it moves aside. Then it removes the oldest days' backups but the last n, and what
// a killed process left half written. Nothing is removed before the new one is
// whole. Other files are left alone. made is false if the backup was there.
func (s *Store) Keep(dir string, day tasks.Date, n int) (made bool, err error) {
	if err := makeDir(dir); err != nil {
		return false, err
	}
	path := filepath.Join(dir, BackupName(day))
	switch whole, err := wholeBackup(path); {
	case whole:
		return false, nil
	case errors.Is(err, ErrDamaged):
		if err := os.Rename(path, path+".damaged"); err != nil {
			return false, err
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	if err := removeHalves(dir); err != nil {
		return false, err
	}
	if err := s.Backup(path); err != nil {
		return false, err
	}
	return true, rotate(dir, day, n)
}

// makeDir makes the directory of backups if need be. One that root makes belongs
// to who has the directory above it: the daemon must be able to use it.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return own(dir, filepath.Dir(dir))
}

// removeHalves removes what copyInto left when the process was killed. Only one
// process, which has the store, makes backups in a directory.
func removeHalves(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if half, err := filepath.Match(backupPrefix+"*"+backupSuffix+newFile, f.Name()); err != nil || !half {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// wholeBackup reports whether a file may be the backup that it is called: it was
// verified before it got its name, so its head pages and its length tell. The
// error says why not.
func wholeBackup(path string) (bool, error) {
	f, err := openRegular(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := inspect(f); err != nil {
		return false, err
	}
	return true, nil
}

// rotate removes the oldest days' backups but the last n; what is damaged is left
// to a person and not counted. The one just made is among those, even if a clock that was set back gave it an old name.
func rotate(dir string, made tasks.Date, n int) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var days []tasks.Date
	for _, f := range files {
		day, ok := backupDay(f.Name())
		if !ok || day == made {
			continue
		}
		if whole, _ := wholeBackup(filepath.Join(dir, f.Name())); whole {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	for _, day := range days[:max(0, len(days)-(n-1))] {
		if err := os.Remove(filepath.Join(dir, BackupName(day))); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// backupFile is a file in the directory of backups that is called as a backup is.
type backupFile struct {
	path string
	at   time.Time // of the last change
}

// backupFiles returns them, the one that was written last first.
func backupFiles(dir string) ([]backupFile, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []backupFile
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), backupPrefix) || !strings.HasSuffix(f.Name(), backupSuffix) || !f.Type().IsRegular() {
			continue
		}
		if info, err := f.Info(); err == nil {
			out = append(out, backupFile{filepath.Join(dir, f.Name()), info.ModTime()})
		}
	}
	slices.SortStableFunc(out, func(a, b backupFile) int { return cmp.Or(b.at.Compare(a.at), strings.Compare(b.path, a.path)) })
	return out, err
}

// HasBackups reports whether a file in dir is called as a backup is, damaged or
// not: there was a store.
func HasBackups(dir string) (bool, error) {
	files, err := backupFiles(dir)
	return len(files) > 0, err
}

// NewestBackup returns the path and the time of the backup in dir that was
// written last; "" when there is none. What is empty, cut short or no store at all
// is no backup.
func NewestBackup(dir string) (path string, at time.Time, err error) {
	files, err := backupFiles(dir)
	for _, f := range files {
		if whole, _ := wholeBackup(f.path); whole {
			return f.path, f.at, err
		}
	}
	return "", time.Time{}, err
}

// beforeMigration makes a backup of a store of an older schema, unless that of
// an attempt before is there and the store has not changed since.
func (s *Store) beforeMigration(dir string) error {
	if err := makeDir(dir); err != nil {
		return err
	}
	if err := removeHalves(dir); err != nil {
		return err
	}
	for n := 1; ; n++ {
		name := fmt.Sprintf("%sschema-%d", backupPrefix, s.schema)
		if n > 1 {
			name += fmt.Sprintf("-%d", n)
		}
		path := filepath.Join(dir, name+backupSuffix)
		err := s.Backup(path)
		if err == nil {
			return own(path, dir)
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if same, err := s.unchangedSince(path); same || err != nil {
			return err
		}
	}
}

// unchangedSince reports whether a backup is of the store's last transaction.
func (s *Store) unchangedSince(backup string) (bool, error) {
	f, err := os.Open(backup)
	if err != nil {
		return false, err
	}
	defer f.Close()
	then, err := liveMeta(f)
	if err != nil {
		return false, nil // damaged since: no backup
	}
	now, err := liveMeta(s.file)
	return err == nil && then.txid == now.txid && then.pages == now.pages && then.root == now.root, err
}
