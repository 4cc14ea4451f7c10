package store

import (
	"errors"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// TestInspectFindsWhatNoIndexLeadsTo takes records out of indexes, and indexes
// out of step: what is in the file is whole, but somebody would not be told.
func TestInspectFindsWhatNoIndexLeadsTo(t *testing.T) {
	t.Parallel()
	first := func(tx *bolt.Tx, bucket string) []byte {
		k, _ := tx.Bucket([]byte(bucket)).Cursor().First()
		return append([]byte{}, k...)
	}
	drop := func(bucket string) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucket)).Delete(first(tx, bucket)) }
	}
	for name, c := range map[string]struct {
		spoil func(*bolt.Tx) error
		says  string
	}{
		"as it was":               {func(*bolt.Tx) error { return nil }, ""},
		"a date that is not kept": {drop(duePrefix + string(tasks.Dated)), `is not in the index "due.dated"`},
		"an ongoing task":         {drop(duePrefix + string(tasks.Ongoing)), `is not in the index "due.ongoing"`},
		"what needs a look":       {drop(lookBucket), `is not in the index "look"`},
		"a lead's task":           {drop(leadsBucket), `is not in the index "leads"`},
		"what waits":              {drop(readyBucket), `is not in the index "ready"`},
		"what the office expects": {drop(untoldBucket), `is not in the index "untold"`},
		"a task that is gone":     {drop(tasksBucket), "records belong there"},
		"a delivery that is gone": {func(tx *bolt.Tx) error {
			key := first(tx, readyBucket)
			id := key[len(key)-26:]
			return tx.Bucket([]byte(outboxBucket)).Delete(id)
		}, `the index "ready" has`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := sample(t)
			withBolt(t, path, c.spoil)
			n, err := Inspect(path)
			switch {
			case c.says == "" && (err != nil || n == 0):
				t.Errorf("%d entries, %v", n, err)
			case c.says != "" && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v", err)
			}
		})
	}
}
