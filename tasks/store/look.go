package store

import (
	"errors"
	"fmt"
)

// Looker looks at store files that nobody else has open, and changes nothing. A
// damaged file may do more than bbolt and this package can guard against: end
// the process, take all memory, or keep it busy for ever. A program may look in a
// process of its own, with the functions of the same names.
type Looker interface {
	// Look returns what keeps a file from being opened.
	Look(path string) error
	// Inspect looks at everything in a file of this schema or an older one, and
	// returns how many entries its ledger has, each verified.
	Inspect(path string) (entries uint64, err error)
}

// here looks in this process.
type here struct{}

func (here) Look(path string) error              { return Look(path) }
func (here) Inspect(path string) (uint64, error) { return Inspect(path) }

func orHere(l Looker) Looker {
	if l == nil {
		return here{}
	}
	return l
}

// Look returns what keeps a store file from being opened: its pages, in a small
// file all of them, or its schema.
func Look(path string) error {
	s, err := openFile(path, true, walkUpTo)
	if err != nil {
		return err
	}
	return s.Close()
}

// Inspect looks at every page, every record, every index and the ledger of a
// store file of this schema or an older one, changes nothing, and returns how
// many entries its ledger has, each verified.
func Inspect(path string) (entries uint64, err error) {
	s, err := openFile(path, true, wholeFile)
	if err != nil {
		return 0, err
	}
	entries, err = s.Verify()
	if err == nil {
		err = s.verifyIndexes()
	}
	return entries, errors.Join(err, s.Close())
}

// check inspects a copy that has no name yet that anybody knows.
func check(path string, looker Looker) error {
	_, err := orHere(looker).Inspect(path)
	var known *Error
	if errors.As(err, &known) {
		return &Error{What: "the copy does not stand the check: " + known.What, Cure: "look at the store itself: `nhacviec verify`; if it is damaged, bring back the newest backup with `nhacviec restore FILE`", Err: known.Err}
	} else if err != nil {
		return fmt.Errorf("checking the copy: %w", err)
	}
	return nil
}

// verifyRecords holds every record against its checksum, but those of the ledger
// and the texts, of which more is known.
func (s *Store) verifyRecords() error {
	for _, name := range bucketsOf(s.schema) {
		if name == ledgerBucket || name == textsBucket {
			continue
		}
		for r, err := range s.scan(name, "", "") {
			if err != nil {
				return err
			}
			if _, err := unseal(name, r.key, r.value); err != nil {
				return s.explain(err)
			}
		}
	}
	return nil
}
