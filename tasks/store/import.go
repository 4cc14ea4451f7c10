package store

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// An import of an office's plan is one transaction. bbolt holds all that one
// writes in memory, so a huge plan is stored in another way: the buckets of the
// tasks are copied into the bucket "staged", changed there in many transactions,
// and put in the place of those in force by the last one, which also writes the
// plan and the ledger. Until then nothing of it is seen by anybody; what a crash
// leaves behind is deleted when the store is opened.
const (
	stagedBucket = "staged"
	inOneGo      = 8 << 20 // bytes of records that are changed in one transaction
	stagedFill   = 0.9     // most are written in order
)

// taskBuckets are the buckets that an import changes in more than one place.
func taskBuckets() []string {
	out := []string{tasksBucket, lookBucket, leadsBucket}
	for _, kind := range indexedKinds {
		out = append(out, duePrefix+string(kind))
	}
	return out
}

// Import stores what reading a plan brought, all or nothing. merge is given
// the plan's stored tasks, which nobody changes meanwhile, and calls keep for
// each task that is new, changed, gone or the same: with an entry in the ledger
// for the plan and for each task that changed or was cancelled, they are stored
// when it returns. An error of merge is returned as it is and nothing is stored.
//
// It takes less than 100 MB, however many are new, and beside it what the ledger
// is to say of each task that changed or is gone.
func (s *Store) Import(p tasks.Plan, now time.Time, by, note string, merge func(stored tasks.Stored, keep func(tasks.Compared) error) error) error {
	return s.importBy(inOneGo, p, now, by, note, merge)
}

func (s *Store) importBy(portion int, p tasks.Plan, now time.Time, by, note string, merge func(tasks.Stored, func(tasks.Compared) error) error) error {
	if err := s.checkPart("plan id", p.ID); err != nil {
		return err
	}
	if err := s.Gone(); err != nil {
		return err
	}
	if err := s.changing.Acquire(context.Background(), alone); err != nil {
		return err
	}
	defer s.changing.Release(alone)
	im := &importing{s: s, stored: storedPlan{s, p.ID}, portion: portion, plan: p, by: by, note: note}
	defer im.end()
	if err := merge(im.stored, im.keep); err != nil {
		return err
	}
	return im.install(now)
}

// alone is what an import acquires of Store.changing; a change of a task
// acquires 1.
const alone = math.MaxInt64

// importing is an import under way.
type importing struct {
	s        *Store
	stored   storedPlan
	portion  int
	plan     tasks.Plan
	by, note string

	counts  tasks.Difference
	changes []tasks.Change // for the ledger
	edits   []edit         // not written yet
	size    int            // of edits, in bytes
	staged  bool           // the bucket of that name is ours
}

func (im *importing) keep(c tasks.Compared) error {
	if err := im.check(c.New); err != nil {
		return err
	}
	im.counts.Add(c)
	if c.Fate == tasks.IsSame {
		return nil
	}
	old, found, err := im.stored.Find(c.New.No)
	if err != nil {
		return err
	}
	if c.Fate == tasks.IsGone && old.Status == c.New.Status {
		return nil // gone already at an earlier import
	}
	var was []place
	if found {
		was = places(old)
	}
	more, err := edits(was, c.New)
	if err != nil {
		return err
	}
	switch c.Fate {
	case tasks.IsChanged:
		before, after := inWords(c.Old, c.New)
		im.change(c, actionImport, before, after)
	case tasks.IsGone:
		im.change(c, actionCancel, string(old.Status), string(c.New.Status))
	}
	for _, e := range more {
		im.size += len(e.key) + len(e.value)
	}
	if im.edits = append(im.edits, more...); im.size < im.portion {
		return nil
	}
	return im.stage()
}

func (im *importing) check(t tasks.Task) error {
	if t.Plan != im.plan.ID {
		return im.s.invalid("task %s does not belong to plan %q", t.Key, im.plan.ID)
	}
	return im.s.checkPart("task number", string(t.No))
}

func (im *importing) change(c tasks.Compared, action, before, after string) {
	im.changes = append(im.changes, tasks.Change{Plan: im.plan.ID, No: c.New.No, Action: action, By: im.by, Note: im.note, Old: before, New: after})
}

// stage writes what is to be changed where nobody looks.
func (im *importing) stage() error {
	if !im.staged {
		im.staged = true
		if err := im.s.copyTasks(); err != nil {
			return err
		}
	}
	sortEdits(im.edits)
	err := im.s.update(func(tx *bolt.Tx) error {
		staged := tx.Bucket([]byte(stagedBucket))
		return apply(im.edits, func(name string) *bolt.Bucket {
			b := staged.Bucket([]byte(name))
			b.FillPercent = stagedFill
			return b
		})
	})
	clear(im.edits)
	im.edits, im.size = im.edits[:0], 0
	return err
}

// install makes the import the truth, in one transaction.
func (im *importing) install(now time.Time) error {
	if im.staged {
		if err := im.stage(); err != nil {
			return err
		}
	}
	sortEdits(im.edits)
	return im.s.update(func(tx *bolt.Tx) error {
		if err := apply(im.edits, bucketsIn(tx)); err != nil {
			return err
		}
		if err := put(tx, plansBucket, im.plan.ID, im.plan); err != nil {
			return err
		}
		whole := tasks.Change{Plan: im.plan.ID, Action: actionImport, By: im.by, Note: im.note, New: im.counts.String()}
		for _, c := range append([]tasks.Change{whole}, im.changes...) {
			if err := recordChange(tx, now, c); err != nil {
				return err
			}
		}
		if !im.staged {
			return nil
		}
		return installStaged(tx)
	})
}

// end deletes what is staged and was not installed. Where that fails, as on a
// full disk, the next import or start does it.
func (im *importing) end() {
	if im.staged {
		_ = im.s.unstage()
	}
}

// copyTasks stages the buckets of the tasks as they are.
func (s *Store) copyTasks() error {
	if err := s.unstage(); err != nil {
		return err
	}
	err := s.update(func(tx *bolt.Tx) error {
		staged, err := tx.CreateBucket([]byte(stagedBucket))
		for _, name := range taskBuckets() {
			if err == nil {
				_, err = staged.CreateBucket([]byte(name))
			}
		}
		return err
	})
	for _, name := range taskBuckets() {
		if err == nil {
			err = s.copyBucket(name)
		}
	}
	return err
}

func (s *Store) copyBucket(name string) error {
	var some []record
	size := 0
	write := func() error {
		return s.update(func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(stagedBucket)).Bucket([]byte(name))
			b.FillPercent = stagedFill
			for _, r := range some {
				if err := b.Put(r.key, r.value); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for r, err := range s.scan(name, "", "") {
		if err != nil {
			return err
		}
		some, size = append(some, r), size+len(r.key)+len(r.value)
		if size >= portion {
			if err := write(); err != nil {
				return err
			}
			some, size = some[:0], 0
		}
	}
	return write()
}

// installStaged puts the staged buckets in the place of those in force. No
// function of the same transaction may have written to either.
func installStaged(tx *bolt.Tx) error {
	staged := tx.Bucket([]byte(stagedBucket))
	for _, name := range taskBuckets() {
		if err := tx.DeleteBucket([]byte(name)); err != nil {
			return err
		}
		if err := tx.MoveBucket([]byte(name), staged, nil); err != nil {
			return err
		}
	}
	return tx.DeleteBucket([]byte(stagedBucket))
}

// unstage deletes what an import has staged, if there is anything.
func (s *Store) unstage() error {
	left := false
	err := s.view(func(tx *bolt.Tx) error {
		left = tx.Bucket([]byte(stagedBucket)) != nil
		return nil
	})
	if err != nil || !left {
		return err
	}
	return s.update(func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte(stagedBucket)) })
}

// edit is a record to write or, without a value, to delete.
type edit struct {
	bucket, key string
	value       []byte
}

// edits are what storing a task changes; was is where it was found before.
func edits(was []place, t tasks.Task) ([]edit, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	key := taskKey(t.Key)
	out := []edit{{tasksBucket, key, seal([]byte(key), body)}}
	is := places(t)
	for _, p := range was {
		if !slices.Contains(is, p) {
			out = append(out, edit{p.bucket, p.key, nil})
		}
	}
	for _, p := range is {
		if !slices.Contains(was, p) {
			out = append(out, edit{p.bucket, p.key, seal([]byte(p.key), nil)})
		}
	}
	return out, nil
}

// sortEdits puts edits in the order of the file: what bbolt holds of one
// transaction is a sorted list, into which many records in another order are
// moved for hours.
func sortEdits(ee []edit) {
	slices.SortStableFunc(ee, func(a, b edit) int {
		return cmp.Or(strings.Compare(a.bucket, b.bucket), strings.Compare(a.key, b.key))
	})
}

// apply makes edits in the buckets that in returns.
func apply(ee []edit, in func(bucket string) *bolt.Bucket) error {
	for _, e := range ee {
		b := in(e.bucket)
		err := error(nil)
		if e.value == nil {
			err = b.Delete([]byte(e.key))
		} else {
			err = b.Put([]byte(e.key), e.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucketsIn returns the buckets in force.
func bucketsIn(tx *bolt.Tx) func(string) *bolt.Bucket {
	return func(name string) *bolt.Bucket { return tx.Bucket([]byte(name)) }
}

// storedPlan is what is stored of a plan.
type storedPlan struct {
	s    *Store
	plan string
}

func (p storedPlan) Find(no tasks.Number) (t tasks.Task, found bool, err error) {
	err = p.s.view(func(tx *bolt.Tx) (err error) {
		found, err = get(tx, tasksBucket, taskKey(tasks.Key{Plan: p.plan, No: no}), &t)
		return err
	})
	return t, found, err
}

func (p storedPlan) All() iter.Seq2[tasks.Task, error] {
	return each[tasks.Task](p.s, tasksBucket, p.plan+bar)
}
