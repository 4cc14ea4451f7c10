package store

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// dueEntry returns the bucket and key under which a task is found when it is
// due: its earliest open due date, which does not move as time passes. An
// ongoing or awaiting task has no date. A task that asks for nothing is in no
// index: bucket is "".
func dueEntry(t tasks.Task) (bucket, key string) {
	kind := t.Wants()
	var day tasks.Date
	switch kind {
	case "":
		return "", ""
	case tasks.Dated:
		day = t.NextDue(0)
	case tasks.Periodic:
		start := max(t.DeadlineOn, t.DoneThrough+1, t.Deadline.From)
		// A series without a date in the next year is looked at from its start on:
		// rather once too often than never.
		if day = t.NextDue(start); day == 0 {
			day = start
		}
	default:
		return duePrefix + string(kind), taskKey(t.Key)
	}
	return duePrefix + string(kind), join(dayKey(day), taskKey(t.Key))
}

// dueAtOnce is how many tasks Due reads in one transaction.
const dueAtOnce = 1000

// Due returns the tasks that q asks for, in the order of tasks.Key.Compare,
// and the sent marks of just those. It costs what it returns: other tasks are
// not read.
func (s *Store) Due(q tasks.DueQuery) ([]tasks.Task, tasks.Sent, error) {
	var keys []string
	for _, kind := range q.Kinds {
		if !slices.Contains(indexedKinds, kind) {
			return nil, nil, s.invalid("no task can be asked for by the kind %q", kind)
		}
		found, err := s.dueKeys(kind, q.Until)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, found...)
	}
	var out []tasks.Task
	sent := tasks.Sent{}
	for some := range slices.Chunk(keys, dueAtOnce) {
		err := s.view(func(tx *bolt.Tx) error {
			for _, key := range some {
				var t tasks.Task
				found, err := get(tx, tasksBucket, key, &t)
				if err != nil {
					return err
				}
				if !found {
					return &damage{fmt.Sprintf("task %q is in the index of what is due but is not stored", key)}
				}
				if !slices.Contains(q.Kinds, t.Wants()) {
					continue // changed since the index was read
				}
				out = append(out, t)
				if err := addMarks(tx, t.Key, sent); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(out, func(a, b tasks.Task) int { return a.Compare(b.Key) })
	return out, sent, nil
}

// dueKeys returns the keys of the tasks that an index holds up to a day.
func (s *Store) dueKeys(kind tasks.Kind, until tasks.Date) ([]string, error) {
	bucket := duePrefix + string(kind)
	dated := kind == tasks.Dated || kind == tasks.Periodic
	end := ""
	if dated {
		end = dayKey(until + 1)
	}
	var keys []string
	for r, err := range s.scan(bucket, "", end) {
		if err != nil {
			return nil, err
		}
		if _, err := unseal(bucket, r.key, r.value); err != nil {
			return nil, s.explain(err)
		}
		key := string(r.key)
		if dated {
			_, key, _ = strings.Cut(key, bar)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// mark is how an entry of the sent set is stored.
type mark struct {
	tasks.Key
	Version int    `json:"version"`
	Series  string `json:"series"`
	tasks.Recipient
	Rank int `json:"rank"`
}

func markKey(k tasks.SentKey) string {
	return join(taskKey(k.Key), strconv.Itoa(k.Version), k.Series, string(k.Channel), k.Unit, k.Address)
}

// SentMarks returns the sent marks of the tasks named.
func (s *Store) SentMarks(keys ...tasks.Key) (tasks.Sent, error) {
	sent := tasks.Sent{}
	for some := range slices.Chunk(keys, dueAtOnce) {
		err := s.view(func(tx *bolt.Tx) error {
			for _, key := range some {
				if err := addMarks(tx, key, sent); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return sent, nil
}

func addMarks(tx *bolt.Tx, key tasks.Key, sent tasks.Sent) error {
	prefix := []byte(taskKey(key) + bar)
	c := tx.Bucket([]byte(marksBucket)).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		var m mark
		if err := decode(marksBucket, k, v, &m); err != nil {
			return err
		}
		sent[tasks.SentKey{Key: m.Key, Version: m.Version, Series: m.Series, Recipient: m.Recipient}] = m.Rank
	}
	return nil
}

// addMark stores a mark unless a higher one is there.
func addMark(tx *bolt.Tx, m tasks.Mark) error {
	var old mark
	found, err := get(tx, marksBucket, markKey(m.SentKey), &old)
	if err != nil || found && old.Rank >= m.Rank {
		return err
	}
	return put(tx, marksBucket, markKey(m.SentKey), mark{m.Key, m.Version, m.Series, m.Recipient, m.Rank})
}

// removeMark removes a mark if it is still the one given.
func removeMark(tx *bolt.Tx, m tasks.Mark) error {
	var old mark
	found, err := get(tx, marksBucket, markKey(m.SentKey), &old)
	if err != nil || !found || old.Rank != m.Rank {
		return err
	}
	return tx.Bucket([]byte(marksBucket)).Delete([]byte(markKey(m.SentKey)))
}

// Cursors returns, by rule, the last instant of its schedule that is handled.
func (s *Store) Cursors() (map[string]time.Time, error) {
	out := map[string]time.Time{}
	for r, err := range s.scan(cursorsBucket, "", "") {
		if err != nil {
			return nil, err
		}
		var at time.Time
		if err := decode(cursorsBucket, r.key, r.value, &at); err != nil {
			return nil, s.explain(err)
		}
		out[string(r.key)] = at
	}
	return out, nil
}
