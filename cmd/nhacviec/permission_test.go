package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPermissionHintSaysWhoseAndWhat(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	refused := &fs.PathError{Op: "open", Path: filepath.Join(dir, "nhacviec.db.new-1"), Err: fs.ErrPermission}
	if hint, want := permissionHint(refused, os.Getuid()), dir+" is yours, but its mode is 0500: chmod u+rwX "+dir; hint != want {
		t.Errorf("for its owner: %q, want %q", hint, want)
	}
	hint := permissionHint(refused, os.Getuid()+4_000_000)
	for _, want := range []string{dir + " belongs to " + userName(os.Getuid()) + ":", "sudo -u ", "have #"} {
		if !strings.Contains(hint, want) {
			t.Errorf("for another: %q lacks %q", hint, want)
		}
	}
}

func TestMayFill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{dir: true, filepath.Join(dir, "none"): true, filepath.Join(file, "data"): false, locked: os.Getuid() == 0} {
		if err := mayFill(path); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
}
