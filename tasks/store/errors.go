package store

import (
	"errors"
	"fmt"
)

// What can be wrong, for errors.Is.
var (
	ErrLocked   = errors.New("in use by another process")
	ErrDamaged  = errors.New("damaged")
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

const cureDamaged = "keep the file for study and bring back a backup with `nhacviec restore FILE`"

func damaged(path, format string, args ...any) error {
	return &Error{Path: path, What: "damaged: " + fmt.Sprintf(format, args...), Cure: cureDamaged, Err: ErrDamaged}
}

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
