package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// A database file that is removed under the daemon stops planning and sending,
// is told once and shown, keeps the watch quiet, and costs nothing of what is
// stored. Put back, all goes on.
func TestGoneFileHoldsEverythingButTheNotice(t *testing.T) {
	t.Parallel()
	s, log := smallService(t, "")
	dir, now := filepath.Join(filepath.Dir(s.store.Path()), "backup"), time.Now().Round(0)
	reminder := tasks.NewDelivery(tasks.Message{Kind: tasks.Reminder, At: now, Recipient: tasks.Recipient{Unit: "tu-phap", Channel: tasks.Email, Address: "a@example.vn"}}, "cfg", now)
	if err := s.store.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{reminder}}); err != nil {
		t.Fatal(err)
	}
	away := s.store.Path() + ".away"
	if err := os.Rename(s.store.Path(), away); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.gone.look(dir, now)
	}
	rescue := filepath.Join(dir, "nhacviec-rescue-1.db")
	if causes := strings.Join(notices(t, s, now), "\n"); strings.Count(causes, "nhacviec restore "+rescue) != 1 || strings.Count(causes, "đã bị xóa") != 1 {
		t.Errorf("the office is told:\n%s", causes)
	}
	if n := strings.Count(log.String(), "nothing is planned or sent any more"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log)
	}
	s.passed(now, time.Time{})
	if len(s.watch.well) > 0 {
		t.Error("the watch is called")
	}
	st, err := s.Status()
	if err != nil || st.Gone == nil || st.Gone.Rescue != rescue || !strings.Contains(st.Gone.Error, "removed") {
		t.Errorf("status: %+v, %v", st.Gone, err)
	}
	if !s.daemon.deliverer.Held() || !s.daemon.loop.Held() {
		t.Error("not held")
	}
	s.gone.look(dir, now) // the notice above was dropped: that is in the ledger
	if n, err := store.Inspect(rescue); err != nil || n == 0 {
		t.Errorf("the rescue has %d entries, %v", n, err)
	}
	if newest, _, _ := store.NewestBackup(dir); newest != rescue {
		t.Errorf("the newest backup is %q", newest)
	}

	if err := os.Rename(away, s.store.Path()); err != nil {
		t.Fatal(err)
	}
	s.gone.look(dir, now)
	if st, err := s.Status(); err != nil || st.Gone != nil || s.daemon.loop.Held() {
		t.Errorf("after it is back: %+v, %v", st.Gone, err)
	}
}

// Where nothing can be saved, the office reads that the daemon must not be stopped.
func TestGoneFileThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	s, _ := smallService(t, "")
	now := time.Now().Round(0)
	if err := os.Remove(s.store.Path()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.gone.look(filepath.Join(file, "backup"), now)
	if causes := strings.Join(notices(t, s, now), "\n"); !strings.Contains(causes, "KHÔNG dừng dịch vụ") {
		t.Errorf("the office is told: %s", causes)
	}
	st, err := s.Status()
	if err != nil || st.Gone == nil || st.Gone.RescueError == "" {
		t.Errorf("status: %+v, %v", st.Gone, err)
	}
	if e := explainError(s.store.Gone()); e == nil || e.Status != http.StatusConflict {
		t.Errorf("a client gets %+v", e)
	}
}
