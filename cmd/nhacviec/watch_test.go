package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nhacviec/notify"
	"nhacviec/tasks"
)

func TestWatchIsCalledOnceAMinuteAndNeverNamed(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	answer := http.StatusOK
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/ping/CANARY" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		calls.Add(1)
		w.WriteHeader(answer)
	}))
	defer far.Close()
	var log bytes.Buffer
	url := notify.NewSecret(far.URL + "/ping/CANARY")
	w := newWatch(func() notify.Secret { return url }, newLogger(&log, 0))
	at := time.Date(2023, 6, 5, 7, 0, 0, 0, time.UTC)
	call := func(after time.Duration) int32 {
		w.now = func() time.Time { return at.Add(after) }
		w.call(t.Context())
		return calls.Load()
	}
	for _, c := range []struct {
		after time.Duration
		want  int32
	}{
		{0, 1}, {59 * time.Second, 1}, {time.Minute, 2}, {90 * time.Second, 2}, {2 * time.Minute, 3},
		{-time.Hour, 4}, // the clock went back
	} {
		if got := call(c.after); got != c.want {
			t.Errorf("after %v: %d calls, want %d", c.after, got, c.want)
		}
	}
	if log.Len() > 0 {
		t.Errorf("log: %s", &log)
	}
	answer = http.StatusInternalServerError
	for minute := range 62 {
		call(time.Duration(minute) * time.Minute)
	}
	far.Close()
	call(3 * time.Hour)
	url = notify.NewSecret("https://CANARY.invalid/\x7f")
	call(5 * time.Hour)
	url = notify.Secret{}
	call(6 * time.Hour)
	if n := strings.Count(log.String(), "\n"); n != 4 || strings.Contains(log.String(), "CANARY") || !strings.Contains(log.String(), "answers 500") {
		t.Errorf("want four lines without the URL, got:\n%s", &log)
	}
}

// An answer that is none, and repeats the URL, does not bring it into the log.
func TestWatchIsNotRepeated(t *testing.T) {
	t.Parallel()
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() {
		for {
			conn, err := far.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, "HTTP/1.1 /ping/CANARY\"1 is unknown\r\n\r\n")
			conn.Close()
		}
	}()
	var log bytes.Buffer
	to := notify.NewSecret("http://" + far.Addr().String() + "/ping/CANARY%221")
	newWatch(func() notify.Secret { return to }, newLogger(&log, 0)).call(t.Context())
	if !strings.Contains(log.String(), "[secret]") || strings.Contains(log.String(), "CANARY") {
		t.Errorf("log: %s", &log)
	}
}

// The URL is called after a pass that did its work, and never while what is sent
// could not be recorded, or the clock is not believed.
func TestWatchIsCalledOnlyWhenAllIsWell(t *testing.T) {
	t.Parallel()
	s, _ := smallService(t, "")
	called := func() bool {
		select {
		case <-s.watch.well:
			return true
		default:
			return false
		}
	}
	now := time.Now().Round(0)
	pass := func() {
		t.Helper()
		next, err := s.daemon.loop.Pass(now)
		if err != nil {
			t.Fatal(err)
		}
		s.passed(now, next)
	}
	if pass(); !called() {
		t.Error("not called after a pass that did its work")
	}
	s.passed(now, time.Time{})
	s.passed(now, time.Time{}) // nobody takes it: it must not wait
	if !called() || called() {
		t.Error("want one call for two passes")
	}
	s.passFailed(now, os.ErrDeadlineExceeded)
	if called() {
		t.Error("called after a pass that failed")
	}
	d := tasks.NewDelivery(tasks.Message{Recipient: tasks.Recipient{Channel: tasks.Email}}, "cfg", now)
	d.State = "no such state"
	if err := s.daemon.deliverer.Outbox.Put(d, now); err == nil {
		t.Fatal("stored")
	}
	if pass(); called() {
		t.Error("called although the outbox could not be written")
	}
	d.State = tasks.Planned
	if err := s.daemon.deliverer.Outbox.Put(d, now); err != nil {
		t.Fatal(err)
	}
	if pass(); !called() {
		t.Error("not called though the outbox can be written again")
	}
	now = now.AddDate(1, 0, 0)
	if pass(); called() {
		t.Error("called although the clock is not believed")
	}
}

func TestLoadConfigWatch(t *testing.T) {
	t.Parallel()
	path := configDir(t, []byte(smallConfig+"[watch]\nurl_file = \"watch.url\"\n"))
	for text, ok := range map[string]bool{
		"https://hc.example.vn/ping/CANARY\n": true,
		"http://127.0.0.1:8000/CANARY":        true,
		"http://hc.example.vn/CANARY":         false,
		"hc.example.vn/CANARY":                false,
		"https:///CANARY":                     false,
		"ftp://hc.example.vn/CANARY":          false,
	} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "watch.url"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(path)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", text, err)
		}
		if ok && c.Watch.Reveal() != strings.TrimSpace(text) {
			t.Errorf("%q is read as %q", text, c.Watch.Reveal())
		}
	}
}
