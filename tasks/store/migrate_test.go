package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

func init() { children["migrate"] = childMigrate }

// older makes a store as the program wrote it before texts were kept.
func older(t testing.TB) (path string) {
	path = sample(t)
	withBolt(t, path, func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket([]byte(leadsBucket)); err != nil {
			return err
		}
		if err := tx.DeleteBucket([]byte(textsBucket)); err != nil {
			return err
		}
		return put(tx, metaBucket, schemaKey, schemaRecord{1})
	})
	return path
}

func TestMigration(t *testing.T) {
	t.Parallel()
	path := older(t)
	before := get1[[]byte](t)(os.ReadFile(path))
	dir := filepath.Join(t.TempDir(), "backup")
	s := get1[*Store](t)(OpenWith(path, Options{Backups: dir}))
	equal(t, s.schema, schema)
	equal(t, names(t, dir), []string{"nhacviec-schema-1.db"})
	d := tasks.NewDelivery(message("tu-phap", now), "cfg", now)
	d.State, d.Text, d.SHA256 = tasks.Sending, "Kính gửi", hash([]byte("Kính gửi"))
	must(t, s.Put(d, now))
	equal(t, get1[string](t)(s.Text(d.SHA256)), "Kính gửi")
	must(t, s.Close())
	must(t, get1[*Store](t)(OpenWith(path, Options{Backups: dir})).Close())
	equal(t, names(t, dir), []string{"nhacviec-schema-1.db"}) // nothing to do

	// The backup is the store as it was, restores, and then goes the same way.
	backup := filepath.Join(dir, "nhacviec-schema-1.db")
	again := filepath.Join(t.TempDir(), "nhacviec.db")
	get1[string](t)(Restore(backup, again, nil))
	old := get1[*Store](t)(open(again))
	equal(t, old.schema, 1)
	must(t, old.Close())
	must(t, os.WriteFile(path, before, 0o600))
	equal(t, get1[string](t)(digestStore(again)), get1[string](t)(digestStore(path)))
}

// A step that fails takes all of them back, and the next start takes the backup
// that is there; another one is made only of a store that has changed.
func TestMigrationFailsWhole(t *testing.T) {
	t.Parallel()
	path, dir := older(t), t.TempDir()
	before := get1[[]byte](t)(os.ReadFile(path))
	full := errors.New("no space left")
	for range 2 {
		s := get1[*Store](t)(open(path))
		err := s.migrate([]migration{addTexts, func(*bolt.Tx) error { return full }}, dir)
		if !errors.Is(err, full) {
			t.Fatal(err)
		}
		must(t, s.Close())
	}
	if after := get1[[]byte](t)(os.ReadFile(path)); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	equal(t, names(t, dir), []string{"nhacviec-schema-1.db"})
	withBolt(t, path, func(tx *bolt.Tx) error { return put(tx, metaBucket, "x", 1) })
	must(t, get1[*Store](t)(OpenWith(path, Options{Backups: dir})).Close())
	equal(t, names(t, dir), []string{"nhacviec-schema-1-2.db", "nhacviec-schema-1.db"})
}

// childMigrate migrates a store and is killed at the point that the environment
// names.
func childMigrate(path string) {
	die := func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	s, err := open(path)
	if err != nil {
		panic(err)
	}
	point := os.Getenv("STORE_TEST_DIE")
	steps := migrations()
	first, last := steps[0], steps[len(steps)-1]
	steps[0] = func(tx *bolt.Tx) error {
		if point == "before" {
			die()
		}
		return first(tx)
	}
	steps[len(steps)-1] = func(tx *bolt.Tx) error {
		err := last(tx)
		if point == "after" {
			die()
		}
		return err
	}
	err = s.migrate(steps, filepath.Join(filepath.Dir(path), "backup"))
	if err != nil {
		panic(err)
	}
	if point == "done" {
		die()
	}
}

func TestKilledWhileMigrating(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"before", "after", "done"} {
		path := older(t)
		cmd := child(t.Context(), t, "migrate", path)
		cmd.Env = append(cmd.Env, "STORE_TEST_DIE="+point)
		if out, err := cmd.CombinedOutput(); err == nil || err.Error() != "signal: killed" {
			t.Fatalf("%s: %v: %s", point, err, out)
		}
		left := get1[*Store](t)(open(path))
		want := 1
		if point == "done" {
			want = schema
		}
		if left.schema != want {
			t.Errorf("%s: killed at schema %d, want %d", point, left.schema, want)
		}
		must(t, left.Close())
		dir := filepath.Join(filepath.Dir(path), "backup")
		s := get1[*Store](t)(OpenWith(path, Options{Backups: dir}))
		if n, err := s.Verify(); s.schema != schema || n == 0 || err != nil {
			t.Errorf("%s: schema %d, %d entries, %v", point, s.schema, n, err)
		}
		must(t, s.Close())
		equal(t, names(t, dir), []string{"nhacviec-schema-1.db"})
	}
}
