package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// What can be wrong, for errors.Is.
var (
	ErrLocked   = errors.New("in use by another process")
	ErrDamaged  = errors.New("damaged")
	ErrMissing  = errors.New("missing, although it has backups")
	ErrGone     = errors.New("gone from under the running program")
	ErrNewer    = errors.New("written by a newer nhacviec")
	ErrClosed   = errors.New("closed")
	ErrNotFound = errors.New("not found")
	ErrSettled  = errors.New("already settled")
	ErrWaiting  = errors.New("still waiting")
	ErrInvalid  = errors.New("invalid")
	ErrTampered = errors.New("ledger tampered with")
)

// Error says which file, what is wrong and what to do.
type Error struct {
	Path string // the store file
	What string
	Cure string // may be empty
	Err  error  // one of the sentinels above
}

func (e *Error) Error() string {
	text := e.What
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Cure != "" {
		text += "; " + e.Cure
	}
	return text
}

// Unwrap returns the sentinel.
func (e *Error) Unwrap() error { return e.Err }

// refuseNew returns an error when there is a backup of the store that is
// missing: a new one would know nothing of what was sent.
func refuseNew(path, backups string) error {
	has, err := HasBackups(backups)
	if backups == "" || err == nil && !has {
		return nil
	} else if err != nil {
		return err
	}
	return &Error{Path: path, What: "the store is missing, although it has backups",
		Cure: "bring back the newest with `nhacviec restore FILE`; to begin anew, move the backups away", Err: ErrMissing}
}

// nameBackup names the newest backup in an error that a backup cures.
func nameBackup(err error, backups string) error {
	var e *Error
	if backups == "" || !errors.As(err, &e) || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrMissing) {
		return err
	}
	named := *e
	if newest, at, err := NewestBackup(backups); err == nil && newest != "" {
		named.Cure = strings.Replace(e.Cure, "restore FILE", "restore "+newest, 1) + "; that backup is of " + dateOf(newest, at)
	} else {
		named.Cure = e.Cure + "; there is none in " + backups + " that is whole"
	}
	return &named
}

// dateOf says of when a backup is: of the day in its name, which is one of the
// office's, or with the zone that its time is in.
func dateOf(backup string, at time.Time) string {
	if day, ok := backupDay(filepath.Base(backup)); ok {
		return day.Day()
	}
	return at.Format("02/01/2006 15:04 -07:00")
}

func locked(path string) error {
	return &Error{Path: path, What: "another process has the store open",
		Cure: "let the running nhacviec do it over its socket, or stop it first", Err: ErrLocked}
}

const cureNewer = "install the newer nhacviec again"

const cureDamaged = "keep the file for study and bring back a backup with `nhacviec restore FILE`"

func damaged(path, format string, args ...any) error {
	return &Error{Path: path, What: "damaged: " + fmt.Sprintf(format, args...), Cure: cureDamaged, Err: ErrDamaged}
}

// Unreadable returns the error about a file that a Looker could not look at to
// the end; what says why.
func Unreadable(path, what string) error { return damaged(path, "%s", what) }

func (s *Store) notFound(what, cure string) error {
	return &Error{Path: s.path, What: what + " is not stored", Cure: cure, Err: ErrNotFound}
}

func (s *Store) invalid(format string, args ...any) error {
	return &Error{Path: s.path, What: fmt.Sprintf(format, args...), Err: ErrInvalid}
}

// damage is what a function inside a transaction reports about a record. The
// transaction's runner adds the path.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }
