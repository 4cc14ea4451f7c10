package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"nhacviec/tasks"
)

func TestBackupWhileWritingAndRestore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Ongoing))
	stop, stopped := make(chan bool), make(chan error)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			d := tasks.NewDelivery(message(fmt.Sprint("u", i), now), "cfg", now)
			d.State = tasks.Delivered
			if err := s.Put(d, now); err != nil {
				stopped <- err
				return
			}
		}
	}()
	copy := filepath.Join(t.TempDir(), "backup.db")
	must(t, s.Backup(copy))
	stop <- true
	must(t, <-stopped)
	if mode := get1[os.FileInfo](t)(os.Stat(copy)).Mode(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
	if err := s.Backup(copy); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another backup: %v", err)
	}
	if _, err := Restore(copy, s.Path(), nil); !errors.Is(err, ErrLocked) {
		t.Errorf("under a running store: %v", err)
	}
	want := get1[string](t)(digestStore(copy))
	must(t, s.Close())

	must(t, os.WriteFile(s.Path(), []byte("hỏng"), 0o600))
	old := get1[string](t)(Restore(copy, s.Path(), nil))
	equal(t, get1[string](t)(digestStore(s.Path())), want)
	equal(t, string(get1[[]byte](t)(os.ReadFile(old))), "hỏng")
	if next := get1[string](t)(Restore(copy, s.Path(), nil)); next == old || next == "" {
		t.Errorf("the store before is kept as %q after %q", next, old)
	}

	bad := filepath.Join(t.TempDir(), "bad.db")
	whole := get1[[]byte](t)(os.ReadFile(copy))
	must(t, os.WriteFile(bad, whole[:len(whole)/2], 0o600))
	if _, err := Restore(bad, s.Path(), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("a cut backup: %v", err)
	}
	equal(t, get1[string](t)(digestStore(s.Path())), want)

	none := filepath.Join(t.TempDir(), "nhacviec.db")
	equal(t, get1[string](t)(Restore(copy, none, nil)), "")
	equal(t, get1[string](t)(digestStore(none)), want)
}

// A file that was written to a lot, its pages freed and used again, is whole
// in the eyes of the page walk.
func TestBusyFileOpensAgain(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.db.NoSync = true
	for round := range 4 {
		var dd []tasks.Delivery
		for i := range 300 {
			d := tasks.NewDelivery(message(fmt.Sprint("u", round, i), now, step(fmt.Sprint(i), "T-7", "2023-07-15")), "cfg", now)
			dd = append(dd, d)
		}
		must(t, s.CommitFire(tasks.Fired{Deliveries: dd}))
		for i, d := range dd {
			d.State = []tasks.DeliveryState{tasks.Delivered, tasks.Dropped, tasks.Retry}[i%3]
			must(t, s.Put(d, now))
		}
		must(t, s.Close())
		s = get1[*Store](t)(Open(s.Path()))
		s.db.NoSync = true
	}
	equal(t, get1[uint64](t)(s.Verify()), uint64(4*200))
	must(t, s.Close())
}
