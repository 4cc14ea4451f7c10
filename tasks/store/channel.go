package store

import (
	"bytes"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// ChannelState returns what a channel keeps under key, and nil when there is
// nothing.
func (s *Store) ChannelState(ch tasks.Channel, key string) ([]byte, error) {
	var out []byte
	err := s.view(func(tx *bolt.Tx) error {
		k := []byte(join(string(ch), key))
		v := tx.Bucket([]byte(channelBucket)).Get(k)
		if v == nil {
			return nil
		}
		body, err := unseal(channelBucket, k, v)
		out = bytes.Clone(body)
		return err
	})
	return out, err
}

// SetChannelState keeps value for a channel under key, over restarts; no value
// removes it.
func (s *Store) SetChannelState(ch tasks.Channel, key string, value []byte) error {
	return s.update(func(tx *bolt.Tx) error {
		k := []byte(join(string(ch), key))
		b := tx.Bucket([]byte(channelBucket))
		if len(value) == 0 {
			return b.Delete(k)
		}
		return b.Put(k, seal(k, value))
	})
}

const movedPrefix = "moved" + bar

// CurrentAddress returns the name that an address has now: another than it had
// when MoveAddress was called for it.
func (s *Store) CurrentAddress(ch tasks.Channel, address string) (string, error) {
	moved, err := s.ChannelState(ch, movedPrefix+address)
	if err != nil || moved == nil {
		return address, err
	}
	return string(moved), nil
}

// MoveAddress remembers that the config's address from is to be reached as to.
func (s *Store) MoveAddress(ch tasks.Channel, from, to string) error {
	return s.SetChannelState(ch, movedPrefix+from, []byte(to))
}
