package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"nhacviec/tasks"
)

// What is stored when the file vanishes, and after, can be brought back.
func TestGoneFileIsNoticedAndRescued(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(path string) error{
		"removed": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".away") },
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".other", []byte("another"), 0o600), os.Rename(path+".other", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			load(t, s, task("1", tasks.Ongoing))
			must(t, s.Gone())
			must(t, lose(s.Path()))
			if err := s.Gone(); !errors.Is(err, ErrGone) {
				t.Fatalf("gone: %v", err)
			}
			if _, err := s.Verify(); !errors.Is(err, ErrGone) {
				t.Errorf("verify: %v", err)
			}
			_, err := s.Change(tasks.Key{Plan: "ct05", No: "1"}, tasks.Change{}, now, func(*tasks.Task) error { return nil })
			if !errors.Is(err, ErrGone) {
				t.Errorf("change: %v", err)
			}

			dir := filepath.Join(t.TempDir(), "backup")
			must(t, os.MkdirAll(dir, 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "nhacviec-rescue-1.db"), nil, 0o600)) // of another time
			path := get1[string](t)(s.Rescue(dir))
			equal(t, path, filepath.Join(dir, "nhacviec-rescue-2.db"))
			before := get1[os.FileInfo](t)(os.Stat(path))
			get1[string](t)(s.Rescue(dir))
			if !os.SameFile(before, get1[os.FileInfo](t)(os.Stat(path))) {
				t.Error("written again although nothing changed")
			}
			sendText(t, s, "tu-phap", "Kính gửi") // what was under way
			equal(t, get1[string](t)(s.Rescue(dir)), path)
			equal(t, get1[uint64](t)(Inspect(path)), get1[chain](t)(chainOf(s)).Count)
			equal(t, names(t, dir), []string{"nhacviec-rescue-1.db", "nhacviec-rescue-2.db"})
			f, _, err := s.Copy() // `nhacviec backup` goes on
			must(t, errors.Join(err, f.Close()))
		})
	}
}

func chainOf(s *Store) (chain, error) {
	c, _, err := s.chain()
	return c, err
}

// A file that is put back is the store again.
func TestGoneFileComesBack(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	must(t, os.Rename(s.Path(), s.Path()+".away"))
	if s.Gone() == nil {
		t.Error("not noticed")
	}
	must(t, os.Rename(s.Path()+".away", s.Path()))
	must(t, s.Gone())
}
