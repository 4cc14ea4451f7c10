package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// Actions that the store itself writes into the ledger.
const (
	actionImport = "import"
	actionCancel = "cancel"
	actionResend = "resend"
)

// Plans returns every plan, by id.
func (s *Store) Plans() ([]tasks.Plan, error) { return all[tasks.Plan](s, plansBucket, "") }

// Tasks returns the tasks of a plan, or of every plan when plan is "", in the
// order of tasks.Key.Compare.
func (s *Store) Tasks(plan string) ([]tasks.Task, error) {
	prefix := ""
	if plan != "" {
		prefix = plan + bar
	}
	tt, err := all[tasks.Task](s, tasksBucket, prefix)
	slices.SortFunc(tt, func(a, b tasks.Task) int { return a.Compare(b.Key) })
	return tt, err
}

// Task returns one task, or ErrNotFound.
func (s *Store) Task(key tasks.Key) (tasks.Task, error) {
	var t tasks.Task
	err := s.view(func(tx *bolt.Tx) (err error) {
		t, err = s.loadTask(tx, key)
		return err
	})
	return t, err
}

func (s *Store) loadTask(tx *bolt.Tx, key tasks.Key) (t tasks.Task, err error) {
	found, err := get(tx, tasksBucket, taskKey(key), &t)
	if err == nil && !found {
		err = s.notFound("task "+key.String(), "`nhacviec tasks` lists the tasks, `nhacviec plans` the plans")
	}
	return t, err
}

// storeTask stores a task and keeps the indexes.
func storeTask(tx *bolt.Tx, t tasks.Task) error {
	var was []place
	var old tasks.Task
	found, err := get(tx, tasksBucket, taskKey(t.Key), &old)
	if err != nil {
		return err
	}
	if found {
		was = places(old)
	}
	is := places(t)
	for _, p := range was {
		if !slices.Contains(is, p) {
			if err := leave(tx, p.bucket, p.key); err != nil {
				return err
			}
		}
	}
	for _, p := range is {
		if !slices.Contains(was, p) {
			if err := enter(tx, p.bucket, p.key); err != nil {
				return err
			}
		}
	}
	return put(tx, tasksBucket, taskKey(t.Key), t)
}

// Import stores what reading a plan brought, all or nothing. merge is given
// the plan's stored tasks in order and says what is new, changed, gone and the
// same; what it returns is stored, with an entry in the ledger for the plan
// and for each task that changed or was cancelled. An error of merge is
// returned as it is and nothing is stored.
func (s *Store) Import(p tasks.Plan, now time.Time, by, note string, merge func(stored []tasks.Task) (tasks.Difference, error)) (tasks.Difference, error) {
	if err := s.checkPart("plan id", p.ID); err != nil {
		return tasks.Difference{}, err
	}
	var d tasks.Difference
	err := s.update(func(tx *bolt.Tx) error {
		stored, err := planTasks(tx, p.ID)
		if err != nil {
			return err
		}
		before := make(map[tasks.Key]tasks.Task, len(stored))
		for _, t := range stored {
			before[t.Key] = t
		}
		if err := call(func() (err error) { d, err = merge(stored); return err }); err != nil {
			return err
		}
		if err := put(tx, plansBucket, p.ID, p); err != nil {
			return err
		}
		err = recordChange(tx, now, tasks.Change{Plan: p.ID, Action: actionImport, By: by, Note: note,
			New: fmt.Sprintf("%d new, %d changed, %d gone, %d the same", len(d.New), len(d.Changed), len(d.Gone), len(d.Same))})
		if err != nil {
			return err
		}
		if err := s.importNew(tx, p, d.New, before); err != nil {
			return err
		}
		for _, c := range d.Changed {
			if err := s.importTask(tx, p, c.New); err != nil {
				return err
			}
			was, is := inWords(c.Old, c.New)
			if err := recordChange(tx, now, tasks.Change{Plan: p.ID, No: c.New.No, Action: actionImport, By: by, Note: note, Old: was, New: is}); err != nil {
				return err
			}
		}
		for _, t := range d.Gone {
			if before[t.Key].Status == t.Status {
				continue // gone already at an earlier import
			}
			if err := s.importTask(tx, p, t); err != nil {
				return err
			}
			if err := recordChange(tx, now, tasks.Change{Plan: p.ID, No: t.No, Action: actionCancel, By: by, Note: note,
				Old: string(before[t.Key].Status), New: string(t.Status)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return tasks.Difference{}, err
	}
	return d, nil
}

// importNew stores tasks that are not in before, in the order of their keys:
// what bbolt holds of one transaction is a sorted list, into which a million
// records in another order are moved for hours.
func (s *Store) importNew(tx *bolt.Tx, p tasks.Plan, tt []tasks.Task, before map[tasks.Key]tasks.Task) error {
	tt = slices.Clone(tt)
	slices.SortFunc(tt, func(a, b tasks.Task) int { return strings.Compare(taskKey(a.Key), taskKey(b.Key)) })
	var index []place
	for _, t := range tt {
		if err := s.checkTask(p, t); err != nil {
			return err
		}
		if _, known := before[t.Key]; known {
			if err := storeTask(tx, t); err != nil {
				return err
			}
			continue
		}
		if err := put(tx, tasksBucket, taskKey(t.Key), t); err != nil {
			return err
		}
		index = append(index, places(t)...)
	}
	slices.SortFunc(index, func(a, b place) int {
		return cmp.Or(strings.Compare(a.bucket, b.bucket), strings.Compare(a.key, b.key))
	})
	for _, p := range index {
		if err := enter(tx, p.bucket, p.key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) importTask(tx *bolt.Tx, p tasks.Plan, t tasks.Task) error {
	if err := s.checkTask(p, t); err != nil {
		return err
	}
	return storeTask(tx, t)
}

func (s *Store) checkTask(p tasks.Plan, t tasks.Task) error {
	if t.Plan != p.ID {
		return s.invalid("task %s does not belong to plan %q", t.Key, p.ID)
	}
	return s.checkPart("task number", string(t.No))
}

// checkPart refuses what cannot be part of a key.
func (s *Store) checkPart(what, part string) error {
	if part == "" || len(part) > 100 || strings.ContainsFunc(part, func(r rune) bool { return r == '|' || r < ' ' || r == utf8.RuneError }) {
		return s.invalid("%s %.100q is empty, longer than 100 bytes, or holds %q or a control character; give another", what, part, bar)
	}
	return nil
}

// planTasks returns the tasks of a plan in order.
func planTasks(tx *bolt.Tx, plan string) ([]tasks.Task, error) {
	var out []tasks.Task
	prefix := plan + bar
	c := tx.Bucket([]byte(tasksBucket)).Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
		var t tasks.Task
		if err := decode(tasksBucket, k, v, &t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b tasks.Task) int { return a.Compare(b.Key) })
	return out, nil
}

// Change reads a task, lets fn change it, stores it and records c in the
// ledger, in one transaction. c's Plan and No are set from key; its Old and
// New, when both are "", from what fn changed. fn's error is returned as it is
// and nothing is stored.
func (s *Store) Change(key tasks.Key, c tasks.Change, now time.Time, fn func(*tasks.Task) error) (tasks.Task, error) {
	var t tasks.Task
	err := s.update(func(tx *bolt.Tx) error {
		old, err := s.loadTask(tx, key)
		if err != nil {
			return err
		}
		if t, err = s.loadTask(tx, key); err != nil { // a copy that shares nothing with old
			return err
		}
		if err := call(func() error { return fn(&t) }); err != nil {
			return err
		}
		if t.Key != key {
			return s.invalid("task %s cannot become task %s", key, t.Key)
		}
		if err := storeTask(tx, t); err != nil {
			return err
		}
		c := c
		c.Plan, c.No = key.Plan, key.No
		if c.Old == "" && c.New == "" {
			c.Old, c.New = inWords(old, t)
		}
		return recordChange(tx, now, c)
	})
	if err != nil {
		return tasks.Task{}, err
	}
	return t, nil
}

// inWords says what became different between two versions of a task: its
// status, its deadline, how far it is done, its units, or its words.
func inWords(old, new tasks.Task) (was, is string) {
	pairs := [][2]string{
		{string(old.Status), string(new.Status)},
		{deadlineInWords(old.Deadline), deadlineInWords(new.Deadline)},
		{doneInWords(old), doneInWords(new)},
		{old.Lead.Text, new.Lead.Text},
		{said("coordinating", tasks.Cell(old.Coordinating)), said("coordinating", tasks.Cell(new.Coordinating))},
		{said("content", old.Content), said("content", new.Content)},
		{said("product", old.Product), said("product", new.Product)},
		{said("note", old.Note), said("note", new.Note)},
	}
	var before, after []string
	for _, p := range pairs {
		if p[0] != p[1] {
			before, after = append(before, p[0]), append(after, p[1])
		}
	}
	return strings.Join(before, "; "), strings.Join(after, "; ")
}

func said(what, words string) string { return what + ` "` + words + `"` }

func deadlineInWords(d tasks.Deadline) string {
	parts := []string{string(d.Kind)}
	for _, due := range d.Due {
		parts = append(parts, due.String())
	}
	if d.RRule != nil {
		parts = append(parts, d.RRule.String())
	}
	if words := d.Words(); words != "" {
		parts = append(parts, fmt.Sprintf("%q", words))
	}
	return strings.Join(parts, " ")
}

func doneInWords(t tasks.Task) string {
	if t.DoneThrough == 0 {
		return ""
	}
	return "done through " + t.DoneThrough.String()
}
