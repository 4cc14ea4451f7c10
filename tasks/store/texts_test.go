package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

func TestTextsAreKeptOnceAndVerified(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	text := strings.Repeat("Kính gửi Trưởng phòng Tư pháp, còn 15 ngày đến hạn.\n", 60)
	sum := hash([]byte(text))
	for _, unit := range []string{"tu-phap", "noi-vu"} {
		d := tasks.NewDelivery(message(unit, now), "cfg", now)
		d.State, d.Text, d.SHA256 = tasks.Sending, text, sum
		must(t, s.Put(d, now))
		d.State = tasks.Delivered
		must(t, s.Put(d, now))
	}
	equal(t, get1[string](t)(s.Text(sum)), text)
	must(t, s.view(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(textsBucket))
		if k, v := b.Cursor().First(); b.Stats().KeyN != 1 || len(v) > len(text)/10 {
			t.Errorf("%d texts, %d bytes under %x", b.Stats().KeyN, len(v), k)
		}
		return nil
	}))
	if _, err := s.Text(hash(nil)); !errors.Is(err, ErrNotFound) {
		t.Errorf("another text: %v", err)
	}
	for _, bad := range []string{"", "x", "ab"} {
		if _, err := s.Text(bad); err == nil {
			t.Errorf("%q is taken for a hash", bad)
		}
	}
	d := tasks.NewDelivery(message("cong-an", now), "cfg", now)
	d.State, d.Text, d.SHA256 = tasks.Sending, "khác", sum
	if err := s.Put(d, now); !errors.Is(err, ErrInvalid) {
		t.Errorf("a text with another's hash: %v", err)
	}

	equal(t, get1[uint64](t)(s.Verify()), uint64(2))
	// Another whole text in its place, with a checksum that fits.
	d.SHA256 = hash([]byte(d.Text))
	other := get1[packed](t)(s.pack(d))
	must(t, s.update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(textsBucket))
		key, _ := b.Cursor().First()
		key = append([]byte{}, key...)
		return b.Put(key, seal(key, other.value[sealSize:]))
	}))
	if _, err := s.Verify(); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "the text "+sum) {
		t.Errorf("verify: %v", err)
	}
	if _, err := s.Text(sum); !errors.Is(err, ErrDamaged) {
		t.Errorf("reading it: %v", err)
	}
}

func TestSentReadsTheEndOfTheLedger(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.db.NoSync = true
	const days, daily = 30, 40
	must(t, s.update(func(tx *bolt.Tx) error {
		for i := range days * daily {
			at := now.AddDate(0, 0, i/daily-days+1)
			d := tasks.NewDelivery(message(fmt.Sprint("u", i), at), "cfg", at)
			d.State, d.SentAt = []tasks.DeliveryState{tasks.Delivered, tasks.Dropped}[i%2], at
			if _, err := appendEntry(tx, at, tasks.Entry{Delivery: &d}); err != nil {
				return err
			}
		}
		return nil
	}))
	equal(t, len(get1[[]tasks.Delivery](t)(s.Sent(now))), daily/2)
	equal(t, len(get1[[]tasks.Delivery](t)(s.Sent(now.AddDate(0, 0, -9)))), 10*daily/2)
	equal(t, len(get1[[]tasks.Delivery](t)(s.Sent(now.AddDate(-1, 0, 0)))), days*daily/2)
	equal(t, len(get1[[]tasks.Delivery](t)(s.Sent(now.AddDate(0, 0, 1)))), 0)
	if from := get1[uint64](t)(s.entryBefore(now.AddDate(0, 0, -2))); from < days*daily-1000 || from > (days-3)*daily {
		t.Errorf("it reads from entry %d of %d on", from, days*daily)
	}
}
