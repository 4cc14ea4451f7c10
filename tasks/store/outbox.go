package store

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// CommitFire stores what a handled fire leaves behind, in one transaction: the
// cursors; the new deliveries with the sent marks of their messages, where a
// higher mark stays; and Told on the failed deliveries that the office is now
// told of. A delivery whose ID was ever known is left as it is, marks too.
func (s *Store) CommitFire(f tasks.Fired) error {
	return s.update(func(tx *bolt.Tx) error {
		for _, rule := range slices.Sorted(maps.Keys(f.Cursors)) {
			if err := put(tx, cursorsBucket, rule, f.Cursors[rule]); err != nil {
				return err
			}
		}
		for _, d := range f.Deliveries {
			if known(tx, d.ID) {
				continue
			}
			if d.State != tasks.Planned {
				return s.invalid("delivery %s of a fire is %q, not planned", d.ID, d.State)
			}
			if err := storeRow(tx, d); err != nil {
				return err
			}
			for _, m := range d.Message.Marks() {
				if err := addMark(tx, m); err != nil {
					return err
				}
			}
		}
		for _, id := range f.Told {
			if err := tell(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// tell marks a delivery, if it is still there, as one that the office knows of.
func tell(tx *bolt.Tx, id string) error {
	for _, bucket := range []string{outboxBucket, failedBucket} {
		var d tasks.Delivery
		found, err := get(tx, bucket, id, &d)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		d.Told = true
		if err := put(tx, bucket, id, d); err != nil {
			return err
		}
	}
	return leave(tx, untoldBucket, id)
}

// untold: the office must hear of it and has not.
func untold(d tasks.Delivery) bool { return (d.State == tasks.Failed || d.Down) && !d.Told }

// known: the delivery waits, or the ledger knows what became of it.
func known(tx *bolt.Tx, id string) bool {
	return tx.Bucket([]byte(outboxBucket)).Get([]byte(id)) != nil || settled(tx, id)
}

func settled(tx *bolt.Tx, id string) bool {
	return tx.Bucket([]byte(settledBucket)).Get([]byte(id)) != nil
}

// readyKey is a waiting delivery's entry in the index.
func readyKey(d tasks.Delivery) string {
	return join(string(d.Channel), instantKey(d.NextAttempt), d.ID)
}

func waits(d tasks.Delivery) bool { return d.State == tasks.Planned || d.State == tasks.Retry }

// storeRow stores a row of the outbox with its index entries.
func storeRow(tx *bolt.Tx, d tasks.Delivery) error {
	if waits(d) {
		if err := enter(tx, readyBucket, readyKey(d)); err != nil {
			return err
		}
	}
	if untold(d) {
		if err := enter(tx, untoldBucket, d.ID); err != nil {
			return err
		}
	}
	return put(tx, outboxBucket, d.ID, d)
}

// takeRow reads and removes a row of the outbox with its index entries.
func takeRow(tx *bolt.Tx, id string) (d tasks.Delivery, found bool, err error) {
	if found, err = get(tx, outboxBucket, id, &d); err != nil || !found {
		return d, found, err
	}
	if waits(d) {
		if err := leave(tx, readyBucket, readyKey(d)); err != nil {
			return d, true, err
		}
	}
	if err := leave(tx, untoldBucket, id); err != nil {
		return d, true, err
	}
	return d, true, tx.Bucket([]byte(outboxBucket)).Delete([]byte(id))
}

// Ready returns up to limit deliveries of a channel that wait for an attempt
// at or before now, oldest attempt first, and the earliest attempt after now:
// the zero time when none waits. A damaged one is left out; Damaged names it.
func (s *Store) Ready(ch tasks.Channel, now time.Time, limit int) (ready []tasks.Delivery, next time.Time, err error) {
	prefix := []byte(string(ch) + bar)
	last := instantKey(now)
	err = s.view(func(tx *bolt.Tx) error {
		ready, next = nil, time.Time{}
		c := tx.Bucket([]byte(readyBucket)).Cursor()
		read := func(k, v []byte) (d tasks.Delivery, err error) {
			if _, err := unseal(readyBucket, k, v); err != nil {
				return d, err
			}
			id := k[len(prefix)+instantSize+len(bar):]
			found, err := get(tx, outboxBucket, string(id), &d)
			if err == nil && !found {
				err = &damage{fmt.Sprintf("delivery %q is in the index of what waits but is not stored", id)}
			}
			return d, err
		}
		mine := func(k []byte) bool {
			return bytes.HasPrefix(k, prefix) && len(k) > len(prefix)+instantSize+len(bar)
		}
		later := func(k []byte) bool { return string(k[len(prefix):len(prefix)+instantSize]) > last }
		for k, v := c.Seek(prefix); mine(k) && !later(k) && len(ready) < limit; k, v = c.Next() {
			d, err := read(k, v)
			if s.skip(err) {
				continue
			} else if err != nil {
				return err
			}
			ready = append(ready, d)
		}
		for k, v := c.Seek(append(prefix, last+bar+"\xff"...)); mine(k) && next.IsZero(); k, v = c.Next() {
			d, err := read(k, v)
			if s.skip(err) {
				continue
			} else if err != nil {
				return err
			}
			next = d.NextAttempt
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return ready, next, nil
}

// Put stores a delivery by its state:
//
//   - planned, retry: it waits in the outbox until NextAttempt;
//   - sending: it stays in the outbox, in nobody's reach, and its Text is kept;
//   - uncertain: an entry in the ledger says so, and the row waits for another
//     try as retry, with one more in Doubts than the stored row had and the
//     NextAttempt it came with;
//   - sent, superseded, dropped: it leaves the outbox for the ledger;
//   - failed: it goes to the ledger and stays visible in Outbox and Failures.
//
// The sent marks of steps that the stored message had and this one has not are
// removed, all of them when it is dropped or superseded: a task that is opened
// again is then reminded of again, as far as no other message told of it. Once
// the office was told of a delivery, Told stays until it fails for good. To
// settle a delivery again in the same state changes nothing; in another it is
// refused with ErrSettled.
func (s *Store) Put(d tasks.Delivery, now time.Time) error {
	if d.State != tasks.Sending { // its text is kept
		d.Text = ""
	}
	text, err := s.pack(d)
	if err != nil {
		return err
	}
	return s.update(func(tx *bolt.Tx) error {
		if err := keepText(tx, text); err != nil {
			return err
		}
		_, err := s.putDelivery(tx, d, now)
		return err
	})
}

// Divide stores what a delivery is divided into, in one transaction and each as
// Put does, with the text that it comes with: what has gone out, what is not to
// be sent, and what is left of it, under its own or a new id. A new one that
// waits gets its sent marks. What goes out in the place of another of them is
// left as it is if its id was ever known.
func (s *Store) Divide(into []tasks.Delivery, now time.Time) error {
	texts := make([]packed, len(into))
	for i, d := range into {
		var err error
		if texts[i], err = s.pack(d); err != nil {
			return err
		}
	}
	return s.update(func(tx *bolt.Tx) error {
		for i, d := range into {
			if inPlace(d, into) && known(tx, d.ID) {
				continue
			}
			if err := keepText(tx, texts[i]); err != nil {
				return err
			}
			if _, err := s.putDelivery(tx, d, now); err != nil {
				return err
			}
			if !waits(d) {
				continue
			}
			for _, m := range d.Message.Marks() {
				if err := addMark(tx, m); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func inPlace(d tasks.Delivery, of []tasks.Delivery) bool {
	return slices.ContainsFunc(of, func(old tasks.Delivery) bool { return slices.Contains(old.Instead, d.ID) })
}

// putDelivery returns the delivery as it was stored.
func (s *Store) putDelivery(tx *bolt.Tx, d tasks.Delivery, now time.Time) (tasks.Delivery, error) {
	old, found, err := takeRow(tx, d.ID)
	if err != nil {
		return d, err
	}
	if !found && settled(tx, d.ID) {
		if old, err = s.findDelivery(tx, d.ID); err != nil || old.State == d.State {
			return old, err
		}
		return d, &Error{Path: s.path, What: fmt.Sprintf("delivery %s is settled already: %s", d.ID, old.State),
			Cure: "`nhacviec resend " + d.ID + "` sends it again", Err: ErrSettled}
	}
	if !found {
		old = d
	}
	// That it failed for good is news to an office that heard of a delay.
	d.Told = d.Told || old.Told && (d.State == tasks.Failed) == (old.State == tasks.Failed)
	if err := forget(tx, old, d); err != nil {
		return d, err
	}
	switch d.State {
	case tasks.Planned, tasks.Retry, tasks.Sending:
		return d, storeRow(tx, d)
	case tasks.Uncertain:
		d.Doubts = max(d.Doubts, old.Doubts+1) // whether or not the caller counted it
		if _, err := appendEntry(tx, now, tasks.Entry{Delivery: &d}); err != nil {
			return d, err
		}
		d.State = tasks.Retry
		return d, storeRow(tx, d)
	case tasks.Delivered, tasks.Superseded, tasks.Dropped, tasks.Failed:
		return settle(tx, d, now)
	}
	return d, s.invalid("delivery %s has the state %q, which does not exist", d.ID, d.State)
}

// settle writes the end of a delivery into the ledger.
func settle(tx *bolt.Tx, d tasks.Delivery, now time.Time) (tasks.Delivery, error) {
	d.NextAttempt = time.Time{}
	if d.State == tasks.Delivered && d.SentAt.IsZero() {
		d.SentAt = now
	}
	seq, err := appendEntry(tx, now, tasks.Entry{Delivery: &d})
	if err != nil {
		return d, err
	}
	value := seal([]byte(d.ID), []byte(strconv.FormatUint(seq, 10)))
	if err := tx.Bucket([]byte(settledBucket)).Put([]byte(d.ID), value); err != nil {
		return d, err
	}
	if d.State != tasks.Failed {
		return d, nil
	}
	if untold(d) {
		if err := enter(tx, untoldBucket, d.ID); err != nil {
			return d, err
		}
	}
	return d, put(tx, failedBucket, d.ID, d)
}

// forget removes the sent marks that old made and d does not carry any more.
// What is sent again at a person's wish made none: what was told before is told.
func forget(tx *bolt.Tx, old, d tasks.Delivery) error {
	if old.Again {
		return nil
	}
	keep := map[tasks.Mark]bool{}
	if d.State != tasks.Dropped && d.State != tasks.Superseded {
		for _, m := range d.Message.Marks() {
			keep[m] = true
		}
	}
	for _, m := range old.Message.Marks() {
		if !keep[m] {
			if err := removeMark(tx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Recover is called once at the start, before anything is sent. It takes every
// delivery that another boot left in "sending": nobody knows whether it
// arrived. It becomes uncertain and is due now, as Put describes, or failed
// when that has happened tasks.MaxCrashes times. It returns them as they are
// stored now.
func (s *Store) Recover(boot string, now time.Time) ([]tasks.Delivery, error) {
	rows, err := all[tasks.Delivery](s, outboxBucket, "")
	if err != nil {
		return nil, err
	}
	left := func(d tasks.Delivery) bool { return d.State == tasks.Sending && d.Boot != boot }
	rows = slices.DeleteFunc(rows, func(d tasks.Delivery) bool { return !left(d) })
	if len(rows) == 0 {
		return nil, nil
	}
	var out []tasks.Delivery
	err = s.update(func(tx *bolt.Tx) error {
		out = nil
		for _, row := range rows {
			var d tasks.Delivery
			if found, err := get(tx, outboxBucket, row.ID, &d); err != nil {
				return err
			} else if !found || !left(d) {
				continue
			}
			d.NextAttempt = now
			d.Crashes++
			d.State = tasks.Uncertain
			d.Error = "the program ended while it was being sent: perhaps it arrived"
			if d.Crashes >= tasks.MaxCrashes {
				d.State = tasks.Failed
				d.Doubts++
				d.Error = fmt.Sprintf("set aside: the program ended %d times while it was being sent; perhaps it arrived; ask the unit, or send it again with `nhacviec resend %s`", d.Crashes, d.ID)
			}
			d, err := s.putDelivery(tx, d, now)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Outbox returns what waits, is being sent, or failed, oldest first.
func (s *Store) Outbox() ([]tasks.Delivery, error) {
	rows, err := all[tasks.Delivery](s, outboxBucket, "")
	if err != nil {
		return nil, err
	}
	failed, err := all[tasks.Delivery](s, failedBucket, "")
	if err != nil {
		return nil, err
	}
	rows = append(rows, failed...)
	sortByAge(rows)
	return rows, nil
}

// Failures returns what the office must hear of and was not told, oldest
// first: the deliveries that failed, and those that wait because their whole
// channel is down. A damaged one is left out; Damaged names it.
func (s *Store) Failures() ([]tasks.Delivery, error) {
	var rows []tasks.Delivery
	for r, err := range s.scan(untoldBucket, "", "") {
		if err != nil {
			return nil, err
		}
		var d tasks.Delivery
		err := s.view(func(tx *bolt.Tx) (err error) {
			if d, err = s.findDelivery(tx, string(r.key)); s.skip(err) {
				err = nil
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if untold(d) { // still
			rows = append(rows, d)
		}
	}
	sortByAge(rows)
	return rows, nil
}

func sortByAge(rows []tasks.Delivery) {
	slices.SortFunc(rows, func(a, b tasks.Delivery) int {
		return cmp.Or(a.At.Compare(b.At), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
}

// Delivery returns a delivery from the outbox, or as the ledger knows it, or
// ErrNotFound.
func (s *Store) Delivery(id string) (tasks.Delivery, error) {
	var d tasks.Delivery
	err := s.view(func(tx *bolt.Tx) (err error) {
		d, err = s.findDelivery(tx, id)
		return err
	})
	return d, err
}

func (s *Store) findDelivery(tx *bolt.Tx, id string) (tasks.Delivery, error) {
	for _, bucket := range []string{outboxBucket, failedBucket} {
		var d tasks.Delivery
		if found, err := get(tx, bucket, id, &d); found || err != nil {
			return d, err
		}
	}
	var seq uint64
	if found, err := get(tx, settledBucket, id, &seq); err != nil {
		return tasks.Delivery{}, err
	} else if !found {
		return tasks.Delivery{}, s.notFound("delivery "+strconv.Quote(id), "`nhacviec outbox` and `nhacviec ledger` list deliveries with their ids")
	}
	var e tasks.Entry
	if found, err := get(tx, ledgerBucket, seqKey(seq), &e); err != nil {
		return tasks.Delivery{}, err
	} else if !found || e.Delivery == nil {
		return tasks.Delivery{}, &damage{fmt.Sprintf("entry %d of the ledger, which settled delivery %q, is missing", seq, id)}
	}
	return *e.Delivery, nil
}
