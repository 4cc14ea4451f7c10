package store

import (
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
// is there; and then removes the oldest days' backups but the last n, and what
// a killed process left half written. Nothing is removed before the new one is
// whole. Other files are left alone. made is false if the backup was there.
func (s *Store) Keep(dir string, day tasks.Date, n int) (made bool, err error) {
	if err := makeDir(dir); err != nil {
		return false, err
	}
	path := filepath.Join(dir, BackupName(day))
	if _, err := os.Lstat(path); err == nil {
		return false, nil
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

// rotate removes the oldest days' backups but the last n. The one just made is
// among those, even if a clock that was set back gave it an old name.
func rotate(dir string, made tasks.Date, n int) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var days []tasks.Date
	for _, f := range files {
		if day, ok := backupDay(f.Name()); ok && day != made && f.Type().IsRegular() {
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

// NewestBackup returns the path and the time of the file in dir that was
// written last and is called as a backup is; "" when there is none.
func NewestBackup(dir string) (path string, at time.Time, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", time.Time{}, nil
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), backupPrefix) || !strings.HasSuffix(f.Name(), backupSuffix) || !f.Type().IsRegular() {
			continue
		}
		info, err := f.Info()
		if err == nil && (path == "" || !info.ModTime().Before(at)) {
			path, at = filepath.Join(dir, f.Name()), info.ModTime()
		}
	}
	return path, at, err
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
