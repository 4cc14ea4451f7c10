package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks/store"
)

// storeFileIn makes an empty store.
func storeFileIn(t *testing.T, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, storeFile)
	st, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLookEndsBadly lets the process that looks end in every way: what the file
// does to it is damage, what others do to it is not.
func TestLookEndsBadly(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		script string
		ctx    context.Context
		want   error
		says   string
	}{
		"fine":         {script: `echo '{"entries":3}'`},
		"refused":      {script: `echo '{"kind":"damaged","what":"page 5: it lies","path":"x.db"}'`, want: store.ErrDamaged, says: "x.db: page 5: it lies"},
		"hangs":        {script: `exec sleep 60`, want: store.ErrDamaged, says: "damaged: reading it had not come to an end after 200ms, or"},
		"panics":       {script: `echo 'fatal error: stack overflow' >&2; echo >&2; exit 2`, want: store.ErrDamaged, says: "ends the program: exit status 2: fatal error: stack overflow"},
		"faults":       {script: `kill -SEGV $$`, want: store.ErrDamaged, says: "signal: segmentation fault"},
		"says nothing": {script: `exit 0`, want: store.ErrDamaged, says: "ends the program"},
		"killed":       {script: `kill -KILL $$`, says: "killed from outside"},
		"cannot read":  {script: `exit 1`, want: errNoLook},
		"not wanted":   {script: `exec sleep 60`, ctx: over, want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, limit := c.ctx, 30*time.Second
			if ctx == nil {
				ctx = t.Context()
			}
			if name == "hangs" {
				limit = 200 * time.Millisecond
			}
			found, err := await(ctx, exec.Command("sh", "-c", c.script), "nhacviec.db", limit)
			if err == nil {
				err = found.err()
			}
			if c.want == nil && c.says == "" {
				if err != nil || found.Entries != 3 {
					t.Errorf("%+v, %v", found, err)
				}
				return
			}
			if c.want != nil && !errors.Is(err, c.want) || c.want == nil && errors.Is(err, store.ErrDamaged) || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if errors.Is(err, store.ErrDamaged) && c.script[0] != 'e' && !strings.Contains(err.Error(), "nhacviec restore") {
				t.Errorf("no cure: %v", err)
			}
		})
	}
	if _, err := await(t.Context(), exec.Command(filepath.Join(t.TempDir(), "none")), "x", time.Second); !errors.Is(err, errNoLook) {
		t.Errorf("no program: %v", err)
	}
}

// TestLookIsMade shows that verbs look in another process and say what it found.
func TestLookIsMade(t *testing.T) {
	t.Parallel()
	path := storeFileIn(t, t.TempDir())
	look := apart{t.Context()}
	if n, err := look.Inspect(path); n != 0 || err != nil {
		t.Errorf("a whole file: %d, %v", n, err)
	}
	if err := look.Look(path); err != nil {
		t.Errorf("a whole file: %v", err)
	}
	st, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := look.Look(path); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "over its socket") {
		t.Errorf("a file in use: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 9000); err != nil {
		t.Fatal(err)
	}
	_, err = look.Inspect(path)
	var e *store.Error
	if !errors.As(err, &e) || !errors.Is(err, store.ErrDamaged) || e.Path != path || !strings.Contains(e.What, "cut short") || e.Cure == "" {
		t.Errorf("a cut file: %#v", err)
	}
	// What is not in the file is for who opens it.
	if err := look.Look(path + "x"); err != nil {
		t.Errorf("no file: %v", err)
	}
	if _, err := look.Inspect(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestLookEndsWithItsParent closes the stdin of a look that waits for a lock.
func TestLookEndsWithItsParent(t *testing.T) {
	t.Parallel()
	path := storeFileIn(t, t.TempDir())
	st, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self) // its stdin is empty
	cmd.Args = []string{"nhacviec", "look", path}
	var exit *exec.ExitError
	if out, err := cmd.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitOrphan {
		t.Errorf("%v: %s", err, out)
	}
}
