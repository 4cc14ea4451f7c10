//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nhacviec/tasks"
)

func init() { children["full"] = childFull }

// childFull fills a disk that ends soon, looks whether all that was
// acknowledged is there, gets more room and goes on.
func childFull(path string) {
	if err := fillDisk(path); err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("ok")
}

func fillDisk(path string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	defer s.Close()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	room := limit
	room.Cur = 512 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &room); err != nil {
		return err
	}
	var acked []string
	write := func(i int) error {
		d := tasks.NewDelivery(message(fmt.Sprint("u", i), now), "cfg", now)
		d.State, d.Reply = tasks.Delivered, strings.Repeat("x", 2000)
		err := s.Put(d, now)
		if err == nil {
			acked = append(acked, d.ID)
		}
		return err
	}
	for i := range 10_000 {
		if err = write(i); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "file too large") || len(acked) < 20 {
		return fmt.Errorf("after %d writes: %v", len(acked), err)
	}
	check := func() error {
		for _, id := range acked {
			if _, err := s.Delivery(id); err != nil {
				return err
			}
		}
		if n, err := s.Verify(); err != nil || n != uint64(len(acked)) {
			return fmt.Errorf("%d entries for %d acknowledged: %w", n, len(acked), err)
		}
		return nil
	}
	if err := check(); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for i := range 100 {
		if err := write(20_000 + i); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	if err := check(); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s, err = Open(path); err != nil {
		return err
	}
	return check()
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	out, err := child(t.Context(), t, "full", filepath.Join(t.TempDir(), "nhacviec.db")).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "ok" {
		t.Errorf("%v: %.3000s", err, got)
	}
}

// The file is cut while the store has it open and mapped: an error, not the
// end of the process, and the lock is given back.
func TestFileCutWhileOpen(t *testing.T) {
	t.Parallel()
	path := sample(t)
	s := get1[*Store](t)(Open(path))
	must(t, os.Truncate(path, int64(os.Getpagesize())))
	if _, err := s.Tasks(""); !errors.Is(err, ErrDamaged) {
		t.Errorf("reading: %v", err)
	}
	for range 2 {
		if err := s.SetChannelState(tasks.Email, "k", []byte("v")); !errors.Is(err, ErrDamaged) {
			t.Errorf("writing: %v", err)
		}
	}
	s.Close()
	if _, err := Open(path); !errors.Is(err, ErrDamaged) {
		t.Errorf("opening it again: %v", err)
	}
}
