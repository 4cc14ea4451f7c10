package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/scheduler"
	"nhacviec/tasks/store"
)

func TestBackupsOfSomeDays(t *testing.T) {
	t.Parallel()
	st, err := store.Open(filepath.Join(t.TempDir(), "nhacviec.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var log bytes.Buffer
	var told []string
	b := &backups{store: st, log: newLogger(&log, 0), report: func(t scheduler.Trouble, _ time.Time) { told = append(told, t.Cause) }}
	config := BackupConfig{Keep: 2, At: 120, Dir: filepath.Join(t.TempDir(), "backup")}
	zone := time.FixedZone("+07", 7*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2023, 6, day, hour, minute, 0, 0, zone) }
	have := func() (names []string) {
		files, err := os.ReadDir(config.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names = append(names, f.Name())
		}
		return names
	}
	for _, c := range []struct {
		now  time.Time
		want []string
	}{
		{at(5, 1, 59), []string{"nhacviec-2023-06-04.db"}}, // that of last night was missed
		{at(5, 2, 0), []string{"nhacviec-2023-06-04.db", "nhacviec-2023-06-05.db"}},
		{at(5, 23, 0), []string{"nhacviec-2023-06-04.db", "nhacviec-2023-06-05.db"}},
		{at(9, 8, 0), []string{"nhacviec-2023-06-05.db", "nhacviec-2023-06-09.db"}},
	} {
		b.look(config, c.now)
		if diff := cmp.Diff(c.want, have()); diff != "" {
			t.Errorf("%v: -want +got:\n%s", c.now, diff)
		}
	}
	if len(told) > 0 || strings.Contains(log.String(), "ERROR") {
		t.Errorf("told %q, log:\n%s", told, &log)
	}

	// Off, and on again at a place that cannot be written to.
	b.look(BackupConfig{At: 120, Dir: config.Dir}, at(10, 8, 0))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := BackupConfig{Keep: 2, At: 120, Dir: filepath.Join(file, "backup")}
	for _, minute := range []int{0, 1, 14, 15, 16, 31} {
		b.look(broken, at(10, 8, minute))
	}
	if n := strings.Count(log.String(), "backup failed"); n != 3 {
		t.Errorf("%d tries in half an hour, want 3:\n%s", n, &log)
	}
	if len(told) != 1 || !strings.Contains(told[0], "Không sao lưu được") {
		t.Errorf("the office is told %q", told)
	}
	if s, err := b.state(config); err != nil || s.Error == "" || !s.ErrorAt.Equal(at(10, 8, 31)) || !slices.Contains(have(), filepath.Base(s.Newest)) {
		t.Errorf("state %+v, %v", s, err)
	}
	b.look(config, at(11, 8, 0))
	if s, err := b.state(config); err != nil || s.Error != "" || filepath.Base(s.Newest) != "nhacviec-2023-06-11.db" {
		t.Errorf("state %+v, %v", s, err)
	}
}
