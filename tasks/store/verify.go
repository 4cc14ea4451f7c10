package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// textsRecord is the record "texts" in the meta bucket. It says of what was sent
// before texts were kept that only the hash is known. A store that was made
// later has none.
type textsRecord struct {
	After   uint64   `json:"after"`   // the last entry of the ledger without a text
	Without []string `json:"without"` // the hashes of what was on its way just then
}

// textSearch looks whether the texts of the ledger's entries are there.
type textSearch struct {
	store *Store
	since textsRecord
	asked []entryText // not looked for yet
	lost  *entryText  // the first that is not there
}

// entryText is the hash of the text of an entry.
type entryText struct {
	seq uint64
	sum string
}

// textsAtOnce is how many texts are looked for in one transaction.
const textsAtOnce = 1000

func (s *Store) textSearch() (*textSearch, error) {
	t := &textSearch{store: s}
	if s.schema < 4 { // it does not say since when texts are kept
		t.since.After = math.MaxUint64
		return t, nil
	}
	err := s.view(func(tx *bolt.Tx) error {
		_, err := get(tx, metaBucket, textsKey, &t.since)
		return err
	})
	return t, err
}

// ask looks for the text of an entry, now or later; sum is empty if it has none.
func (t *textSearch) ask(seq uint64, sum string) error {
	if sum == "" || seq <= t.since.After || t.lost != nil || slices.Contains(t.since.Without, sum) {
		return nil
	}
	if t.asked = append(t.asked, entryText{seq, sum}); len(t.asked) < textsAtOnce {
		return nil
	}
	return t.look()
}

func (t *textSearch) look() error {
	defer func() { t.asked = t.asked[:0] }()
	return t.store.view(func(tx *bolt.Tx) error {
		for _, e := range t.asked {
			if !hasText(tx, e.sum) {
				t.lost = &e
				return nil
			}
		}
		return nil
	})
}

// hasText reports whether the text with a SHA-256, in hex, is kept.
func hasText(tx *bolt.Tx, sum string) bool {
	b := tx.Bucket([]byte(textsBucket))
	key, err := hex.DecodeString(sum)
	return b != nil && err == nil && len(key) > 0 && b.Get(key) != nil
}

// end looks for the rest and names the first entry whose text is missing.
func (t *textSearch) end(bad func(string, ...any) error) error {
	if t.lost == nil {
		if err := t.look(); err != nil {
			return err
		}
	}
	if t.lost != nil {
		return bad("the text of entry %d was removed, %s", t.lost.seq, t.lost.sum)
	}
	return nil
}

// Hash returns the SHA-256 of an entry of the ledger, which the entry after it
// carries, in hex; "" when there is none of that number.
func (s *Store) Hash(seq uint64) (sum string, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		if entry := tx.Bucket([]byte(ledgerBucket)).Get([]byte(seqKey(seq))); entry != nil {
			sum = hash(entry)
		}
		return nil
	})
	return sum, err
}

// HashIn is Hash of the ledger in a file that Inspect found whole.
func HashIn(path string, seq uint64) (string, error) {
	s, err := openFile(path, true, 0)
	if err != nil {
		return "", err
	}
	sum, err := s.Hash(seq)
	return sum, errors.Join(err, s.Close())
}

// verifySettled looks whether the ledger has, of every delivery that was settled,
// the entry that says so: one whose end was cut off, and count and hash rewritten,
// is in order by itself. It names the first that is missing.
func (s *Store) verifySettled(bad func(string, ...any) error) error {
	first, lost, what := uint64(math.MaxUint64), "", ""
	look := func(records []record) error {
		return s.view(func(tx *bolt.Tx) error {
			for _, r := range records {
				var seq uint64
				if err := decode(settledBucket, r.key, r.value, &seq); err != nil {
					return err
				}
				entry := tx.Bucket([]byte(ledgerBucket)).Get([]byte(seqKey(seq)))
				if seq >= first || entry != nil && bytes.Contains(entry, []byte(`"id":"`+string(r.key)+`"`)) {
					continue
				}
				if first, lost, what = seq, string(r.key), "is missing"; entry != nil {
					what = "is about something else"
				}
			}
			return nil
		})
	}
	var records []record
	for r, err := range s.scan(settledBucket, "", "") {
		if err != nil {
			return err
		}
		if records = append(records, r); len(records) == textsAtOnce {
			if err := look(records); err != nil {
				return err
			}
			records = records[:0]
		}
	}
	if err := look(records); err != nil {
		return err
	}
	if lost != "" {
		return bad("entry %d %s, which settled delivery %s", first, what, lost)
	}
	return nil
}

// verifyTexts looks at every text that is kept.
func (s *Store) verifyTexts(bad func(string, ...any) error) error {
	if s.schema < 2 {
		return nil
	}
	var u unpacker
	for r, err := range s.scan(textsBucket, "", "") {
		if err != nil {
			return err
		}
		if _, err := u.unpack(r.key, r.value); err != nil {
			return bad("the text %x was altered: %v", r.key, err)
		}
	}
	return nil
}
