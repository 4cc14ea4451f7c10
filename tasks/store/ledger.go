package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// chain is the record "ledger" in the meta bucket: the number of entries and
// the hash of the last one, so that a cut tail is noticed.
type chain struct {
	Count uint64 `json:"count"`
	Head  string `json:"head"`
}

// ledgerFill: entries are only ever appended, so pages may be filled.
const ledgerFill = 0.9

func seqKey(seq uint64) string { return string(binary.BigEndian.AppendUint64(nil, seq)) }

func hash(stored []byte) string {
	sum := sha256.Sum256(stored)
	return hex.EncodeToString(sum[:])
}

// appendEntry writes an entry behind the last one and returns its number.
func appendEntry(tx *bolt.Tx, now time.Time, e tasks.Entry) (uint64, error) {
	var c chain
	if found, err := get(tx, metaBucket, ledgerKey, &c); err != nil {
		return 0, err
	} else if !found {
		return 0, &damage{"the ledger's count is missing"}
	}
	e.Seq, e.Time, e.Prev = c.Count+1, now, c.Head
	if e.Delivery != nil { // the ledger keeps the text's hash, not the text
		d := *e.Delivery
		d.Parts, d.Carries = nil, nil
		e.Delivery = &d
	}
	body, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	key := []byte(seqKey(e.Seq))
	value := seal(key, body)
	b := tx.Bucket([]byte(ledgerBucket))
	b.FillPercent = ledgerFill
	if err := b.Put(key, value); err != nil {
		return 0, err
	}
	return e.Seq, put(tx, metaBucket, ledgerKey, chain{Count: e.Seq, Head: hash(value)})
}

// recordChange appends a change of a task or plan.
func recordChange(tx *bolt.Tx, now time.Time, c tasks.Change) error {
	_, err := appendEntry(tx, now, tasks.Entry{Change: &c})
	return err
}

// Ledger calls fn with the entries that q chooses, in order, outside of any
// transaction, and returns the first error, fn's too.
func (s *Store) Ledger(q tasks.LedgerQuery, fn func(tasks.Entry) error) error {
	words, err := wordsOf(q)
	if err != nil {
		return err
	}
	for r, err := range s.scan(ledgerBucket, "", "") {
		if err != nil {
			return err
		}
		body, err := unseal(ledgerBucket, r.key, r.value)
		if err != nil {
			return s.explain(err)
		}
		if slices.ContainsFunc(words, func(w []byte) bool { return !bytes.Contains(body, w) }) {
			continue
		}
		var e tasks.Entry
		if err := decode(ledgerBucket, r.key, r.value, &e); err != nil {
			return s.explain(err)
		}
		if !chosen(e, q) {
			continue
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

// Sent returns what the ledger has as sent from an instant on. Of a long ledger
// it reads the end only: back to an entry that was written two days before, for
// the clock may have been set meanwhile.
func (s *Store) Sent(from time.Time) ([]tasks.Delivery, error) {
	start, err := s.entryBefore(from.AddDate(0, 0, -2))
	if err != nil {
		return nil, err
	}
	word := []byte(`"state":"` + string(tasks.Delivered) + `"`)
	var out []tasks.Delivery
	for r, err := range s.scan(ledgerBucket, seqKey(start), "") {
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(r.value, word) {
			continue
		}
		var e tasks.Entry
		if err := decode(ledgerBucket, r.key, r.value, &e); err != nil {
			return nil, s.explain(err)
		}
		if e.Delivery != nil && e.State == tasks.Delivered && !e.SentAt.Before(from) {
			out = append(out, *e.Delivery)
		}
	}
	return out, nil
}

// entryBefore returns the number of an entry, near the end, that was written
// before an instant; 0 when there is none.
func (s *Store) entryBefore(at time.Time) (seq uint64, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		var c chain
		if _, err := get(tx, metaBucket, ledgerKey, &c); err != nil {
			return err
		}
		seq = c.Count
		for step := uint64(256); seq > 0; step *= 2 {
			var e tasks.Entry
			if found, err := get(tx, ledgerBucket, seqKey(seq), &e); err != nil {
				return err
			} else if found && e.Time.Before(at) {
				return nil
			}
			seq -= min(seq, step)
		}
		return nil
	})
	return seq, err
}

// wordsOf returns what the JSON of every chosen entry holds: most entries are
// passed over without being decoded.
func wordsOf(q tasks.LedgerQuery) (words [][]byte, err error) {
	add := func(value string, v any) {
		if value != "" {
			word, e := json.Marshal(v)
			words, err = append(words, word), errors.Join(err, e)
		}
	}
	add(q.Plan, q.Plan)
	add(string(q.No), q.No)
	add(q.Unit, q.Unit)
	add(q.ID, q.ID)
	return words, err
}

// chosen: a delivery belongs to the unit it went to and to the tasks that its
// steps or review items name; a change belongs to its task or plan.
func chosen(e tasks.Entry, q tasks.LedgerQuery) bool {
	if e.Time.Before(q.Since) || !q.Until.IsZero() && !e.Time.Before(q.Until) {
		return false
	}
	if q.ID != "" && !speaksOf(e, q.ID) {
		return false
	}
	if q.Unit != "" && (e.Delivery == nil || e.Delivery.Unit != q.Unit) {
		return false
	}
	if q.Plan == "" && q.No == "" {
		return true
	}
	is := func(k tasks.Key) bool {
		return (q.Plan == "" || k.Plan == q.Plan) && (q.No == "" || k.No == q.No)
	}
	if e.Change != nil {
		return is(tasks.Key{Plan: e.Change.Plan, No: e.Change.No})
	}
	return e.Delivery != nil &&
		(slices.ContainsFunc(e.Delivery.Steps, func(st tasks.Step) bool { return is(st.Key) }) ||
			slices.ContainsFunc(e.Delivery.Review, func(it tasks.ReviewItem) bool { return is(it.Key) }))
}

// speaksOf: the entry is about a delivery, or one in its place, or says that it
// was sent again.
func speaksOf(e tasks.Entry, id string) bool {
	if e.Change != nil {
		return e.Change.Action == actionResend && (e.Change.Old == id || e.Change.New == id)
	}
	return e.Delivery != nil && (e.Delivery.ID == id || e.Delivery.For == id)
}

// Verify walks the ledger as it stands, from its first entry, and returns how
// many entries are proven: whole, in order, each followed by one that knows
// it. The error, an *Error around ErrTampered, names the first that is not. Of a
// ledger that is proven the texts must be there, and have their hashes, and each
// delivery that was settled must have the entry that did it. Every
// other record must have its checksum.
func (s *Store) Verify() (n uint64, err error) {
	if err := s.Gone(); err != nil {
		return 0, err
	}
	c, last, err := s.chain()
	if err != nil {
		return 0, err
	}
	bad := func(format string, args ...any) error {
		return &Error{Path: s.path, What: "the ledger is not as it was written: " + fmt.Sprintf(format, args...),
			Cure: "compare it with a backup", Err: ErrTampered}
	}
	texts, err := s.textSearch()
	if err != nil {
		return 0, err
	}
	var seq uint64
	prev := ""
	for r, err := range s.scan(ledgerBucket, "", seqKey(c.Count+1)) {
		if err != nil {
			return n, err
		}
		if string(r.key) != seqKey(seq+1) {
			return n, bad("entry %d is missing", seq+1)
		}
		seq++
		var e struct { // of tasks.Entry; the hashes vouch for the rest
			Seq    uint64 `json:"seq"`
			Prev   string `json:"prev"`
			SHA256 string `json:"sha256"`
		}
		if err := decode(ledgerBucket, r.key, r.value, &e); err != nil {
			return n, bad("entry %d was altered: %v", seq, err)
		}
		if e.Seq != seq {
			return n, bad("entry %d stands in the place of entry %d", e.Seq, seq)
		}
		if e.Prev != prev {
			if seq == 1 {
				return n, bad("entry 1 was altered")
			}
			return n, bad("entry %d was altered, or entry %d does not belong behind it", seq-1, seq)
		}
		n, prev = seq-1, hash(r.value)
		if err := texts.ask(seq, e.SHA256); err != nil {
			return n, err
		}
	}
	switch {
	case seq < c.Count:
		return n, bad("entry %d and all behind it are missing, there were %d", seq+1, c.Count)
	case prev != c.Head:
		return n, bad("entry %d was altered", seq)
	case last != "" && last > seqKey(c.Count):
		return seq, bad("an entry was added from outside behind entry %d", c.Count)
	}
	if err := s.verifySettled(bad); err != nil {
		return seq, err
	}
	if err := texts.end(bad); err != nil {
		return seq, err
	}
	if err := s.verifyTexts(bad); err != nil {
		return seq, err
	}
	return seq, s.verifyRecords()
}

// chain returns what the ledger's entries must come to, and the last key that
// is there at the same moment.
func (s *Store) chain() (c chain, last string, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		found, err := get(tx, metaBucket, ledgerKey, &c)
		if err == nil && !found {
			err = &damage{"the ledger's count is missing"}
		}
		key, _ := tx.Bucket([]byte(ledgerBucket)).Cursor().Last()
		last = string(key)
		return err
	})
	return c, last, err
}
