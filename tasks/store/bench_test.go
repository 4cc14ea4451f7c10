package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// stocked makes a store of n tasks of which few are due before 2024: half of
// the others are ongoing, half due in ten years.
func stocked(b *testing.B, n, due int) *Store {
	b.Helper()
	s := get1[*Store](b)(Open(filepath.Join(b.TempDir(), "nhacviec.db")))
	b.Cleanup(func() { s.Close() })
	s.db.NoSync = true // only to build it
	const atOnce = 20000
	for from := 0; from < n; from += atOnce {
		var tt []tasks.Task
		for i := from; i < min(n, from+atOnce); i++ {
			var tk tasks.Task
			switch no := fmt.Sprintf("%07d", i); {
			case i%(n/max(due, 1)) == 0 && i/(n/max(due, 1)) < due:
				tk = task(no, tasks.Dated, "2023-07-15")
			case i%2 == 0:
				tk = task(no, tasks.Ongoing)
			default:
				tk = task(no, tasks.Dated, "2033-07-15")
			}
			tt = append(tt, tk)
		}
		p := tasks.Plan{ID: "p" + strconv.Itoa(from)}
		for i := range tt {
			tt[i].Plan = p.ID
		}
		must(b, s.Import(p, now, "", "", allNew(tt...)))
	}
	s.db.NoSync = false
	must(b, s.db.Sync())
	return s
}

func BenchmarkDue(b *testing.B) {
	sizes := []int{100, 10_000}
	if !testing.Short() {
		sizes = append(sizes, 1_000_000)
	}
	for _, n := range sizes {
		s := stocked(b, n, 20)
		for _, c := range []struct {
			until string
			want  int
		}{{"2023-07-14", 0}, {"2023-07-15", 20}} {
			b.Run(fmt.Sprintf("stored=%d/due=%d", n, c.want), func(b *testing.B) {
				for b.Loop() {
					tt, _, err := s.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Dated, tasks.Periodic}, Until: date(c.until)})
					if err != nil || len(tt) != c.want {
						b.Fatalf("%d tasks, %v", len(tt), err)
					}
				}
			})
		}
		must(b, s.Close())
	}
}

func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := newStore(b)
			msg := message("tu-phap", now, step("1", "T-7", "2023-07-15"))
			var n atomic.Int64
			var wg sync.WaitGroup
			start := time.Now()
			for range writers {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						d := tasks.NewDelivery(msg, "cfg", now)
						d.ID, d.State = strconv.FormatInt(i, 36), tasks.Delivered
						if err := s.Put(d, now); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "puts/s")
		})
	}
}

// BenchmarkPutText takes deliveries through sending and sent, as a sender does,
// with and without the text that is kept.
func BenchmarkPutText(b *testing.B) {
	for _, size := range []int{0, 2000} {
		for _, writers := range []int{2, 8} {
			b.Run(fmt.Sprintf("text=%d/writers=%d", size, writers), func(b *testing.B) {
				s := newStore(b)
				var dd []tasks.Delivery
				for i := range b.N {
					d := tasks.NewDelivery(message(fmt.Sprint("u", i), now, step("1", "T-7", "2023-07-15")), "cfg", now)
					dd = append(dd, d)
				}
				s.db.NoSync = true
				for some := range slices.Chunk(dd, 1000) {
					must(b, s.CommitFire(tasks.Fired{Deliveries: some}))
				}
				s.db.NoSync = false
				body := strings.Repeat("Kính gửi Trưởng phòng Tư pháp: còn 15 ngày đến hạn của nhiệm vụ này. ", size/80)
				work := make(chan tasks.Delivery)
				var wg sync.WaitGroup
				b.ResetTimer()
				for range writers {
					wg.Go(func() {
						for d := range work {
							d.State = tasks.Sending
							if size > 0 { // hard to fold: as many different words as a mail has
								d.Text = body + strings.Repeat(d.ID[:13]+" "+d.ID[13:]+" "+d.Unit, 20)
								d.SHA256 = hash([]byte(d.Text))
							}
							if err := s.Put(d, now); err != nil {
								b.Error(err)
							}
							d.State = tasks.Delivered
							if err := s.Put(d, now); err != nil {
								b.Error(err)
							}
						}
					})
				}
				for _, d := range dd {
					work <- d
				}
				close(work)
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

// BenchmarkImport stores tasks of a plan that is not stored yet, and after it
// the same bytes in a bare bbolt file, in the order of their keys and in one
// transaction. It reports both speeds, their ratio, and the largest heap of each.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int{200_000, 1_000_000} {
		b.Run(fmt.Sprintf("tasks=%d", n), func(b *testing.B) {
			if testing.Short() && n > 200_000 {
				b.Skip("a minute")
			}
			for b.Loop() {
				s := get1[*Store](b)(Open(filepath.Join(b.TempDir(), "nhacviec.db")))
				ours, peak := timed(func() { must(b, s.Import(plan, now, "an", "", inOrder(n))) })
				bare, barePeak := timed(func() { bareLoad(b, s) })
				must(b, s.Close())
				b.ReportMetric(float64(n)/ours.Seconds(), "tasks/s")
				b.ReportMetric(float64(n)/bare.Seconds(), "raw-tasks/s")
				b.ReportMetric(bare.Seconds()/ours.Seconds(), "ratio")
				b.ReportMetric(peak, "peak-MB")
				b.ReportMetric(barePeak, "raw-peak-MB")
			}
		})
	}
}

// inOrder brings the tasks 1 to n.
func inOrder(n int) merging {
	return func(_ tasks.Stored, keep func(tasks.Compared) error) error {
		for i := range n {
			if err := keep(isNew(task(strconv.Itoa(i+1), tasks.Dated, (date("2023-07-15") + tasks.Date(i%700)).String()))); err != nil {
				return err
			}
		}
		return nil
	}
}

// bareLoad copies all records of a store into a new bbolt file.
func bareLoad(b *testing.B, s *Store) {
	raw := get1[*bolt.DB](b)(bolt.Open(s.Path()+".raw", 0o600, nil))
	must(b, s.db.View(func(from *bolt.Tx) error {
		return raw.Update(func(tx *bolt.Tx) error {
			return from.ForEach(func(name []byte, records *bolt.Bucket) error {
				bucket, err := tx.CreateBucket(name)
				if err != nil {
					return err
				}
				return records.ForEach(bucket.Put)
			})
		})
	}))
	must(b, raw.Close())
	must(b, os.Remove(s.Path()+".raw"))
}

// timed runs fn, and returns how long it took and the largest heap seen, in MB.
func timed(fn func()) (time.Duration, float64) {
	runtime.GC()
	var peak uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	fn()
	took := time.Since(began)
	close(stop)
	<-done
	return took, float64(peak) / (1 << 20)
}

func BenchmarkOpen(b *testing.B) {
	s := stocked(b, 10_000, 20)
	path := s.Path()
	must(b, s.Close())
	for b.Loop() {
		must(b, get1[*Store](b)(Open(path)).Close())
	}
}

func BenchmarkLedger(b *testing.B) {
	const entries = 100_000
	s := newStore(b)
	s.db.NoSync = true
	must(b, s.update(func(tx *bolt.Tx) error {
		for i := range entries {
			m := message(fmt.Sprint("u", i%1000), now, step(strconv.Itoa(i%70), "T-7", "2023-07-15"))
			d := tasks.NewDelivery(m, "cfg", now)
			d.State = tasks.Delivered
			if _, err := appendEntry(tx, now, tasks.Entry{Delivery: &d}); err != nil {
				return err
			}
		}
		return nil
	}))
	b.Run("unit", func(b *testing.B) {
		for b.Loop() {
			n := 0
			must(b, s.Ledger(tasks.LedgerQuery{Unit: "u7"}, func(tasks.Entry) error { n++; return nil }))
			if n != entries/1000 {
				b.Fatal(n)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if n, err := s.Verify(); n != entries || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

// sentStore makes a store of n deliveries, each sent with a text of its own of
// about 2 KB, and an entry in the ledger for each.
func sentStore(b *testing.B, n int) *Store {
	const atOnce = 5000
	s := newStore(b)
	s.db.NoSync = true // only to build it
	for from := 0; from < n; from += atOnce {
		must(b, s.update(func(tx *bolt.Tx) error {
			for i := from; i < min(n, from+atOnce); i++ {
				d := tasks.NewDelivery(message(fmt.Sprint("u", i%1000), now, step(strconv.Itoa(i%70), "T-7", "2023-07-15")), "cfg", now)
				d.ID = strconv.Itoa(i)
				d.State, d.Text = tasks.Sending, strings.Repeat("Kính gửi Trưởng phòng Tư pháp: còn 15 ngày đến hạn. ", 30)+d.ID
				d.SHA256 = hash([]byte(d.Text))
				text, err := s.pack(d)
				if err != nil {
					return err
				}
				if err := keepText(tx, text); err != nil {
					return err
				}
				d.State = tasks.Delivered
				if _, err := s.putDelivery(tx, d, now); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	s.db.NoSync = false
	must(b, s.db.Sync())
	return s
}

// BenchmarkBackup makes a hot copy of a ledger of 100,000 deliveries with their
// texts, while one sender goes on, and says how long that one had to wait at
// most, and for how long the copying held a read transaction.
func BenchmarkBackup(b *testing.B) {
	s := sentStore(b, 100_000)
	n := 0
	put := func() time.Duration {
		n++
		d := tasks.NewDelivery(message("tu-phap", now, step("1", "T-7", "2023-07-15")), "cfg", now)
		d.ID, d.State = "x"+strconv.Itoa(n), tasks.Delivered
		start := time.Now()
		must(b, s.Put(d, now))
		return time.Since(start)
	}
	var idle, longest, reading time.Duration
	for range 500 {
		idle = max(idle, put())
	}
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "copy.db")
		done := make(chan error, 1)
		go func() { done <- s.Backup(path) }()
		for len(done) == 0 {
			longest = max(longest, put())
		}
		must(b, <-done)
		start := time.Now()
		must(b, s.copyTo(io.Discard))
		reading = max(reading, time.Since(start))
	}
	b.ReportMetric(float64(get1[os.FileInfo](b)(os.Stat(s.Path())).Size())/(1<<20), "MB")
	b.ReportMetric(float64(reading.Milliseconds()), "ms-transaction")
	b.ReportMetric(float64(longest.Milliseconds()), "ms-longest-put")
	b.ReportMetric(float64(idle.Milliseconds()), "ms-longest-put-idle")
}
