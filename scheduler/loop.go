package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"nhacviec/tasks"
)

// LoopStore is what the loop reads and writes.
type LoopStore interface {
	Cursors() (map[string]time.Time, error)
	Due(tasks.DueQuery) ([]tasks.Task, tasks.Sent, error)
	CommitFire(tasks.Fired) error
}

// FailureStore tells the loop what the office has to hear of.
type FailureStore interface {
	Failures() ([]tasks.Delivery, error)
	Damaged() []string // records that cannot be read
	SentMarks(...tasks.Key) (tasks.Sent, error)
}

// Loop walks the rules' schedules and fills the outbox.
type Loop struct {
	store    LoopStore
	failures FailureStore
	log      *slog.Logger
	// Planned is called after messages were stored; the deliverer listens.
	Planned func()
	// Passed is called after each pass that did its work; the watchdog listens.
	Passed func(now, next time.Time)
	// Held says that nothing may be planned; the office is told all the same.
	Held func() bool
	// Failed is called after each pass that did not.
	Failed func(now time.Time, err error)

	wake  chan struct{}
	clock *Clock
	// failing: there may be deliveries that the office has to hear of.
	failing atomic.Bool

	mu       sync.Mutex // guards what follows; held through a pass
	setup    Setup
	cursors  cursors
	troubles []tasks.Failure // to be told to the office
	told     time.Time       // when the office was last told of failures
	last     time.Time       // the last pass
	next     time.Time       // nothing is due before; zero: look
	damaged  map[string]bool // records that cannot be read, as logged
	ahead    time.Duration   // how far the wall clock is ahead of what is believed
}

// NewLoop returns a loop over the stored cursors. A rule without a cursor
// starts at the first pass: it catches up on nothing before.
func NewLoop(store LoopStore, failures FailureStore, s Setup, log *slog.Logger) (*Loop, error) {
	stored, err := store.Cursors()
	if err != nil {
		return nil, fmt.Errorf("read the rules' last fires: %w", err)
	}
	nothing := func() {}
	l := &Loop{store: store, failures: failures, log: log, setup: s, cursors: stored,
		Planned: nothing, Passed: func(time.Time, time.Time) {}, Failed: func(time.Time, error) {}, Held: func() bool { return false }, wake: make(chan struct{}, 1), damaged: map[string]bool{}}
	l.failing.Store(true) // an earlier process may have left some
	return l, nil
}

// Watch makes the loop distrust a wall clock that is far ahead of the last
// fire, or of what elapsed has counted since, as NewClock says. It is called
// before Run and returns the clock for the deliverer.
func (l *Loop) Watch(elapsed func() time.Duration) *Clock {
	var known time.Time
	for _, at := range l.cursors {
		if at.After(known) {
			known = at
		}
	}
	if known.IsZero() {
		known = time.Now()
	}
	l.clock = NewClock(known, elapsed)
	return l.clock
}

// Reload puts another config in force. Rules that keep their name go on from
// where they are; that another was refused before is settled.
func (l *Loop) Reload(s Setup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setup, l.next = s, time.Time{}
	l.settle(configRefused)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Setup returns the config in force.
func (l *Loop) Setup() Setup {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.setup
}

// Pass handles everything in (last handled, now]: it plans what is due and
// stores messages and cursors in one transaction. It returns the next instant
// at which something is due, zero if never.
func (l *Loop) Pass(now time.Time) (next time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heldBack(now) || l.Held() {
		return time.Time{}, l.tellFailures(now)
	}
	// Most passes only find that it is not time yet. After a step back of the
	// clock the schedules are looked at again.
	if idle := !l.next.IsZero() && now.Before(l.next) && !now.Before(l.last); !idle {
		if err = l.fire(now); err == nil {
			l.next = l.cursors.next(l.setup, now)
		}
	}
	l.last = now
	if err := errors.Join(err, l.tellFailures(now)); err != nil {
		return time.Time{}, err
	}
	return l.next, nil
}

// heldBack reports whether the clock is too far ahead to be believed. The office
// hears of it when that begins; when it ends, what waits is sent.
func (l *Loop) heldBack(now time.Time) bool {
	before := l.ahead
	l.ahead = l.clock.Look(now)
	switch {
	case l.ahead > 0 && before == 0:
		l.log.Error("the clock is far ahead of the last run; nothing is planned or sent until it is right, or `nhacviec reload` says that it is",
			"now", now, "ahead", l.ahead.Round(time.Second))
		l.troubles = append(l.troubles, Trouble{Cause: clockAhead + now.In(l.setup.Calendar.Location).Format("15:04 ngày 02/01/2006") +
			", nhanh bất thường so với lần chạy trước; việc nhắc tạm dừng để không nhắc sai ngày. Nếu giờ này đúng, đề nghị quản trị viên chạy lệnh dưới đây",
			Command: "nhacviec reload"}.failure(now))
	case l.ahead == 0 && before > 0:
		l.log.Info("the clock is believed again", "now", now)
		l.settle(clockAhead)
		l.Planned()
	}
	return l.ahead > 0
}

// Ahead returns how far the clock is ahead of what can be believed; while it is
// not 0, nothing is planned.
func (l *Loop) Ahead() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ahead
}

// fire plans the messages of what is due and stores them with the cursors.
func (l *Loop) fire(now time.Time) error {
	ahead := maps.Clone(l.cursors)
	ahead.takeBack(now)
	ahead.adopt(l.setup, now)
	fires := ahead.due(l.setup, now)
	fired := tasks.Fired{Cursors: changed(l.cursors, ahead)}
	at := l.setup.instant(fires, now)
	if len(fires) > 0 {
		tt, sent, err := l.store.Due(l.setup.Query(fires, tasks.DateOf(at)))
		if err != nil {
			return fmt.Errorf("read what is due: %w", err)
		}
		fired.Deliveries = l.deliveries(Plan(tt, fires, l.setup, sent, at), now)
	}
	if len(fired.Cursors) == 0 {
		return nil
	}
	if err := l.commit(fired); err != nil {
		return err
	}
	l.cursors = ahead
	for _, f := range fires {
		l.log.Info("fired", "rule", f.Rule.Name, "scheduled", f.Scheduled)
	}
	return nil
}

func (l *Loop) commit(f tasks.Fired) error {
	if err := l.store.CommitFire(f); err != nil {
		return fmt.Errorf("store what was planned: %w", err)
	}
	if len(f.Deliveries) > 0 {
		l.log.Info("planned", "messages", len(f.Deliveries))
		l.Planned()
	}
	return nil
}

func changed(old, now cursors) map[string]time.Time {
	out := map[string]time.Time{}
	for name, at := range now {
		if was, ok := old[name]; !ok || !was.Equal(at) {
			out[name] = at
		}
	}
	return out
}

func (l *Loop) deliveries(mm []tasks.Message, now time.Time) []tasks.Delivery {
	out := make([]tasks.Delivery, len(mm))
	for i, m := range mm {
		out[i] = tasks.NewDelivery(m, l.setup.Hash, now)
	}
	return out
}

// maxWait is the longest sleep between two looks at the wall clock: it bounds
// how late a fire is after the clock was stepped or the machine slept.
const maxWait = 30 * time.Second

// Run passes until ctx ends. An error of a pass is logged and the pass tried
// again: what was due stays due.
func (l *Loop) Run(ctx context.Context) {
	for ctx.Err() == nil {
		now := time.Now().Round(0) // the wall clock alone: steps and suspends must show
		next, err := l.Pass(now)
		wait := maxWait
		if err != nil {
			l.log.Error("pass failed; trying again", "error", err, "in", wait)
			l.Failed(now, err)
		} else {
			l.Passed(now, next)
			if !next.IsZero() {
				wait = min(wait, max(time.Until(next), time.Millisecond))
			}
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-time.After(wait):
		}
	}
}
