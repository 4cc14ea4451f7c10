package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// sendText takes a delivery with a text through sending to sent.
func sendText(t testing.TB, s *Store, unit, text string) tasks.Delivery {
	t.Helper()
	d := tasks.NewDelivery(message(unit, now), "cfg", now)
	d.State, d.Text, d.SHA256 = tasks.Sending, text, hash([]byte(text))
	must(t, s.Put(d, now))
	d.State = tasks.Delivered
	must(t, s.Put(d, now))
	return d
}

func removeText(t testing.TB, s *Store, sum string) {
	t.Helper()
	must(t, s.update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(textsBucket)).Delete(get1[[]byte](t)(hex.DecodeString(sum)))
	}))
}

func TestVerifyFindsRemovedTexts(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Ongoing)) // entry 1 has no text
	var sums []string
	for i := range 2*textsAtOnce + 10 { // entries 2 …
		sums = append(sums, sendText(t, s, fmt.Sprint("u", i), fmt.Sprint("Kính gửi ", i)).SHA256)
		s.db.NoSync = true
	}
	equal(t, get1[uint64](t)(s.Verify()), uint64(len(sums)+1))
	for _, i := range []int{2*textsAtOnce + 9, 2 * textsAtOnce, 7} { // the last, one between, an early one
		removeText(t, s, sums[i])
		n, err := s.Verify()
		if says := fmt.Sprintf("the text of entry %d was removed, %s", i+2, sums[i]); n != uint64(len(sums)+1) || !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), says) {
			t.Errorf("%d entries proven, %v; want %q", n, err, says)
		}
	}
	must(t, s.update(func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte(textsBucket)) }))
	if n, err := s.Verify(); err == nil || n != uint64(len(sums)+1) {
		t.Errorf("without any text: %d entries, %v", n, err)
	}
}

// An end that was cut off, with count and hash rewritten to fit, is missed by what
// it settled; so is an entry that stands in the place of another's.
func TestVerifyFindsACutAndRechainedEnd(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for i := range 5 {
		sendText(t, s, fmt.Sprint("u", i), fmt.Sprint("Kính gửi ", i))
	}
	equal(t, get1[uint64](t)(s.Verify()), uint64(5))
	c, _, err := s.chain()
	must(t, err)
	equal(t, get1[string](t)(s.Hash(5)), c.Head)
	equal(t, get1[string](t)(s.Hash(6)), "")
	must(t, s.update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(ledgerBucket))
		must(t, errors.Join(b.Delete([]byte(seqKey(4))), b.Delete([]byte(seqKey(5)))))
		return put(tx, metaBucket, ledgerKey, chain{Count: 3, Head: hash(b.Get([]byte(seqKey(3))))})
	}))
	if n, err := s.Verify(); n != 3 || !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "entry 4 is missing, which settled delivery") {
		t.Errorf("cut: %d, %v", n, err)
	}
	for i := range 2 { // the places are filled again
		sendText(t, s, fmt.Sprint("v", i), "khác")
	}
	if n, err := s.Verify(); n != 5 || !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "entry 4 is about something else, which settled delivery") {
		t.Errorf("filled: %d, %v", n, err)
	}
}

// withoutTexts makes a store as it was before texts were kept: an entry with the
// hash of a text only, and a delivery on its way.
func withoutTexts(t testing.TB) (path string) {
	path = filepath.Join(t.TempDir(), "nhacviec.db")
	s := get1[*Store](t)(Open(path))
	for i := range 3 {
		sendText(t, s, fmt.Sprint("u", i), fmt.Sprint("cũ ", i))
	}
	d := tasks.NewDelivery(message("tu-phap", now), "cfg", now)
	d.State, d.Text, d.SHA256 = tasks.Sending, "đang gửi", hash([]byte("đang gửi"))
	must(t, s.Put(d, now))
	must(t, s.Close())
	withBolt(t, path, func(tx *bolt.Tx) error {
		return errors.Join(tx.DeleteBucket([]byte(leadsBucket)), tx.DeleteBucket([]byte(textsBucket)), put(tx, metaBucket, schemaKey, schemaRecord{1}))
	})
	return path
}

// Of what was sent before texts were kept none is missed; what is removed later
// is found.
func TestVerifyKnowsWhatNeverHadAText(t *testing.T) {
	t.Parallel()
	path := withoutTexts(t)
	equal(t, get1[uint64](t)(Inspect(path)), uint64(3))
	s := get1[*Store](t)(Open(path))
	get1[[]tasks.Delivery](t)(s.Recover("new", now)) // what was on its way comes to the ledger
	equal(t, get1[uint64](t)(s.Verify()), uint64(4))
	d := sendText(t, s, "noi-vu", "mới")
	equal(t, get1[uint64](t)(s.Verify()), uint64(5))

	// A store of schema 3 that was made with texts, or came to have them.
	must(t, s.Close())
	withBolt(t, path, func(tx *bolt.Tx) error {
		return errors.Join(leave(tx, metaBucket, textsKey), put(tx, metaBucket, schemaKey, schemaRecord{3}))
	})
	s = get1[*Store](t)(Open(path))
	defer s.Close()
	equal(t, get1[uint64](t)(s.Verify()), uint64(5))
	removeText(t, s, d.SHA256)
	if _, err := s.Verify(); err == nil || !strings.Contains(err.Error(), "the text of entry 5 was removed") {
		t.Errorf("verify: %v", err)
	}
}

// BenchmarkVerify proves a ledger of 200,000 deliveries with their texts.
func BenchmarkVerify(b *testing.B) {
	const sent = 200_000
	s := sentStore(b, sent)
	for b.Loop() {
		if n, err := s.Verify(); n != sent || err != nil {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(get1[os.FileInfo](b)(os.Stat(s.Path())).Size())/(1<<20), "MB")
}
