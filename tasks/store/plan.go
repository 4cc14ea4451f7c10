package store

import (
	"context"
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
	ee, err := edits(was, t)
	if err != nil {
		return err
	}
	return apply(ee, bucketsIn(tx))
}

// checkPart refuses what cannot be part of a key.
func (s *Store) checkPart(what, part string) error {
	if part == "" || len(part) > 100 || strings.ContainsFunc(part, func(r rune) bool { return r == '|' || r < ' ' || r == utf8.RuneError }) {
		return s.invalid("%s %.100q is empty, longer than 100 bytes, or holds %q or a control character; give another", what, part, bar)
	}
	return nil
}

// Change reads a task, lets fn change it, stores it and records c in the
// ledger, in one transaction; it waits for an import under way. c's Plan and No are set from key; its Old and
// New, when both are "", from what fn changed. fn's error is returned as it is
// and nothing is stored.
func (s *Store) Change(key tasks.Key, c tasks.Change, now time.Time, fn func(*tasks.Task) error) (tasks.Task, error) {
	var t tasks.Task
	if err := s.Gone(); err != nil {
		return t, err
	}
	if err := s.changing.Acquire(context.Background(), 1); err != nil {
		return t, err
	}
	defer s.changing.Release(1)
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
