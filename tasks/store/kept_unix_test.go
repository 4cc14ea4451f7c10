//go:build unix

package store

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
)

func init() { children["keep"] = childKeep }

// childKeep makes one backup after the other, and says so, until it is killed.
func childKeep(path string) {
	s, err := OpenWith(path, Options{Backups: filepath.Join(filepath.Dir(path), "backup")})
	if err != nil {
		panic(err)
	}
	fmt.Println("open")
	for day := date("2023-01-01"); ; day++ {
		d := tasks.NewDelivery(message("u"+day.String(), now), "cfg", now)
		d.State, d.Attempts = tasks.Delivered, 1
		if err := s.Put(d, now); err != nil {
			panic(err)
		}
		if _, err := s.Keep(filepath.Join(filepath.Dir(path), "backup"), day, 3); err != nil {
			panic(err)
		}
	}
}

// Killed at any moment of a backup: those before are whole, each kill leaves at
// most one more than are kept, and the next start takes half a one away.
func TestKilledWhileBackingUp(t *testing.T) {
	t.Parallel()
	path := sample(t)
	dir := filepath.Join(filepath.Dir(path), "backup")
	must(t, os.Mkdir(dir, 0o700)) // the first kill may come before that
	rng := rand.New(rand.NewPCG(3, 4))
	halves, before := 0, 3
	for round := range 12 {
		cmd := child(t.Context(), t, "keep", path)
		out := get1[io.ReadCloser](t)(cmd.StdoutPipe())
		must(t, cmd.Start())
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
			t.Fatalf("round %d: %q, %v", round, line, err)
		}
		<-time.After(time.Duration(20+rng.IntN(40)) * time.Millisecond)
		must(t, cmd.Process.Kill())
		cmd.Wait() // killed
		whole, half := 0, 0
		for _, name := range names(t, dir) {
			if strings.Contains(name, ".new-") {
				half++
				continue
			}
			whole++
			if n, err := Inspect(filepath.Join(dir, name)); n == 0 || err != nil {
				t.Errorf("round %d: %s: %d entries, %v", round, name, n, err)
			}
		}
		if half > 1 || whole > before+1 || round > 2 && whole == 0 {
			t.Errorf("round %d: %d backups, %d halves", round, whole, half)
		}
		halves, before = halves+half, max(3, whole)
	}
	newest, _, err := NewestBackup(dir)
	must(t, err)
	get1[string](t)(Restore(newest, path, nil))
	s := get1[*Store](t)(OpenWith(path, Options{Backups: dir}))
	defer s.Close()
	get1[uint64](t)(s.Verify())
	t.Logf("%d of 12 kills fell into a backup", halves)
}
