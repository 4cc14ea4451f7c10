package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// many are tasks of every kind, enough for many portions of smallPortion.
func many(n int) []tasks.Task {
	var tt []tasks.Task
	for i := range n {
		no := strconv.Itoa(i + 1)
		switch i % 4 {
		case 0:
			tt = append(tt, task(no, tasks.Dated, (date("2023-07-15")+tasks.Date(i)).String()))
		case 1:
			tt = append(tt, task(no, tasks.Ongoing))
		case 2:
			tt = append(tt, task(no, tasks.Unknown))
		default:
			tt = append(tt, task(no, tasks.Awaiting))
		}
	}
	return tt
}

const smallPortion = 8 << 10

// contents returns all that a store holds, by bucket and key.
func contents(t testing.TB, s *Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, s.view(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			out[string(name)] = ""
			return b.ForEach(func(k, v []byte) error {
				out[string(name)+"/"+string(k)] = string(v)
				return nil
			})
		})
	}))
	return out
}

// copied opens a copy of the file as a power cut would leave it now.
func copied(t testing.TB, s *Store) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	in := get1[*os.File](t)(os.Open(s.Path()))
	defer in.Close()
	out := get1[*os.File](t)(os.Create(path))
	get1[int64](t)(io.Copy(out, in))
	must(t, out.Close())
	return get1[*Store](t)(Open(path))
}

// secondImport changes every third task, cancels every fifth, leaves the
// others and brings as many new ones.
func secondImport(n int) []tasks.Compared {
	var cc []tasks.Compared
	var gone []tasks.Compared
	for i, old := range many(2 * n) {
		t := old
		switch {
		case i >= n:
			cc = append(cc, isNew(t))
		case i%5 == 0:
			t.Status, t.Was = tasks.Cancelled, tasks.Open
			gone = append(gone, tasks.Compared{Fate: tasks.IsGone, Old: old, New: t})
		case i%3 == 0:
			t.Deadline = tasks.Deadline{Text: "trước 30/9", Kind: tasks.Dated, Due: []tasks.Date{date("2023-09-30")}, Source: tasks.FromDeadline, Version: 2}
			cc = append(cc, tasks.Compared{Fate: tasks.IsChanged, Old: old, New: t})
		default:
			cc = append(cc, tasks.Compared{Fate: tasks.IsSame, Old: old, New: t})
		}
	}
	return append(cc, gone...)
}

// TestImportOfManyTasks: in many transactions comes out what comes out in one,
// and a crash at any of them leaves what was there before.
func TestImportOfManyTasks(t *testing.T) {
	t.Parallel()
	const n = 400
	one, parts := newStore(t), newStore(t)
	other := tasks.Plan{ID: "bd99"}
	foreign := task("1", tasks.Awaiting)
	foreign.Plan = other.ID
	for _, s := range []*Store{one, parts} {
		must(t, s.Import(other, now, "an", "", allNew(foreign)))
	}
	must(t, one.Import(plan, now, "an", "", allNew(many(n)...)))
	crashes := 0
	crashing := func(merge merging) merging {
		before, kept := contents(t, parts), 0
		return func(stored tasks.Stored, keep func(tasks.Compared) error) error {
			return merge(stored, func(c tasks.Compared) error {
				err := keep(c)
				if kept++; kept%90 == 0 {
					crashes++
					s := copied(t, parts)
					equal(t, contents(t, s), before)
					must(t, s.Close())
					if live := contents(t, parts); len(live) != len(before)+1+len(taskBuckets()) {
						t.Errorf("nothing is staged after %d tasks", kept)
					}
					if parts.changing.TryAcquire(1) {
						t.Error("a task could be changed")
					}
				}
				return err
			})
		}
	}
	must(t, parts.importBy(smallPortion, plan, now, "an", "", crashing(allNew(many(n)...))))
	equal(t, contents(t, parts), contents(t, one))

	must(t, one.Import(plan, now, "an", "bản sửa", brings(nil, secondImport(n)...)))
	must(t, parts.importBy(smallPortion, plan, now, "an", "bản sửa", crashing(brings(nil, secondImport(n)...))))
	equal(t, contents(t, parts), contents(t, one))
	if crashes < 10 {
		t.Errorf("only %d crashes", crashes)
	}
	whole := copied(t, parts)
	defer whole.Close()
	equal(t, contents(t, whole), contents(t, one))
	get1[uint64](t)(whole.Verify())
	tt, _, err := whole.Due(tasks.DueQuery{Kinds: []tasks.Kind{tasks.Dated}, Until: date("2023-07-16")})
	must(t, err)
	equal(t, keysOf(tt), []string{}) // task 1, the only one so early, is gone
}

// TestImportOfManyTasksFails: what is staged is gone, and what was stored stays.
func TestImportOfManyTasksFails(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, many(40)...)
	before := contents(t, s)
	boom := errors.New("boom")
	all := secondImport(200)
	if err := s.importBy(smallPortion, plan, now, "an", "", brings(boom, all...)); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	equal(t, contents(t, s), before)
	func() {
		defer func() { recover() }()
		s.importBy(smallPortion, plan, now, "an", "", func(stored tasks.Stored, keep func(tasks.Compared) error) error {
			must(t, brings(nil, all...)(stored, keep))
			panic("a fault of the program")
		})
	}()
	equal(t, contents(t, s), before)
	must(t, s.importBy(smallPortion, plan, now, "an", "", brings(nil, all...)))
}

// TestImportLetsMessagesGoOn: what is sent meanwhile is recorded, and stays.
func TestImportLetsMessagesGoOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := tasks.NewDelivery(message("tu-phap", now, step("1", "T-7", "2023-07-15")), "cfg", now)
	d.State = tasks.Delivered
	must(t, s.importBy(smallPortion, plan, now, "an", "", func(stored tasks.Stored, keep func(tasks.Compared) error) error {
		must(t, allNew(many(200)...)(stored, keep))
		return s.Put(d, now)
	}))
	var seen []string
	for _, e := range ledger(t, s, tasks.LedgerQuery{}) {
		if e.Delivery != nil {
			seen = append(seen, e.ID)
		}
	}
	equal(t, seen, []string{d.ID})
	equal(t, len(get1[[]tasks.Task](t)(s.Tasks("ct05"))), 200)
}
