package store

import (
	"cmp"
	"fmt"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// schema is the version of the buckets and records that this program writes.
const schema = 3

// migration takes a store one schema further. It runs in the same transaction
// as the others that are needed: either all of them happen or none.
type migration func(*bolt.Tx) error

// migrations returns them in order; the first takes schema 1 to 2.
func migrations() []migration { return []migration{addTexts, addLeads} }

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
