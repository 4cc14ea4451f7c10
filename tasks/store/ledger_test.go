package store

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestLedgerQueries(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Dated, "2023-07-15"), task("2", tasks.Dated, "2023-07-15")) // entry 1
	review := tasks.Message{Kind: tasks.ReviewNotice, At: now, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "van-phong", Address: "vp@example.gov.vn"},
		Review: []tasks.ReviewItem{{Key: tasks.Key{Plan: "ct05", No: "2"}, Reason: tasks.UnitUnknown}}}
	dd := fire(t, s, message("tu-phap", now, step("1", "T-7", "2023-07-15")), message("cong-an", now, step("1", "T-7", "2023-07-15"), step("2", "T-7", "2023-07-15")), review)
	for i, d := range dd { // entries 2, 3, 4
		d.State = tasks.Delivered
		must(t, s.Put(d, now.Add(time.Duration(i)*time.Hour)))
	}
	_, err := s.Change(tasks.Key{Plan: "ct05", No: "1"}, tasks.Change{Action: "hold"}, now.Add(5*time.Hour), func(t *tasks.Task) error { t.Status = tasks.Held; return nil }) // 5
	must(t, err)
	for _, c := range []struct {
		q    tasks.LedgerQuery
		want []uint64
	}{
		{tasks.LedgerQuery{}, []uint64{1, 2, 3, 4, 5}},
		{tasks.LedgerQuery{Unit: "cong-an"}, []uint64{3}},
		{tasks.LedgerQuery{Plan: "ct05", No: "1"}, []uint64{2, 3, 5}},
		{tasks.LedgerQuery{Plan: "ct05", No: "2"}, []uint64{3, 4}},
		{tasks.LedgerQuery{No: "2"}, []uint64{3, 4}},
		{tasks.LedgerQuery{Plan: "ct05"}, []uint64{1, 2, 3, 4, 5}},
		{tasks.LedgerQuery{Plan: "x"}, nil},
		{tasks.LedgerQuery{Plan: "ct05", No: "1", Unit: "tu-phap"}, []uint64{2}},
		{tasks.LedgerQuery{Since: now.Add(time.Hour)}, []uint64{3, 4, 5}},
	} {
		var got []uint64
		for _, e := range ledger(t, s, c.q) {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: entries %v, want %v", c.q, got, c.want)
		}
	}
	boom := errors.New("boom")
	calls := 0
	if err := s.Ledger(tasks.LedgerQuery{}, func(tasks.Entry) error { calls++; return boom }); err != boom || calls != 1 {
		t.Errorf("an error of fn: %v after %d calls", err, calls)
	}
}

// reseal changes an entry and gives it a right checksum.
func reseal(tx *bolt.Tx, seq uint64, change func(*tasks.Entry)) error {
	var e tasks.Entry
	if _, err := get(tx, ledgerBucket, seqKey(seq), &e); err != nil {
		return err
	}
	change(&e)
	return put(tx, ledgerBucket, seqKey(seq), e)
}

func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	b := func(tx *bolt.Tx) *bolt.Bucket { return tx.Bucket([]byte(ledgerBucket)) }
	later := func(e *tasks.Entry) { e.Delivery.SentAt = now.Add(-48 * time.Hour) }
	for name, c := range map[string]struct {
		tamper func(tx *bolt.Tx) error
		proven uint64
		says   string
	}{
		"a byte changed": {func(tx *bolt.Tx) error {
			v := slices.Clone(b(tx).Get([]byte(seqKey(4))))
			v[len(v)-3] ^= 1
			return b(tx).Put([]byte(seqKey(4)), v)
		}, 2, "entry 4 was altered: the checksum"},
		"altered and sealed again":          {func(tx *bolt.Tx) error { return reseal(tx, 4, later) }, 3, "entry 4 was altered, or entry 5"},
		"the first altered":                 {func(tx *bolt.Tx) error { return reseal(tx, 1, later) }, 0, "entry 1 was altered"},
		"the last altered and sealed again": {func(tx *bolt.Tx) error { return reseal(tx, 10, later) }, 9, "entry 10 was altered"},
		"one removed":                       {func(tx *bolt.Tx) error { return b(tx).Delete([]byte(seqKey(5))) }, 3, "entry 5 is missing"},
		"the first removed":                 {func(tx *bolt.Tx) error { return b(tx).Delete([]byte(seqKey(1))) }, 0, "entry 1 is missing"},
		"the tail cut": {func(tx *bolt.Tx) error {
			return errors.Join(b(tx).Delete([]byte(seqKey(9))), b(tx).Delete([]byte(seqKey(10))))
		}, 7, "entry 9 and all behind it are missing, there were 10"},
		"all removed": {func(tx *bolt.Tx) error {
			for i := range uint64(10) {
				if err := b(tx).Delete([]byte(seqKey(i + 1))); err != nil {
					return err
				}
			}
			return nil
		}, 0, "entry 1 and all behind it are missing"},
		"two swapped": {func(tx *bolt.Tx) error {
			var three, four tasks.Entry
			_, err3 := get(tx, ledgerBucket, seqKey(3), &three)
			_, err4 := get(tx, ledgerBucket, seqKey(4), &four)
			return errors.Join(err3, err4, put(tx, ledgerBucket, seqKey(3), four), put(tx, ledgerBucket, seqKey(4), three))
		}, 1, "entry 4 stands in the place of entry 3"},
		"one added": {func(tx *bolt.Tx) error {
			last := b(tx).Get([]byte(seqKey(10)))
			return put(tx, ledgerBucket, seqKey(11), tasks.Entry{Seq: 11, Prev: hash(last)})
		}, 10, "added from outside behind entry 10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			var mm []tasks.Message
			for i := range 10 {
				mm = append(mm, message(fmt.Sprint("u", i), now))
			}
			for _, d := range fire(t, s, mm...) {
				d.State = tasks.Delivered
				must(t, s.Put(d, now))
			}
			equal(t, get1[uint64](t)(s.Verify()), uint64(10))
			must(t, s.Close())
			withBolt(t, s.Path(), c.tamper)
			s = get1[*Store](t)(Open(s.Path()))
			defer s.Close()
			n, err := s.Verify()
			if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), c.says) || n != c.proven {
				t.Errorf("%d proven, %v; want %d and %q", n, err, c.proven, c.says)
			}
		})
	}
}

// The ledger may grow while it is verified and read.
func TestVerifyWhileWriting(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	done := make(chan error)
	go func() {
		for i := range 100 {
			d := tasks.NewDelivery(message(fmt.Sprint("u", i), now), "cfg", now)
			d.State = tasks.Delivered
			if err := s.Put(d, now); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	var last uint64
	for {
		n := get1[uint64](t)(s.Verify())
		if n < last {
			t.Fatalf("%d proven after %d", n, last)
		}
		last = n
		select {
		case err := <-done:
			must(t, err)
			equal(t, get1[uint64](t)(s.Verify()), uint64(100))
			return
		default:
		}
	}
}

// TestGoldenRecords fixes the format on the disk: a change of it needs another
// schema version.
func TestGoldenRecords(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := periodic(t, "3.a", "FREQ=MONTHLY;BYMONTHDAY=20")
	load(t, s, task("21", tasks.Dated, "2023-07-15"), a, task("22", tasks.Unknown))
	days := step("21", "T-14", "2023-07-15")
	dd := fire(t, s, message("tu-phap", now, days), message("cong-an", now, days), message("noi-vu", now, days))
	dd[0].State, dd[0].Reply, dd[0].SHA256, dd[0].Attempts, dd[0].SentAt = tasks.Delivered, "250 ok", strings.Repeat("ab", 32), 1, now.Add(time.Second)
	dd[1].State, dd[1].Error = tasks.Failed, "550 no such user"
	must(t, s.Put(dd[0], now.Add(time.Second)))
	must(t, s.Put(dd[1], now.Add(2*time.Second)))
	must(t, s.CommitFire(tasks.Fired{Cursors: map[string]time.Time{"sap-den-han": now}}))
	must(t, s.SetChannelState(tasks.ZaloOA, "token", []byte(`{"refresh":"x"}`)))

	var out strings.Builder
	must(t, s.view(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			fmt.Fprintf(&out, "[%s]\n", name)
			return b.ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(&out, "%q = %s\n", k, v)
				return err
			})
		})
	}))
	const golden = "testdata/records.golden"
	if *update {
		must(t, os.WriteFile(golden, []byte(out.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	equal(t, strings.Split(out.String(), "\n"), strings.Split(string(want), "\n"))
}

// No record reads as another: not under another key, not with a bit changed.
func TestRecordChecksum(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(plan)
	must(t, err)
	good := seal([]byte("ct05"), body)
	if got, err := unseal("plans", []byte("ct05"), good); err != nil || string(got) != string(body) {
		t.Fatalf("%s, %v", got, err)
	}
	var d *damage
	if _, err := unseal("plans", []byte("ct06"), good); !errors.As(err, &d) {
		t.Errorf("under another key: %v", err)
	}
	for i := range len(good) * 8 {
		bad := slices.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := unseal("plans", []byte("ct05"), bad); !errors.As(err, &d) {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
	for n := range good {
		if _, err := unseal("plans", []byte("ct05"), good[:n]); !errors.As(err, &d) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}
