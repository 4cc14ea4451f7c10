package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// TestOutage runs the daemon against a mail server that takes nothing, or not
// all, and measures when that is called an outage.
func TestOutage(t *testing.T) {
	t.Parallel()
	leads := []string{"tu-phap", "noi-vu", "cong-an", "ubnd"}
	gone := &tasks.SendError{Outcome: tasks.Transient, Unreached: true, Err: errors.New("connection refused")}
	busy := &tasks.SendError{Outcome: tasks.Transient, Err: errors.New("450 try later")}
	for _, tc := range []struct {
		name     string
		messages int
		answer   func(n int, o tasks.Outgoing) error
		want     Outage
		from, to time.Duration // after the fire
	}{
		{"nobody answers", 4, func(int, tasks.Outgoing) error { return gone }, Unreachable, 185 * time.Second, 240 * time.Second},
		{"nobody answers the only message", 1, func(int, tasks.Outgoing) error { return gone }, Unreachable, 185 * time.Second, 240 * time.Second},
		{"every attempt runs into the time limit", 1, func(int, tasks.Outgoing) error { time.Sleep(time.Minute); return gone },
			Unreachable, 255 * time.Second, 285 * time.Second},
		{"every attempt takes half a minute", 1, func(int, tasks.Outgoing) error { time.Sleep(30 * time.Second); return gone },
			Unreachable, 265 * time.Second, 280 * time.Second},
		{"every message is put off", 4, func(int, tasks.Outgoing) error { return busy }, PuttingOff, 185 * time.Second, 240 * time.Second},
		{"the only message is put off", 1, func(int, tasks.Outgoing) error { return busy }, "", 0, 0},
		{"one of four is put off", 4, func(_ int, o tasks.Outgoing) error {
			if o.Address == "ca@x.vn" {
				return busy
			}
			return nil
		}, "", 0, 0},
		{"it comes back after two minutes", 4, func(int, tasks.Outgoing) error {
			if time.Now().Before(instant("2023-06-30 07:32")) {
				return gone
			}
			return nil
		}, "", 0, 0},
		{"the first is lost on the way, the others are refused for good", 4, func(n int, _ tasks.Outgoing) error {
			if n == 1 {
				return gone
			}
			return &tasks.SendError{Outcome: tasks.Permanent, Err: errors.New("550 no such user")}
		}, "", 0, 0},
		{"it dies while it takes them", 4, func(n int, _ tasks.Outgoing) error {
			if n > 2 {
				return gone
			}
			return nil
		}, Unreachable, 185 * time.Second, 240 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var tt []tasks.Task
				for i := range tc.messages {
					tt = append(tt, task(i+1, leads[i], "trước ngày 30/6/2023"))
				}
				w := begin(t, []Rule{rule(t, "r", daily, func(r *Rule) { r.Channels = []tasks.Channel{tasks.Email} })}, tt...)
				defer w.store.Close()
				w.email.answer = tc.answer
				seen, after := Outage(""), time.Duration(0)
				ctx, stop := context.WithCancel(context.Background())
				var watching sync.WaitGroup
				watching.Go(func() {
					for ctx.Err() == nil {
						time.Sleep(5 * time.Second)
						if h := w.deliverer.Health()[tasks.Email]; h.Outage != "" && seen == "" {
							seen, after = h.Outage, time.Since(instant("2023-06-30 07:30"))
						}
					}
				})
				w.runUntil("2023-06-30 08:30")
				stop()
				watching.Wait()
				if seen != tc.want || after < tc.from || after > tc.to {
					t.Errorf("after %s it is %q, want %q between %s and %s", after, seen, tc.want, tc.from, tc.to)
				}
			})
		})
	}
}

// What was tried long ago, or by another clock, says nothing of a channel now.
func TestOutageIsForgotten(t *testing.T) {
	t.Parallel()
	at := instant("2023-06-30 07:30")
	for i, tc := range []struct {
		tries []time.Duration
		now   time.Duration
		want  Outage
	}{
		{[]time.Duration{0, time.Minute}, 4*time.Minute - 1, ""},
		{[]time.Duration{0, time.Minute}, 4 * time.Minute, Unreachable},
		{[]time.Duration{0, 3 * time.Minute}, 3 * time.Minute, Unreachable},
		{[]time.Duration{0, time.Minute}, time.Hour, Unreachable},
		{[]time.Duration{0, time.Minute}, 3 * time.Hour, ""},
		{[]time.Duration{0}, 4 * time.Minute, ""},
		{[]time.Duration{0, 24 * time.Hour}, 24 * time.Hour, ""},
		{[]time.Duration{0, 58 * time.Minute, 118 * time.Minute}, 2 * time.Hour, Unreachable},
		{[]time.Duration{0, -time.Hour}, 0, ""},
		{[]time.Duration{0, -time.Hour, -59 * time.Minute}, -50 * time.Minute, Unreachable},
	} {
		var s drought
		for _, after := range tc.tries {
			s.add(fmt.Sprint(after), true, at.Add(after))
		}
		if got := s.outage(at.Add(tc.now)); got != tc.want {
			t.Errorf("%d: %q, want %q", i, got, tc.want)
		}
	}
}
