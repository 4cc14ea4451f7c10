package store

import (
	"cmp"
	"fmt"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// schema is the version of the buckets and records that this program writes.
const schema = 4

// migration takes a store one schema further. It runs in the same transaction
// as the others that are needed: either all of them happen or none.
type migration func(*bolt.Tx) error

// migrations returns them in order; the first takes schema 1 to 2.
func migrations() []migration { return []migration{addTexts, addLeads, sayTextsSince} }

// addTexts: texts are kept from now on; of what was sent before there is only
// the hash.
func addTexts(tx *bolt.Tx) error {
	_, err := tx.CreateBucket([]byte(textsBucket))
	return err
}

// addLeads: the tasks are indexed by who leads them.
func addLeads(tx *bolt.Tx) error {
	b, err := tx.CreateBucket([]byte(leadsBucket))
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(tasksBucket)).ForEach(func(k, v []byte) error {
		var t tasks.Task
		if err := decode(tasksBucket, k, v, &t); err != nil || t.Wants() == "" {
			return err
		}
		key := []byte(leadKey(t))
		return b.Put(key, seal(key, nil))
	})
}

// sayTextsSince notes for which entries, the oldest ones, no text was ever kept.
// From then on a text that is not there was removed. What was on its way when
// texts began to be kept may still come to the ledger without one.
func sayTextsSince(tx *bolt.Tx) error {
	var since textsRecord
	var e struct {
		Seq    uint64 `json:"seq"`
		SHA256 string `json:"sha256"`
	}
	c := tx.Bucket([]byte(ledgerBucket)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		e.SHA256 = ""
		if err := decode(ledgerBucket, k, v, &e); err != nil {
			return err
		}
		if e.SHA256 == "" {
			continue
		}
		if hasText(tx, e.SHA256) {
			break
		}
		since.After = e.Seq
	}
	err := tx.Bucket([]byte(outboxBucket)).ForEach(func(k, v []byte) error {
		var d tasks.Delivery
		if err := decode(outboxBucket, k, v, &d); err != nil {
			return err
		}
		if d.SHA256 != "" && !hasText(tx, d.SHA256) {
			since.Without = append(since.Without, d.SHA256)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return put(tx, metaBucket, textsKey, since)
}

// migrate takes a store of an older schema to this program's, with a backup
// made first in the directory of backups.
func (s *Store) migrate(steps []migration, backups string) error {
	from, to := s.schema, 1+len(steps)
	if from == to {
		return nil
	}
	if err := s.beforeMigration(cmp.Or(backups, filepath.Dir(s.path))); err != nil {
		return fmt.Errorf("backup before the migration of %s from schema %d to %d: %w", s.path, from, to, err)
	}
	err := s.update(func(tx *bolt.Tx) error {
		for _, step := range steps[from-1:] {
			if err := step(tx); err != nil {
				return err
			}
		}
		return put(tx, metaBucket, schemaKey, schemaRecord{to})
	})
	if err != nil {
		return fmt.Errorf("migrating %s from schema %d to %d; it is as it was: %w", s.path, from, to, err)
	}
	return s.checkSchema()
}
