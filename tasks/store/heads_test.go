package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// TestLostHeadPage destroys either head page of a store that was closed in
// order: all that was written is still there, and the damage is told.
func TestLostHeadPage(t *testing.T) {
	t.Parallel()
	path := sample(t)
	good, err := os.ReadFile(path)
	must(t, err)
	whole := get1[*Store](t)(Open(path))
	want := len(ledger(t, whole, tasks.LedgerQuery{}))
	equal(t, whole.Damaged(), []string(nil))
	must(t, whole.Close())
	pageSize := os.Getpagesize()
	for page := range 2 {
		bad := slices.Clone(good)
		clear(bad[page*pageSize : (page+1)*pageSize])
		path := filepath.Join(t.TempDir(), "nhacviec.db")
		must(t, os.WriteFile(path, bad, 0o600))
		s := get1[*Store](t)(Open(path))
		equal(t, len(ledger(t, s, tasks.LedgerQuery{})), want)
		if got := s.Damaged(); len(got) != 1 || !strings.Contains(got[0], "head page") {
			t.Errorf("page %d destroyed: told %q", page, got)
		}
		must(t, s.Close())
	}
}

// TestDamagedRecordHoldsUpNothing spoils one task and one delivery: the others
// are found, and the damage is told.
func TestDamagedRecordHoldsUpNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Ongoing), task("2", tasks.Ongoing))
	dd := fire(t, s, message("a", now), message("b", now))
	spoil(t, s, tasksBucket, taskKey(tasks.Key{Plan: "ct05", No: "1"}))
	spoil(t, s, outboxBucket, dd[0].ID)
	tt, _, err := s.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Ongoing}})
	must(t, err)
	if len(tt) != 1 || tt[0].No != "2" {
		t.Errorf("due: %v, want task 2", tt)
	}
	equal(t, ids(ready(t, s, now)), []string{dd[1].ID})
	got := strings.Join(s.Damaged(), "\n")
	if !strings.Contains(got, "|1") || !strings.Contains(got, dd[0].ID) {
		t.Errorf("damage told: %s", got)
	}
}

// spoil changes one byte in the middle of a record.
func spoil(t *testing.T, s *Store, bucket, key string) {
	t.Helper()
	must(t, s.update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		value := slices.Clone(b.Get([]byte(key)))
		value[len(value)/2] ^= 1
		return b.Put([]byte(key), value)
	}))
}
