package store

import (
	"iter"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// portion is how many bytes of records are copied out in one read transaction.
const portion = 4 << 20

// record is a copy of a key and the value that belongs to it.
type record struct{ key, value []byte }

// scan yields copies of the records of a bucket with keys from from up to, not
// including, to, in their order; to "" is the end. Each portion is read in a
// transaction of its own, and none is open while the caller works; the records
// of one portion are of one moment.
func (s *Store) scan(bucket, from, to string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for next, more := []byte(from), true; more; {
			var records []record
			more = false
			err := s.view(func(tx *bolt.Tx) error {
				size := 0
				c := tx.Bucket([]byte(bucket)).Cursor()
				for k, v := c.Seek(next); k != nil && (to == "" || string(k) < to); k, v = c.Next() {
					if size >= portion {
						next, more = slices.Clone(k), true
						return nil
					}
					records = append(records, record{slices.Clone(k), slices.Clone(v)})
					size += len(k) + len(v)
				}
				return nil
			})
			if err != nil {
				yield(record{}, err)
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// all decodes the records of a bucket whose keys begin with prefix.
func all[T any](s *Store, bucket, prefix string) ([]T, error) {
	var out []T
	for v, err := range each[T](s, bucket, prefix) {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// each is all, one after the other.
func each[T any](s *Store, bucket, prefix string) iter.Seq2[T, error] {
	to := ""
	if prefix != "" {
		to = prefix + "\xff" // no key of text holds this byte
	}
	return func(yield func(T, error) bool) {
		for r, err := range s.scan(bucket, prefix, to) {
			var v T
			if err == nil {
				err = s.explain(decode(bucket, r.key, r.value, &v))
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}
