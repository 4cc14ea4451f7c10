package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// verifyIndexes holds what is found through indexes against these: each record
// must be in all of its own, and these must hold nothing more. A page that a disk
// left as it was before is whole in every other respect. Nobody may write
// meanwhile.
func (s *Store) verifyIndexes() error {
	return s.view(func(tx *bolt.Tx) error {
		in := indexed{tx, map[string]int{}}
		for t, err := range each[tasks.Task](s, tasksBucket, "") {
			if err != nil {
				return err
			}
			for _, p := range places(t) {
				if err := in.find("task "+t.Key.String(), p.bucket, p.key); err != nil {
					return err
				}
			}
		}
		for _, bucket := range []string{outboxBucket, failedBucket} {
			for d, err := range each[tasks.Delivery](s, bucket, "") {
				if err == nil {
					err = in.findDelivery(d)
				}
				if err != nil {
					return err
				}
			}
		}
		return in.count(s.schema)
	})
}

// indexed counts the entries that indexes ought to have.
type indexed struct {
	tx *bolt.Tx
	n  map[string]int
}

// find wants an entry in an index, if this schema has that.
func (in indexed) find(what, index, key string) error {
	b := in.tx.Bucket([]byte(index))
	if b == nil {
		return nil
	}
	in.n[index]++
	if b.Get([]byte(key)) == nil {
		return &damage{fmt.Sprintf("%s is not in the index %q", what, index)}
	}
	return nil
}

func (in indexed) findDelivery(d tasks.Delivery) error {
	if waits(d) {
		if err := in.find("delivery "+d.ID, readyBucket, readyKey(d)); err != nil {
			return err
		}
	}
	if untold(d) {
		return in.find("delivery "+d.ID, untoldBucket, d.ID)
	}
	return nil
}

// count wants no more entries than were found.
func (in indexed) count(version int) error {
	indexes := []string{lookBucket, readyBucket, untoldBucket}
	for _, kind := range indexedKinds {
		indexes = append(indexes, duePrefix+string(kind))
	}
	if version >= 3 {
		indexes = append(indexes, leadsBucket)
	}
	for _, index := range indexes {
		n := 0
		c := in.tx.Bucket([]byte(index)).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			n++
		}
		if n != in.n[index] {
			return &damage{fmt.Sprintf("the index %q has %d entries, and %d records belong there", index, n, in.n[index])}
		}
	}
	return nil
}
