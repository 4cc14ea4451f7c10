package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNearlyFull(t *testing.T) {
	t.Parallel()
	const mb, gb, tb = 1 << 20, 1 << 30, 1 << 40
	for _, c := range []struct {
		name       string
		free, size uint64
		want       bool
	}{
		{"not quite a twentieth is free", gb/20 - mb, gb, true},
		{"a little more", gb/20 + mb, gb, false},
		{"nothing", 0, 100 * gb, true},
		{"little of much, yet enough", 40 * gb, 2 * tb, false},
		{"little of much, and not enough", 4 * gb, 2 * tb, true},
	} {
		if got := nearlyFull(c.free, c.size); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestRoomIsWatched: the office hears of a disk that fills, once a day.
func TestRoomIsWatched(t *testing.T) {
	t.Parallel()
	s, log := smallService(t, "")
	now := s.since.Round(0)
	free := uint64(1 << 30)
	look := func() []string {
		t.Helper()
		s.findRoom(now, func(string) (uint64, uint64, bool) { return free, 10 << 30, true })
		return notices(t, s, now)
	}
	if causes := look(); len(causes) != 0 {
		t.Errorf("with a tenth free the office hears %q", causes)
	}
	free = 100 << 20
	if causes := look(); len(causes) != 1 || !strings.Contains(causes[0], "Ổ đĩa chứa dữ liệu") {
		t.Errorf("with a hundredth free the office hears %q", causes)
	}
	now = now.Add(time.Hour)
	if causes := look(); len(causes) != 0 {
		t.Errorf("an hour later the office hears %q", causes)
	}
	now = now.AddDate(0, 0, 1)
	if causes := look(); len(causes) != 1 {
		t.Errorf("a day later the office hears %q", causes)
	}
	if !slices.Contains(strings.Fields(log.String()), "free=104857600") {
		t.Errorf("the log does not say how much is free: %s", log)
	}
}

func TestDiskRoom(t *testing.T) {
	t.Parallel()
	free, size, known := diskRoom(t.TempDir())
	if known && (size == 0 || free > size) {
		t.Errorf("%d bytes of %d are free", free, size)
	}
	if _, _, known := diskRoom("/nowhere/at/all"); known {
		t.Error("a directory that does not exist has room")
	}
}
