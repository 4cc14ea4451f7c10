package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// failing is a channel on which every message ends in the same way; nil: it is
// taken.
type failing struct{ err *tasks.SendError }

func (f *failing) Send(context.Context, tasks.Outgoing) (tasks.Receipt, error) {
	if f.err != nil {
		return tasks.Receipt{}, f.err
	}
	return tasks.Receipt{Reply: "250 ok"}, nil
}

// TestDeadOnlyChannelStopsTheWatch: when the only channel is dead, or puts a
// message off, nobody can tell the office; those who wait for the watch's calls
// hear of it by their end.
func TestDeadOnlyChannelStopsTheWatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err          *tasks.SendError
		silent, late time.Duration // from when on the watch is not called, and the status has it as late
	}{
		"nobody answers":     {&tasks.SendError{Outcome: tasks.Transient, Unreached: true, Err: errors.New("connection refused")}, 5 * time.Minute, 15 * time.Minute},
		"the password":       {&tasks.SendError{Outcome: tasks.ChannelDown, Err: errors.New("535 no")}, 0, 15 * time.Minute},
		"one message is put": {&tasks.SendError{Outcome: tasks.Transient, Err: errors.New("451 later")}, 15 * time.Minute, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, log := smallService(t, "")
			far := &failing{c.err}
			s.daemon.deliverer.Use(map[tasks.Channel]scheduler.Lane{tasks.Email: {Sender: far}})
			start := s.since.Round(0)
			now := start
			s.daemon.deliverer.Now = func() time.Time { return now }
			row := tasks.NewDelivery(tasks.Message{Kind: tasks.FailureNotice, At: start, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "van-phong", Address: "x@example.gov.vn"},
				Failures: []tasks.Failure{{At: start, Cause: "thử"}}}, "cfg", start)
			if err := s.store.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{row}}); err != nil {
				t.Fatal(err)
			}
			look := func() (called bool, late []tasks.Late) {
				t.Helper()
				s.daemon.deliverer.Drain(t.Context())
				if err := s.listen(now); err != nil {
					t.Fatal(err)
				}
				s.passed(now, time.Time{})
				select {
				case <-s.watch.well:
					called = true
				default:
				}
				st, err := s.Status()
				if err != nil {
					t.Fatal(err)
				}
				return called, st.Late
			}
			for ; now.Sub(start) < 25*time.Minute; now = now.Add(time.Minute) {
				called, late := look()
				after := now.Sub(start)
				if between := after >= 3*time.Minute && after < c.silent && c.silent == 5*time.Minute; !between && called != (after < c.silent) {
					t.Errorf("after %v the watch is called: %v", after, called)
				}
				if want := after >= c.late; (len(late) == 1) != want {
					t.Errorf("after %v the status has %+v as late", after, late)
				}
			}
			far.err = nil
			now = now.Add(20 * time.Minute)
			look()
			if called, late := look(); !called || len(late) > 0 {
				t.Errorf("when all has left, the watch is called: %v; late: %+v", called, late)
			}
			for _, line := range []string{"the watch is not called", "the watch is called again"} {
				if n := strings.Count(log.String(), line); n == 0 || n > 2 {
					t.Errorf("%d lines that %s:\n%s", n, line, log)
				}
			}
		})
	}
}
