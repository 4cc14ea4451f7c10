package scheduler

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"nhacviec/tasks"
)

// lane delivers one channel's messages with a few workers.
type lane struct {
	Lane
	deliverer *Deliverer
	channel   tasks.Channel
	limiter   *rate.Limiter
	wake      chan struct{}

	mu          sync.Mutex
	inHand      map[string]bool      // ids that a worker has
	pausedUntil time.Time            // by the deliverer's clock
	freeAt      map[string]time.Time // address -> when it may get the next message, by the real clock
	health      Health
	drought     drought
}

func newLane(d *Deliverer, ch tasks.Channel, cfg Lane) *lane {
	l := &lane{Lane: cfg, deliverer: d, channel: ch, limiter: rate.NewLimiter(rate.Inf, 1),
		wake: make(chan struct{}, 1), inHand: map[string]bool{}, freeAt: map[string]time.Time{}}
	if cfg.PerMinute > 0 {
		l.limiter = rate.NewLimiter(rate.Limit(float64(cfg.PerMinute)/60), 1)
	}
	return l
}

// batch is how many rows of the outbox a lane reads at once; where addresses
// have a limit, more, to find those that need not wait.
func (l *lane) batch() int {
	if l.PerAddress > 0 {
		return 1000
	}
	return 100
}

// run delivers until ctx ends, or, draining, until nothing is due. Messages
// under way have until grace ends.
func (l *lane) run(ctx, grace context.Context, drain bool) {
	work := make(chan tasks.Delivery)
	var workers sync.WaitGroup
	for range max(l.Workers, 1) {
		workers.Go(func() {
			w := worker{lane: l}
			defer w.recording.Wait()
			for del := range work {
				w.deliver(ctx, grace, del)
			}
		})
	}
	defer workers.Wait()
	defer close(work)
	for ctx.Err() == nil {
		given, next := l.dispatch(ctx, work)
		if given > 0 {
			continue
		}
		if drain && l.idle() {
			return
		}
		l.wait(ctx, next)
	}
}

// dispatch gives what is due to the workers. It returns how much that was and
// when to look again.
func (l *lane) dispatch(ctx context.Context, work chan<- tasks.Delivery) (given int, next time.Time) {
	now := l.deliverer.Now()
	if until := l.paused(); until.After(now) {
		return 0, until
	}
	// What a worker has in hand now may still be read as waiting, and be done
	// before its turn below: it is passed over by this look.
	held := l.held()
	ready, next, err := l.ready(now, l.batch()+len(held))
	if err != nil {
		l.deliverer.Log.Error("cannot read the outbox; trying again", "channel", l.channel, "error", err)
		return 0, now.Add(maxWait)
	}
	for _, del := range ready {
		if l.paused().After(now) {
			break
		}
		if held[del.ID] {
			continue
		}
		if del.Kind != tasks.FailureNotice && l.deliverer.held(now) { // since they were read
			break
		}
		if wait := l.take(del); wait > 0 { // another message to this chat was just sent; others need not wait for it
			next = earlier(next, now.Add(wait))
			continue
		}
		select {
		case work <- del:
			given++
		case <-ctx.Done():
			l.release(del.ID)
			return given, next
		}
	}
	return given, next
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// ready reads what is due. Nothing waits longer than the longest retry, by plan:
// what seems to was given its time by a clock that has gone back since. While
// the clock runs ahead, or the deliverer is held, only the office is told.
func (l *lane) ready(now time.Time, limit int) (ready []tasks.Delivery, next time.Time, err error) {
	d := l.deliverer
	if d.held(now) {
		ready, next, err = d.Outbox.Ready(l.channel, now, math.MaxInt)
		return slices.DeleteFunc(ready, func(del tasks.Delivery) bool { return del.Kind != tasks.FailureNotice }), next, err
	}
	ready, next, err = d.Outbox.Ready(l.channel, now, limit)
	if err == nil && len(ready) == 0 && next.Sub(now) > 2*longestRetry {
		return d.Outbox.Ready(l.channel, next, limit)
	}
	return ready, next, err
}

// worker takes one delivery after the other. While the record that one was sent
// is written, it prepares the next, and sends that when the record stands: no
// more than one message a worker is ever sent and not recorded.
type worker struct {
	*lane
	recording sync.WaitGroup
}

func (w *worker) deliver(ctx, grace context.Context, del tasks.Delivery) {
	defer w.poke()
	defer w.release(del.ID)
	if err := w.deliverer.attempt(ctx, grace, w, del); err != nil {
		w.deliverer.Log.Error("the outbox cannot be written; pausing", "channel", w.channel, "error", err)
		w.pause(w.deliverer.Now().Add(firstRetry))
	}
}

// idleWait is how long a lane with nothing to do sleeps: whoever gives it
// something wakes it.
const idleWait = 10 * time.Minute

// wait sleeps until next or a wake-up; never longer than maxWait while
// something waits for the wall clock.
func (l *lane) wait(ctx context.Context, next time.Time) {
	sleep := idleWait
	if !next.IsZero() {
		sleep = min(maxWait, max(next.Sub(l.deliverer.Now()), time.Millisecond))
	}
	timer := time.NewTimer(sleep)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-timer.C:
	}
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// pace waits until the channel's limit allows one more message, and, between
// the parts of one message, the address's.
func (l *lane) pace(ctx context.Context, address string, part int) error {
	if err := l.limiter.Wait(ctx); err != nil || part == 0 || l.PerAddress == 0 {
		return err
	}
	timer := time.NewTimer(l.PerAddress)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freeAt[address] = time.Now().Add(l.PerAddress)
	return nil
}

// take marks a delivery as in hand, unless its address must be left alone for
// some time yet.
func (l *lane) take(del tasks.Delivery) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.PerAddress > 0 {
		now := time.Now()
		if wait := l.freeAt[del.Address].Sub(now); wait > 0 {
			return wait
		}
		maps.DeleteFunc(l.freeAt, func(_ string, at time.Time) bool { return at.Before(now) })
		l.freeAt[del.Address] = now.Add(l.PerAddress)
	}
	l.inHand[del.ID] = true
	return 0
}

func (l *lane) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.inHand, id)
}

func (l *lane) held() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.inHand)
}

func (l *lane) idle() bool { return len(l.held()) == 0 }

func (l *lane) pause(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.pausedUntil) {
		l.pausedUntil = until
	}
}

func (l *lane) paused() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pausedUntil
}

// accepted notes that a message was taken.
func (l *lane) accepted(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.LastSent, l.health.Down, l.drought = now, false, drought{}
}

// refused notes an attempt that failed.
func (l *lane) refused(address string, se *tasks.SendError, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.LastError, l.health.ErrorAt = se.Err.Error(), now
	switch se.Outcome {
	case tasks.Transient, tasks.Unknowable:
		l.drought.add(address, se.Unreached, now)
	case tasks.Permanent, tasks.Moved: // somebody is there
		l.health.Down, l.drought = false, drought{}
	case tasks.ChannelDown:
		l.health.Down = true
	}
}

func (l *lane) condition() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.health
	h.Outage = l.drought.outage(l.deliverer.Now())
	return h
}
