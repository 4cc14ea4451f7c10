package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

func names(t testing.TB, dir string) []string {
	t.Helper()
	out := []string{}
	for _, f := range get1[[]os.DirEntry](t)(os.ReadDir(dir)) {
		out = append(out, f.Name())
	}
	return out
}

func TestKeepRotatesOnlyDailyBackupsAndOnlyAfterSuccess(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Ongoing))
	dir := filepath.Join(t.TempDir(), "backup [1]*")
	must(t, os.Mkdir(dir, 0o700))
	others := []string{"nhacviec-schema-1.db", "nhacviec-2023-13-40.db", "ghi-chu.txt", "nhacviec-2023-06-01.db.tay"}
	for _, name := range others {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "nhacviec-2023-05-31.db.new-12"), nil, 0o600)) // a killed one's
	for day := date("2023-06-01"); day <= date("2023-06-05"); day++ {
		if made := get1[bool](t)(s.Keep(dir, day, 3)); !made {
			t.Errorf("%v: not made", day)
		}
	}
	want := append([]string{"nhacviec-2023-06-03.db", "nhacviec-2023-06-04.db", "nhacviec-2023-06-05.db"}, others...)
	slices.Sort(want)
	equal(t, names(t, dir), want)
	if made := get1[bool](t)(s.Keep(dir, date("2023-06-05"), 3)); made {
		t.Error("made twice on one day")
	}

	// A clock that was set back makes one backup too, not one after the other.
	if made := get1[bool](t)(s.Keep(dir, date("2022-01-01"), 3)); !made {
		t.Error("none made of an old day")
	}
	if made := get1[bool](t)(s.Keep(dir, date("2022-01-01"), 3)); made {
		t.Error("made again and again")
	}
	want = append([]string{"nhacviec-2022-01-01.db", "nhacviec-2023-06-04.db", "nhacviec-2023-06-05.db"}, others...)
	slices.Sort(want)
	equal(t, names(t, dir), want)

	// A store whose ledger is broken makes no backup, and costs none.
	s.db.NoSync = true
	must(t, s.update(func(tx *bolt.Tx) error { return leave(tx, ledgerBucket, seqKey(1)) }))
	if _, err := s.Keep(dir, date("2023-06-06"), 3); !errors.Is(err, ErrTampered) {
		t.Errorf("a broken ledger: %v", err)
	}
	equal(t, names(t, dir), want)
}

func TestCopyAndReceive(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Ongoing))
	f, size, err := s.Copy()
	must(t, err)
	defer f.Close()
	equal(t, names(t, filepath.Dir(s.Path())), []string{"nhacviec.db"})
	data := get1[[]byte](t)(io.ReadAll(f))
	equal(t, int64(len(data)), size)
	path := filepath.Join(t.TempDir(), "b.db")
	must(t, Receive(path, bytes.NewReader(data), nil))
	if err := Receive(path, bytes.NewReader(data), nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	if err := Receive(cut, bytes.NewReader(data[:size/2]), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("a copy cut short: %v", err)
	}
	equal(t, names(t, filepath.Dir(cut)), []string{})
	must(t, s.Close())
	equal(t, get1[string](t)(digestStore(path)), get1[string](t)(digestStore(s.Path())))
}

// A file with the name of a backup is none by that: the day's backup is made all
// the same, and what is none costs no other.
func TestKeepTakesNoOtherFileForABackup(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	load(t, s, task("1", tasks.Ongoing))
	dir := t.TempDir()
	get1[bool](t)(s.Keep(dir, date("2023-06-01"), 2))
	cut := get1[[]byte](t)(os.ReadFile(filepath.Join(dir, BackupName(date("2023-06-01")))))[:20_000]
	for i, spoil := range []func(path string) error{
		func(path string) error { return os.WriteFile(path, nil, 0o600) },
		func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("ghi chú ", 10_000)), 0o600) },
		func(path string) error { return os.WriteFile(path, cut, 0o600) },
		func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		day := date("2023-06-02") + tasks.Date(i)
		path := filepath.Join(dir, BackupName(day))
		must(t, spoil(path))
		if newest, _, err := NewestBackup(dir); newest == path || newest == "" || err != nil {
			t.Errorf("%v: the newest is %q, %v", day, newest, err)
		}
		if made := get1[bool](t)(s.Keep(dir, day, 2)); !made {
			t.Errorf("%v: not made", day)
		}
		equal(t, get1[uint64](t)(Inspect(path)), uint64(1))
		if _, err := os.Lstat(path + ".damaged"); err != nil {
			t.Error(err)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "nhacviec-2023-06-09.db"), nil, 0o600))
	get1[bool](t)(s.Keep(dir, date("2023-06-10"), 2))
	if newest, _, _ := NewestBackup(dir); newest != filepath.Join(dir, "nhacviec-2023-06-10.db") {
		t.Errorf("the newest is %q", newest)
	}
	if _, err := os.Stat(filepath.Join(dir, "nhacviec-2023-06-05.db")); err != nil {
		t.Errorf("an empty file cost a backup: %v", err)
	}
	if _, err := OpenWith(filepath.Join(t.TempDir(), "nhacviec.db"), Options{Backups: dir}); !errors.Is(err, ErrMissing) {
		t.Errorf("a new store beside backups: %v", err)
	}
	empty := t.TempDir() // all that is left of the backups is damaged: there was a store
	must(t, os.WriteFile(filepath.Join(empty, "nhacviec-2023-06-09.db"), nil, 0o600))
	if _, err := OpenWith(filepath.Join(t.TempDir(), "nhacviec.db"), Options{Backups: empty}); !errors.Is(err, ErrMissing) {
		t.Errorf("a new store beside damaged backups: %v", err)
	}
}

func TestOpenNamesTheNewestBackup(t *testing.T) {
	t.Parallel()
	path := sample(t)
	good := get1[[]byte](t)(os.ReadFile(path))
	dir := filepath.Join(filepath.Dir(path), "backup")
	at := time.Date(2023, 6, 5, 2, 0, 0, 0, time.Local)

	must(t, os.Truncate(path, 0))
	if _, err := OpenWith(path, Options{Backups: dir}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "there is none in "+dir) {
		t.Errorf("without backups: %v", err)
	}
	must(t, os.Mkdir(dir, 0o700))
	for i, name := range []string{"nhacviec-2023-06-04.db", "nhacviec-2023-06-05.db", "khac.db"} {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, good, 0o600))
		must(t, os.Chtimes(file, at, at.AddDate(0, 0, i-1)))
	}
	must(t, os.WriteFile(filepath.Join(dir, "nhacviec-2023-06-06.db"), nil, 0o600)) // newer, and no backups
	must(t, os.WriteFile(filepath.Join(dir, "nhacviec-2023-06-07.db"), good[:len(good)/3], 0o600))
	newest := filepath.Join(dir, "nhacviec-2023-06-05.db")
	says := "`nhacviec restore " + newest + "`"
	for _, c := range []struct {
		name  string
		spoil func() error
		want  error
	}{
		{"empty", func() error { return os.Truncate(path, 0) }, ErrDamaged},
		{"cut", func() error { return os.WriteFile(path, good[:len(good)/3], 0o600) }, ErrDamaged},
		{"missing", func() error { return os.Remove(path) }, ErrMissing},
	} {
		must(t, os.WriteFile(path, good, 0o600))
		must(t, c.spoil())
		_, err := OpenWith(path, Options{Backups: dir})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), says) || !strings.HasSuffix(err.Error(), "that backup is of 05/06/2023") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a new store was made in the place of the missing one")
	}
	equal(t, get1[string](t)(Restore(newest, path, nil)), "")
	must(t, get1[*Store](t)(OpenWith(path, Options{Backups: dir})).Close())

	// A first start, with an empty directory of backups or none.
	for _, backups := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		must(t, get1[*Store](t)(OpenWith(filepath.Join(t.TempDir(), "nhacviec.db"), Options{Backups: backups})).Close())
	}
}
