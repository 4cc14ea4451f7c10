package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"nhacviec/tasks"
)

// child returns a command that runs this test binary as one of children.
func child(ctx context.Context, t testing.TB, do, path string) *exec.Cmd {
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(ctx, exe, path)
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+do, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// childRead opens a store, reads all of it and prints a digest of what it
// found, or "refused" when the store says what is wrong with it.
func childRead(path string) {
	digest, err := digestStore(path)
	switch {
	case errors.Is(err, ErrDamaged) || errors.Is(err, ErrTampered):
		fmt.Println("refused", err)
	case err != nil:
		fmt.Println("error", err)
	default:
		fmt.Println("read", digest)
	}
}

func digestStore(path string) (string, error) {
	s, err := Open(path)
	if err != nil {
		return "", err
	}
	defer s.Close()
	var found []any
	keep := func(v any, err2 error) {
		found = append(found, v)
		err = errors.Join(err, err2)
	}
	plans, e := s.Plans()
	keep(plans, e)
	tt, e := s.Tasks("")
	keep(tt, e)
	due, sent, e := s.Due(tasks.DueQuery{Kinds: indexedKinds, Until: date("2999-01-01"), Review: true})
	keep(due, e)
	keep(len(sent), nil)
	rows, e := s.Outbox()
	keep(rows, e)
	failures, e := s.Failures()
	keep(failures, e)
	ready, _, e := s.Ready(tasks.Email, now.AddDate(1, 0, 0), 1000)
	keep(ready, e)
	cursors, e := s.Cursors()
	keep(cursors, e)
	n, e := s.Verify()
	keep(n, e)
	for _, what := range s.Damaged() { // passed over, and told
		err = errors.Join(err, damaged(path, "%s", what))
	}
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(found)
	return fmt.Sprintf("%x", sha256.Sum256(b)), err
}

// sample makes a closed store with something in every bucket.
func sample(t testing.TB) (path string) {
	t.Helper()
	s := newStore(t)
	var tt []tasks.Task
	for i := range 120 {
		kind := []tasks.Kind{tasks.Dated, tasks.Ongoing, tasks.Awaiting, tasks.Unknown}[i%4]
		tk := task(fmt.Sprint(i+1), kind)
		if kind == tasks.Dated {
			tk.Deadline.Due = []tasks.Date{today + tasks.Date(i)}
		}
		tt = append(tt, tk)
	}
	load(t, s, tt...)
	var mm []tasks.Message
	for i := range 20 {
		mm = append(mm, message(fmt.Sprint("u", i), now, step(fmt.Sprint(i+1), "T-7", "2023-07-15")))
	}
	dd := fire(t, s, mm...)
	must(t, s.CommitFire(tasks.Fired{Cursors: map[string]time.Time{"sap-den-han": now}}))
	for i, state := range []tasks.DeliveryState{tasks.Delivered, tasks.Failed, tasks.Uncertain, tasks.Dropped, tasks.Sending} {
		dd[i].State = state
		must(t, s.Put(dd[i], now))
	}
	must(t, s.SetChannelState(tasks.ZaloOA, "token", []byte("x")))
	path = s.Path()
	must(t, s.Close())
	return path
}

func TestOpenMakesAPrivateFileAndLeavesNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "nhacviec.db")
	must(t, get1[*Store](t)(Open(path)).Close())
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 1 || files[0].Name() != "nhacviec.db" {
		t.Errorf("files: %v", files)
	}
	if mode := get1[os.FileInfo](t)(os.Stat(path)).Mode(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
	_, err = Open(filepath.Join(dir, "none", "nhacviec.db"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "create the directory") {
		t.Errorf("no directory: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
}

// Two that make the store at once both get the same one, or the lock's no.
func TestMakingTwiceAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nhacviec.db")
	must(t, create(path))
	s := get1[*Store](t)(open(path))
	load(t, s, task("1", tasks.Ongoing))
	must(t, s.Close())
	must(t, create(path)) // a second that had seen no file
	s = get1[*Store](t)(Open(path))
	defer s.Close()
	equal(t, len(get1[[]tasks.Task](t)(s.Tasks(""))), 1)
}

func TestASecondOpenerIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	start := time.Now()
	_, err := Open(s.Path())
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	var e *Error
	if !errors.Is(err, ErrLocked) || !errors.As(err, &e) || e.Path != s.Path() || e.Cure == "" {
		t.Errorf("error: %v", err)
	}
	load(t, s, task("1", tasks.Ongoing)) // the first is untouched
}

func TestWrongFilesAreRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	newer := sample(t)
	withBolt(t, newer, func(tx *bolt.Tx) error {
		return put(tx, metaBucket, schemaKey, schemaRecord{schema + 1})
	})
	unversioned := sample(t)
	withBolt(t, unversioned, func(tx *bolt.Tx) error { return leave(tx, metaBucket, schemaKey) })
	lacking := sample(t)
	withBolt(t, lacking, func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte(marksBucket)) })
	other := filepath.Join(t.TempDir(), "other.db")
	db, err := bolt.Open(other, 0o600, nil)
	must(t, err)
	must(t, db.Close())
	whole := get1[*os.File](t)(os.Open(sample(t)))
	defer whole.Close()
	good := get1[[]byte](t)(os.ReadFile(whole.Name()))
	wild := slices.Clone(good)
	list := wild[int(get1[metaPage](t)(liveMeta(whole)).freelist)*os.Getpagesize():]
	binary.NativeEndian.PutUint16(list[10:], bigFreelist)
	binary.NativeEndian.PutUint64(list[pageHead:], 1<<33) // bbolt would ask for 64 GB
	format := slices.Clone(good)
	for _, page := range []int{0, os.Getpagesize()} {
		meta := format[page+pageHead:]
		binary.NativeEndian.PutUint32(meta[4:], metaVersion+1)
		binary.NativeEndian.PutUint64(meta[metaSumAt:], fnv64(meta[:metaSumAt]))
	}
	write := func(b []byte) string {
		path := filepath.Join(t.TempDir(), "nhacviec.db")
		must(t, os.WriteFile(path, b, 0o600))
		return path
	}
	for name, c := range map[string]struct {
		path string
		want error
		says string
	}{
		"empty":          {write(nil), ErrDamaged, "empty"},
		"short":          {write([]byte("x")), ErrDamaged, "head pages"},
		"text":           {write(bytes.Repeat([]byte("xin chào "), 10000)), ErrDamaged, "head pages"},
		"cut":            {write(good[:len(good)/4]), ErrDamaged, "cut short"},
		"newer records":  {newer, ErrNewer, fmt.Sprint("version ", schema+1)},
		"newer format":   {write(format), ErrNewer, "bbolt format 3"},
		"wild freelist":  {write(wild), ErrDamaged, "its count makes no sense"},
		"no version":     {unversioned, ErrDamaged, "no schema version"},
		"no bucket":      {lacking, ErrDamaged, `"marks" is missing`},
		"something else": {other, ErrDamaged, "no store of nhacviec"},
	} {
		before, err := os.ReadFile(c.path)
		must(t, err)
		_, err = Open(c.path)
		var e *Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Path != c.path || e.Cure == "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(c.path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed (%v)", name, err)
		}
	}
}

func fnv64(b []byte) uint64 {
	sum := uint64(14695981039346656037)
	for _, c := range b {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return sum
}

// withBolt changes a store file behind the store's back.
func withBolt(t testing.TB, path string, fn func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	must(t, err)
	must(t, db.Update(fn))
	must(t, db.Close())
}

// TestDamagedFiles spoils a store in many ways and lets a child read all of
// it: it must find everything as it was, or refuse, and never crash, hang or
// find something else.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	path := sample(t)
	good, err := os.ReadFile(path)
	must(t, err)
	want := get1[string](t)(digestStore(path))
	page := os.Getpagesize()
	pages := len(good) / page
	rng := rand.New(rand.NewPCG(1, 2))

	type spoiled struct {
		name string
		data []byte
	}
	var files []spoiled
	add := func(name string, data []byte) { files = append(files, spoiled{name, data}) }
	for cut := page / 2; cut < len(good); cut += max(page/2, len(good)/40) {
		add(fmt.Sprintf("cut at %d", cut), good[:cut])
	}
	change := func(name string, fn func(b []byte)) {
		b := slices.Clone(good)
		fn(b)
		add(name, b)
	}
	for range 12 {
		n, m := rng.IntN(pages), rng.IntN(pages)
		change(fmt.Sprintf("page %d zero", n), func(b []byte) { clear(b[n*page : (n+1)*page]) })
		change(fmt.Sprintf("page %d random", n), func(b []byte) {
			for i := range page {
				b[n*page+i] = byte(rng.Uint32())
			}
		})
		change(fmt.Sprintf("page %d over page %d", n, m), func(b []byte) { copy(b[m*page:(m+1)*page], good[n*page:]) })
		at := rng.IntN(len(good) * 8)
		change(fmt.Sprintf("bit %d", at), func(b []byte) { b[at/8] ^= 1 << (at % 8) })
		head := n*page*8 + rng.IntN(16*8)
		change(fmt.Sprintf("bit %d in the head of page %d", head, n), func(b []byte) { b[head/8] ^= 1 << (head % 8) })
	}
	results := make(chan string)
	todo := make(chan spoiled)
	dir := t.TempDir()
	for w := range 2 {
		go func() {
			path := filepath.Join(dir, fmt.Sprint(w, ".db"))
			for f := range todo {
				if err := os.WriteFile(path, f.data, 0o600); err != nil {
					results <- err.Error()
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				out, err := child(ctx, t, "read", path).CombinedOutput()
				cancel()
				got := strings.TrimSpace(string(out))
				switch {
				case err != nil:
					results <- fmt.Sprintf("%s: %v\n%.2000s", f.name, err, got)
				case got == "read "+want:
					results <- "intact"
				case strings.HasPrefix(got, "refused "):
					results <- "refused"
				default:
					results <- fmt.Sprintf("%s: %s", f.name, got)
				}
			}
		}()
	}
	go func() {
		defer close(todo)
		for _, f := range files {
			todo <- f
		}
	}()
	count := map[string]int{}
	for range files {
		r := <-results
		count[r]++
		if r != "intact" && r != "refused" {
			t.Error(r)
		}
	}
	t.Logf("%d files of %d pages: %d refused, %d intact", len(files), pages, count["refused"], count["intact"])
	if count["refused"] < len(files)/3 {
		t.Errorf("only %d of %d files were refused: does this test spoil them?", count["refused"], len(files))
	}
}

// childWrite settles one delivery after the other and prints each id when its
// record is on the disk.
func childWrite(path string) {
	s, err := Open(path)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		d := tasks.NewDelivery(message(fmt.Sprint("u", i), now, step("1", "T-7", "2023-07-15")), "cfg", now)
		err := s.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{d}})
		d.State = tasks.Delivered
		if err == nil {
			err = s.Put(d, now)
		}
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(d.ID)
	}
}

// What a killed process had been told is stored, is.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nhacviec.db")
	total := 0
	for round := range 5 {
		cmd := child(t.Context(), t, "write", path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		var acked []string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if id := lines.Text(); len(id) == 26 {
				acked = append(acked, id)
			} else {
				t.Fatal(id)
			}
			if len(acked) == 7*(round+1) {
				must(t, cmd.Process.Kill())
			}
		}
		cmd.Wait()
		s := get1[*Store](t)(Open(path))
		for _, id := range acked {
			if d := get1[tasks.Delivery](t)(s.Delivery(id)); d.State != tasks.Delivered {
				t.Errorf("%s was acknowledged as sent and is %s", id, d.State)
			}
		}
		n := get1[uint64](t)(s.Verify())
		if n < uint64(len(acked)) {
			t.Errorf("%d entries for %d acknowledged", n, len(acked))
		}
		total += len(acked)
		must(t, s.Close())
		must(t, os.Remove(path)) // ids repeat
	}
	if total < 5*7*3 {
		t.Errorf("only %d were acknowledged", total)
	}
}
