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

// Resend puts the message of a delivery that failed or was sent into the
// outbox once more, as a delivery of its own that is due now, and returns it:
// its id is the old one with "-2", "-3" … behind it. The ledger says who asked
// for it. A failed delivery then no longer waits for anybody's attention.
//
// What is sent again is what Resendable returns; the errors are its own.
func (s *Store) Resend(id, by string, now time.Time) (again tasks.Delivery, err error) {
	if err := s.Gone(); err != nil {
		return again, err
	}
	err = s.update(func(tx *bolt.Tx) error {
		old, err := s.resendable(tx, id)
		if err != nil {
			return err
		}
		if again, err = resend(tx, old, by, now); err != nil {
			return err
		}
		return dismiss(tx, id)
	})
	if err != nil {
		return tasks.Delivery{}, err
	}
	return again, nil
}

// ResendFailed sends again, in one transaction, those of some deliveries that
// are still failed and that nothing has followed which waits, failed too or was
// sent. It returns the new ones by the old ones' ids.
func (s *Store) ResendFailed(ids []string, by string, now time.Time) (map[string]tasks.Delivery, error) {
	var again map[string]tasks.Delivery
	err := s.update(func(tx *bolt.Tx) error {
		again = map[string]tasks.Delivery{}
		for _, id := range ids {
			if tx.Bucket([]byte(failedBucket)).Get([]byte(id)) == nil {
				continue
			}
			old, err := s.findDelivery(tx, id)
			if err != nil {
				return err
			}
			after, err := s.followers(tx, old)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(after, matters) {
				continue
			}
			if again[id], err = resend(tx, old, by, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return again, nil
}

// Resendable returns which delivery is sent again when a person asks for one:
// the one itself, or, when that was sent again before or went out by mail
// instead, and this failed too, the last of them. What still waits, itself or in
// what followed it, is refused with ErrWaiting; what was dropped, and what
// failed but arrived later, with ErrInvalid. The errors name the delivery.
func (s *Store) Resendable(id string) (tasks.Delivery, error) {
	var d tasks.Delivery
	err := s.view(func(tx *bolt.Tx) (err error) {
		d, err = s.resendable(tx, id)
		return err
	})
	return d, err
}

func (s *Store) resendable(tx *bolt.Tx, id string) (tasks.Delivery, error) {
	old, err := s.findDelivery(tx, id)
	if err != nil {
		return old, err
	}
	if underWay(old) {
		return old, &Error{Path: s.path, What: fmt.Sprintf("delivery %s is in the state %q and will be sent by itself", id, old.State),
			Cure: "wait, or look at `nhacviec outbox`", Err: ErrWaiting}
	}
	if old.State != tasks.Failed && old.State != tasks.Delivered {
		return old, s.invalid("delivery %s is in the state %q: there was a reason not to send it", id, old.State)
	}
	after, err := s.followers(tx, old)
	if err != nil {
		return old, err
	}
	var failed []tasks.Delivery
	for _, d := range after {
		switch {
		case underWay(d):
			return old, &Error{Path: s.path, What: fmt.Sprintf("delivery %s is followed by %s, which is in the state %q and will be sent by itself", id, d.ID, d.State),
				Cure: "wait, or look at `nhacviec outbox`", Err: ErrWaiting}
		case d.State == tasks.Delivered && old.State == tasks.Failed:
			return old, &Error{Path: s.path, What: fmt.Sprintf("delivery %s was followed by %s, which was sent to %s", id, d.ID, d.Address),
				Cure: "`nhacviec resend " + d.ID + "` sends one more copy", Err: ErrInvalid}
		case d.State == tasks.Failed:
			failed = append(failed, d)
		}
	}
	ends := failed[:0:0]
	for _, d := range failed {
		after, err := s.followers(tx, d)
		if err != nil {
			return old, err
		}
		if !slices.ContainsFunc(after, matters) {
			ends = append(ends, d)
		}
	}
	switch len(ends) {
	case 0:
		return old, nil
	case 1:
		return ends[0], nil
	}
	var names []string
	for _, d := range ends {
		names = append(names, d.ID)
	}
	return old, &Error{Path: s.path, What: fmt.Sprintf("delivery %s was followed by several, which failed: %s", id, strings.Join(names, ", ")),
		Cure: "`nhacviec resend` each of them", Err: ErrInvalid}
}

func underWay(d tasks.Delivery) bool { return waits(d) || d.State == tasks.Sending }

// matters: after it, what it follows is not to be sent again by itself. What was
// dropped or superseded carries nothing any more.
func matters(d tasks.Delivery) bool {
	return underWay(d) || d.State == tasks.Delivered || d.State == tasks.Failed
}

// followers returns the deliveries that go on with what one was to tell, near
// and far: those by which it was sent again, and those in its place.
func (s *Store) followers(tx *bolt.Tx, of tasks.Delivery) (out []tasks.Delivery, err error) {
	seen := map[string]bool{of.ID: true}
	next := []tasks.Delivery{of}
	for len(next) > 0 {
		d := next[0]
		next = next[1:]
		for _, id := range append(later(tx, d.ID), d.Instead...) {
			if seen[id] || !known(tx, id) {
				continue
			}
			seen[id] = true
			f, err := s.findDelivery(tx, id)
			if err != nil {
				return nil, err
			}
			out, next = append(out, f), append(next, f)
		}
	}
	return out, nil
}

// later returns the ids under which a message was sent again after one of them.
func later(tx *bolt.Tx, id string) (ids []string) {
	base, n := copyOf(id)
	prefix := []byte(base + "-")
	for _, bucket := range []string{outboxBucket, settledBucket} {
		c := tx.Bucket([]byte(bucket)).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			if b, m := copyOf(string(k)); b == base && m > n {
				ids = append(ids, string(k))
			}
		}
	}
	return ids
}

// copyOf parts the id of a delivery into the message's and the copy's number;
// the first has none in its id.
func copyOf(id string) (base string, n int) {
	base, number, _ := strings.Cut(id, "-")
	if n, err := strconv.Atoi(number); err == nil {
		return base, n
	}
	return base, 1
}

// resend stores one more copy of a delivery's message.
func resend(tx *bolt.Tx, old tasks.Delivery, by string, now time.Time) (tasks.Delivery, error) {
	again := tasks.NewDelivery(old.Message, old.Config, now)
	again.Again, again.For = true, old.For
	base, n := copyOf(old.ID)
	for _, id := range later(tx, old.ID) {
		_, m := copyOf(id)
		n = max(n, m)
	}
	again.ID = base + "-" + strconv.Itoa(n+1)
	for _, m := range again.Message.Marks() {
		if err := addMark(tx, m); err != nil {
			return again, err
		}
	}
	change := tasks.Change{Action: actionResend, By: by, Old: old.ID, New: again.ID}
	if len(old.Steps) > 0 {
		change.Plan = old.Steps[0].Plan
	}
	if err := recordChange(tx, now, change); err != nil {
		return again, err
	}
	if err := dismiss(tx, old.ID); err != nil {
		return again, err
	}
	return again, storeRow(tx, again)
}

// dismiss: a failed delivery no longer waits for anybody's attention.
func dismiss(tx *bolt.Tx, id string) error {
	for _, bucket := range []string{failedBucket, untoldBucket} {
		if err := leave(tx, bucket, id); err != nil {
			return err
		}
	}
	return nil
}
