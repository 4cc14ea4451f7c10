package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// smallService returns a service that is not running, and its log.
func smallService(t *testing.T, extra string) (*service, *bytes.Buffer) {
	t.Helper()
	path := configDir(t, []byte(smallConfig+`
[email]
host = "localhost"
tls = "none"
from = "nhacviec@example.gov.vn"
`+extra))
	cfg, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(filepath.Join(filepath.Dir(path), storeFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	var log bytes.Buffer
	s, err := startService(path, cfg, st, supervisor{}, newLogger(&log, 0))
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

// notices returns the causes of what the office is told of next.
func notices(t *testing.T, s *service, now time.Time) (causes []string) {
	t.Helper()
	if _, err := s.daemon.loop.Pass(now); err != nil {
		t.Fatal(err)
	}
	rows, err := s.store.Outbox()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range rows {
		for _, f := range d.Failures {
			cause := f.Cause
			if f.Detail != "" {
				cause += " (" + f.Detail + ")"
			}
			if f.Command != "" {
				cause += ": " + f.Command
			}
			causes = append(causes, cause)
		}
		d.State = tasks.Dropped
		if d.Kind == tasks.FailureNotice {
			if err := s.store.Put(d, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(causes)
	return causes
}

func TestSilenceIsNoticed(t *testing.T) {
	t.Parallel()
	s, log := smallService(t, "")
	start := s.since
	var rows []tasks.Delivery
	for _, to := range []tasks.Recipient{{Channel: tasks.Email, Unit: "van-phong", Address: "a@x.vn"}, {Channel: tasks.ZaloOA, Unit: "van-phong", Address: "1"}} {
		rows = append(rows, tasks.NewDelivery(tasks.Message{Kind: tasks.Reminder, At: start, Recipient: to}, "cfg", start))
	}
	if err := s.store.CommitFire(tasks.Fired{Deliveries: rows}); err != nil {
		t.Fatal(err)
	}
	look := func(after time.Duration) []string {
		t.Helper()
		now := start.Add(after).Round(0)
		s.passed(now, time.Time{})
		if err := s.listen(now); err != nil {
			t.Fatal(err)
		}
		return notices(t, s, now)
	}
	email := "Đã quá 15 phút mà còn thông báo chưa gửi đi được qua thư điện tử; đề nghị quản trị viên xem bằng lệnh dưới đây: nhacviec outbox"
	zalo := "Cấu hình không còn kênh Zalo OA nhưng còn thông báo chờ gửi qua kênh này; đề nghị quản trị viên xem bằng lệnh dưới đây: nhacviec outbox"
	for _, c := range []struct {
		after time.Duration
		want  []string
		late  int
	}{
		{14 * time.Minute, nil, 0},
		{15 * time.Minute, nil, 2}, // perhaps the machine slept
		{16 * time.Minute, []string{zalo, email}, 2},
		{17 * time.Minute, nil, 2},
		{15*time.Minute + 24*time.Hour, []string{zalo, email}, 2}, // another day
	} {
		got := look(c.after)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("after %v: -want +got:\n%s", c.after, diff)
		}
		st, err := s.Status()
		if err != nil || len(st.Late) != c.late {
			t.Errorf("after %v: the status has %+v as late, %v", c.after, st.Late, err)
		}
	}
	if n := strings.Count(log.String(), "messages have not left the house in time"); n != 4 {
		t.Errorf("%d lines in the log, want 4:\n%s", n, log)
	}
}

func TestPassesThatFailAreNoticed(t *testing.T) {
	t.Parallel()
	s, _ := smallService(t, "")
	socket := filepath.Join(t.TempDir(), "n")
	said, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	s.sup.socket = socket
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		b := make([]byte, 4096)
		for {
			n, err := said.Read(b)
			if err != nil {
				return
			}
			lines <- string(b[:n])
		}
	}()
	// heard reads on until a word comes, and returns all that came.
	heard := func(word string) (all string) {
		t.Helper()
		deadline := time.After(5 * time.Second)
		for !strings.Contains(all, word) {
			select {
			case line := <-lines:
				all += line + "\n"
			case <-deadline:
				t.Fatalf("the service manager hears %q, not %q", all, word)
			}
		}
		return all
	}
	full := &os.PathError{Op: "write", Path: "nhacviec.db", Err: errors.New("no space left on device")}
	for minute := range 17 {
		now := s.since.Add(time.Duration(minute) * time.Minute).Round(0)
		s.passFailed(now, full)
		if err := s.listen(now); err != nil {
			t.Fatal(err)
		}
	}
	heard("STATUS=the last pass failed: write nhacviec.db: no space left on device")
	heard("WATCHDOG=1")
	st, err := s.Status()
	if err != nil || !strings.Contains(st.PassError, "no space left") || st.PassErrorAt.IsZero() {
		t.Errorf("status %+v, %v", st, err)
	}
	now := s.since.Add(17 * time.Minute).Round(0)
	if got := notices(t, s, now); len(got) != 1 || !strings.Contains(got[0], "không xem được việc nào đến hạn nhắc") || !strings.HasSuffix(got[0], "(no space left on device): nhacviec status") {
		t.Errorf("the office is told %q", got)
	}
	s.passed(now, now.Add(time.Hour))
	if st, err := s.Status(); err != nil || st.PassError != "" || !st.LastPass.Equal(now) {
		t.Errorf("after a pass that did its work: %+v, %v", st, err)
	}
	heard("next fire")
	s.passFailed(now, &store.Error{What: "damaged: page 7", Err: store.ErrDamaged})
	if err := s.sup.status("the end"); err != nil {
		t.Fatal(err)
	}
	if all := heard("the end"); strings.Contains(all, "WATCHDOG=1") || !strings.Contains(all, "page 7") {
		t.Errorf("of a damaged store the service manager hears %q", all)
	}
}

// TestLimitIsNoSilence has more to send than the limit allows in a quarter of an
// hour: that is no alarm while as much goes out as may.
func TestLimitIsNoSilence(t *testing.T) {
	t.Parallel()
	s, _ := smallService(t, "per_minute = 10\n")
	start := s.since.Round(0)
	var rows []tasks.Delivery
	for i := range 350 {
		rows = append(rows, tasks.NewDelivery(tasks.Message{Kind: tasks.Reminder, At: start,
			Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "van-phong", Address: fmt.Sprintf("%d@x.vn", i)}}, "cfg", start))
	}
	if err := s.store.CommitFire(tasks.Fired{Deliveries: rows}); err != nil {
		t.Fatal(err)
	}
	for minute := range 60 {
		now := start.Add(time.Duration(minute) * time.Minute)
		s.passed(now, time.Time{})
		if err := s.listen(now); err != nil {
			t.Fatal(err)
		}
		st, err := s.Status()
		if err != nil {
			t.Fatal(err)
		}
		if want := minute >= 40; (len(st.Late) > 0) != want {
			t.Errorf("after %d minutes %v is late", minute, st.Late)
		}
		told := notices(t, s, now)
		if want := minute == 41; (len(told) > 0) != want {
			t.Errorf("after %d minutes the office is told %q", minute, told)
		}
		if minute >= 25 && minute <= 50 {
			continue
		}
		now = now.Add(30 * time.Second)
		gone := rows[:10]
		for i := range gone {
			gone[i].State, gone[i].SentAt = tasks.Delivered, now
		}
		if err := s.store.Divide(gone, now); err != nil {
			t.Fatal(err)
		}
		rows = rows[10:]
	}
}
