package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestProgress: what is quickly done is not talked about, what takes long says
// so by the second and leaves no trace.
func TestProgress(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]string{
		0:                       "",
		900 * time.Millisecond:  "",
		2500 * time.Millisecond: "\rreading kế hoạch.docx: 1 s\x1b[K\rreading kế hoạch.docx: 2 s\x1b[K\r\x1b[K",
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			progress(&out, "reading kế\thoạch.docx", func() { time.Sleep(took) })
			if got := out.String(); got != want {
				t.Errorf("after %s: %q, want %q", took, got, want)
			}
		})
	}
}

// TestNobodyToAsk: where no person sits the answer is no, and nothing is asked.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("y\n"); err != nil {
		t.Fatal(err)
	}
	for _, stdin := range []any{bytes.NewBufferString("y\n"), file} {
		var out bytes.Buffer
		a := app{stdin: stdin.(interface{ Read([]byte) (int, error) }), stderr: &out}
		if a.yes("Cancel everything?") || out.Len() > 0 {
			t.Errorf("%T: %q", stdin, out.String())
		}
	}
}

// TestOnTerminal: a device is not a terminal yet, and nobody is asked there. The
// near end of a pseudo terminal is one.
func TestOnTerminal(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{os.DevNull: false, "/dev/zero": false, "/dev/ptmx": true} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) || path != os.DevNull && errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got := onTerminal(f); got != want {
			t.Errorf("%s is a terminal: %v", path, got)
		}
		var out bytes.Buffer
		a := app{stdin: f, stderr: &out}
		if !want && (a.yes("Cancel everything?") || out.Len() > 0) {
			t.Errorf("%s: asked %q", path, out.String())
		}
	}
}
