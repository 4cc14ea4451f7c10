package web_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nhacviec/web"
)

func TestListen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	if _, err := web.Dial(path); !errors.Is(err, web.ErrNobody) {
		t.Errorf("no socket: %v, want ErrNobody", err)
	}
	l, err := web.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("the socket has the mode %v, %v", info.Mode(), err)
	}
	if _, err := web.Listen(path); err == nil || !strings.Contains(err.Error(), "another nhacviec answers at "+path) {
		t.Errorf("a second listener: %v", err)
	}
	if _, err := web.Dial(path); err != nil {
		t.Errorf("dial a live socket: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("closing left the socket: %v", err)
	}
}

// TestListenAfterDeath takes over the socket that a killed daemon left.
func TestListenAfterDeath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := web.Dial(path); !errors.Is(err, web.ErrNobody) {
		t.Errorf("dial a dead socket: %v, want ErrNobody", err)
	}
	l, err := web.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// TestListenSparesFiles refuses a path where something else stands.
func TestListenSparesFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("keep me"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link, dir} {
		if _, err := web.Listen(path); err == nil || !strings.Contains(err.Error(), "is a file of another kind") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "keep me" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if _, err := web.Listen(filepath.Join(dir, "nowhere", "s")); err == nil || !strings.Contains(err.Error(), "its directory must exist") {
		t.Errorf("no directory: %v", err)
	}
	if _, err := web.Dial(file); err != nil && !errors.Is(err, web.ErrNobody) {
		t.Errorf("dial a file: %v", err)
	}
}
