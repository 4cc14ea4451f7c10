package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// place is an entry of an index.
type place struct{ bucket, key string }

// places returns where a task is found: by the kind of reminding that it asks
// for, with its earliest open due date, which does not move as time passes; and
// among those at which an admin must look. An ongoing or awaiting task has no
// date.
func places(t tasks.Task) []place {
	var out []place
	kind := t.Wants()
	index := duePrefix + string(kind)
	switch kind {
	case "":
	case tasks.Dated:
		out = append(out, place{index, join(dayKey(t.NextDue(0)), taskKey(t.Key))})
	case tasks.Periodic:
		start := max(t.DeadlineOn, t.DoneThrough+1, t.Deadline.From)
		// A series without a date in the next year is looked at from its start on:
		// rather once too often than never.
		day := cmp.Or(t.NextDue(start), start)
		out = append(out, place{index, join(dayKey(day), taskKey(t.Key))})
	default:
		out = append(out, place{index, taskKey(t.Key)})
	}
	if t.NeedsLook() {
		out = append(out, place{lookBucket, taskKey(t.Key)})
	}
	if kind != "" {
		out = append(out, place{leadsBucket, leadKey(t)})
	}
	return out
}

// leadKey groups the tasks of a kind by their lead.
func leadKey(t tasks.Task) string {
	sum := sha256.Sum256([]byte(t.Lead.Code + bar + t.Lead.Text))
	return join(string(t.Wants()), hex.EncodeToString(sum[:8]), taskKey(t.Key))
}

// leadGroup is the part of a leadKey that the tasks of a group share, and the
// key of the task.
func leadGroup(key string) (group, task string) {
	kind, rest, _ := strings.Cut(key, bar)
	hash, task, _ := strings.Cut(rest, bar)
	return join(kind, hash) + bar, task
}

// unheard returns the keys of the tasks of whose kind and lead ask is true. It
// costs a look at one task of each group, and what it returns.
func (s *Store) unheard(ask func(tasks.Kind, tasks.UnitRef) bool) ([]string, error) {
	var keys []string
	err := s.view(func(tx *bolt.Tx) error {
		keys = nil
		c := tx.Bucket([]byte(leadsBucket)).Cursor()
		for k, _ := c.First(); k != nil; {
			group, first := leadGroup(string(k))
			var t tasks.Task
			if _, err := get(tx, tasksBucket, first, &t); s.skip(err) {
				k, _ = c.Next() // the next of its group tells as well
				continue
			} else if err != nil {
				return err
			}
			if !ask(t.Wants(), t.Lead) {
				k, _ = c.Seek([]byte(group + "\xff"))
				continue
			}
			for ; k != nil && strings.HasPrefix(string(k), group); k, _ = c.Next() {
				_, task := leadGroup(string(k))
				keys = append(keys, task)
			}
		}
		return nil
	})
	return keys, err
}

// dueAtOnce is how many tasks Due reads in one transaction.
const dueAtOnce = 1000

// Due returns the tasks that q asks for, in the order of tasks.Key.Compare,
// and the sent marks of just those. It costs what it returns: other tasks are
// not read. A task with a damaged record is left out; Damaged names it.
func (s *Store) Due(q tasks.DueQuery) ([]tasks.Task, tasks.Sent, error) {
	var keys []string
	add := func(index, end string) error {
		found, err := s.indexed(index, end)
		keys = append(keys, found...)
		return err
	}
	for _, kind := range q.Kinds {
		end := ""
		switch kind {
		case tasks.Dated, tasks.Periodic:
			end = dayKey(q.Until + 1)
		case tasks.Ongoing, tasks.Awaiting:
		default:
			return nil, nil, s.invalid("no task can be asked for by the kind %q", kind)
		}
		if err := add(duePrefix+string(kind), end); err != nil {
			return nil, nil, err
		}
	}
	if q.Review {
		if err := add(lookBucket, ""); err != nil {
			return nil, nil, err
		}
	}
	asked := map[string]bool{}
	if q.Unheard != nil {
		found, err := s.unheard(q.Unheard)
		if err != nil {
			return nil, nil, err
		}
		for _, key := range found {
			asked[key] = true
		}
		keys = append(keys, found...)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var out []tasks.Task
	sent := tasks.Sent{}
	for some := range slices.Chunk(keys, dueAtOnce) {
		err := s.view(func(tx *bolt.Tx) error {
			for _, key := range some {
				var t tasks.Task
				found, err := get(tx, tasksBucket, key, &t)
				if err == nil && !found {
					err = &damage{fmt.Sprintf("task %q is in the index of what is due but is not stored", key)}
				}
				if s.skip(err) {
					continue
				}
				if err != nil {
					return err
				}
				if !slices.Contains(q.Kinds, t.Wants()) && !(q.Review && t.NeedsLook()) && !asked[key] {
					continue // changed since the index was read
				}
				if err := addMarks(tx, t.Key, sent); s.skip(err) {
					continue // who was told what is not known
				} else if err != nil {
					return err
				}
				out = append(out, t)
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

// indexed returns the keys of the tasks that an index holds before the day
// end, or all of an index without days.
func (s *Store) indexed(index, end string) ([]string, error) {
	var keys []string
	for r, err := range s.scan(index, "", end) {
		if err != nil {
			return nil, err
		}
		if _, err := unseal(index, r.key, r.value); s.skip(err) {
			continue
		} else if err != nil {
			return nil, s.explain(err)
		}
		key := string(r.key)
		if end != "" {
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
	// Below has the ranks that this one took the place of, highest first: should it
	// be dropped, these are told nevertheless.
	Below []int `json:"below,omitempty"`
}

// mostBelow bounds Below. What waits is given up after days: of one series no
// more than a few steps wait to be dropped.
const mostBelow = 4

func markKey(k tasks.SentKey) string {
	rest := join(strconv.Itoa(k.Version), k.Series, string(k.Channel), k.Unit, k.Address)
	if len(rest) > longestKey { // a series may be named after the text of an error
		rest = hash([]byte(rest))
	}
	return join(taskKey(k.Key), rest)
}

const longestKey = 500

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

// Told returns how far the series of a message's own marks have been told.
func (s *Store) Told(m tasks.Message) (tasks.Sent, error) {
	sent := tasks.Sent{}
	err := s.view(func(tx *bolt.Tx) error {
		for _, own := range m.Marks() {
			var stored mark
			found, err := get(tx, marksBucket, markKey(own.SentKey), &stored)
			if err != nil {
				return err
			}
			if found {
				sent[own.SentKey] = stored.Rank
			}
		}
		return nil
	})
	return sent, err
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
	is := mark{Key: m.Key, Version: m.Version, Series: m.Series, Recipient: m.Recipient, Rank: m.Rank}
	if found {
		is.Below = append([]int{old.Rank}, old.Below...)
		is.Below = is.Below[:min(len(is.Below), mostBelow)]
	}
	return put(tx, marksBucket, markKey(m.SentKey), is)
}

// removeMark removes a mark. What it took the place of, if anything, is told
// again as far as it was.
func removeMark(tx *bolt.Tx, m tasks.Mark) error {
	var old mark
	found, err := get(tx, marksBucket, markKey(m.SentKey), &old)
	if err != nil || !found {
		return err
	}
	is := old
	ranks := slices.DeleteFunc(append([]int{old.Rank}, old.Below...), func(rank int) bool { return rank == m.Rank })
	if len(ranks) == 0 {
		return tx.Bucket([]byte(marksBucket)).Delete([]byte(markKey(m.SentKey)))
	}
	is.Rank, is.Below = ranks[0], ranks[1:]
	return put(tx, marksBucket, markKey(m.SentKey), is)
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
