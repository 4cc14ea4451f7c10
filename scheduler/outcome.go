package scheduler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"nhacviec/tasks"
)

// The retry schedule: exponential from firstRetry to longestRetry, with
// jitter, until giveUp after the message was planned.
const (
	firstRetry   = 30 * time.Second
	longestRetry = time.Hour
	giveUp       = 72 * time.Hour
	fewestTries  = 10 // before giving up: a long downtime is no attempt
	// alarmAfter is how long a message may wait for its channel before the
	// office hears of it; it is still tried.
	alarmAfter = 30 * time.Minute
	// channelPause is how long a channel that needs a person is left alone: an
	// account is not locked out by our retries.
	channelPause = 15 * time.Minute
	// maxDoubts is how many attempts may end without anybody knowing whether
	// the message arrived: the first, and the one repetition promised.
	maxDoubts = 2
)

// Words of the errors of a delivery that the product gives itself.
const (
	gaveUp        = "gave up after "
	channelGone   = "is no longer configured"
	cannotBeRead  = "cannot be read: "
	cannotCompose = "compose: "
	internalError = "internal error: "
)

// record stores what became of an attempt. A disk that refuses it may take it
// later; what was sent and is not recorded would be sent again. So the worker
// waits with it until ctx ends, and its lane, if it has one, takes up nothing.
func (d *Deliverer) record(ctx context.Context, l *lane, del tasks.Delivery, instead ...tasks.Delivery) error {
	for wait := time.Second; ; wait = min(2*wait, maxWait) {
		err := d.store(del, instead, d.Now())
		if err == nil || ctx.Err() != nil {
			return err
		}
		d.Log.Error("the outbox cannot be written; trying again", "id", del.ID, "state", del.State, "error", err, "in", wait)
		if l != nil {
			l.pause(d.Now().Add(wait))
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// store records what became of a delivery, and what goes out in its place.
func (d *Deliverer) store(del tasks.Delivery, instead []tasks.Delivery, now time.Time) error {
	if len(instead) == 0 {
		return d.Outbox.Put(del, now)
	}
	return d.Outbox.Divide(append([]tasks.Delivery{del}, instead...), now)
}

// sent records that a delivery was sent, while the worker goes on.
func (d *Deliverer) sent(ctx context.Context, w *worker, del tasks.Delivery) {
	del.State, del.SentAt, del.Error = tasks.Delivered, d.Now(), ""
	w.recording.Go(func() {
		if err := d.record(ctx, w.lane, del); err != nil {
			d.Log.Error("sent, and not recorded: it will be sent again", "id", del.ID, "error", err)
			return
		}
		d.Log.Info("sent", "id", del.ID, "kind", del.Kind, "unit", del.Unit, "channel", del.Channel, "steps", len(del.Steps))
	})
}

// failed records an attempt that did not end in a receipt.
func (d *Deliverer) failed(ctx context.Context, l *lane, del tasks.Delivery, se *tasks.SendError) error {
	now := d.Now()
	if ctx.Err() != nil {
		se = cutOff(se)
	}
	del.Error = se.Err.Error()
	l.refused(del.Address, se, now)
	wait := max(backoff(del.Attempts), min(se.RetryAfter, longestRetry))
	switch se.Outcome {
	case tasks.Permanent, tasks.Moved:
		return d.refused(ctx, l, del, se.Err)
	case tasks.ChannelDown:
		wait = channelPause
		l.pause(now.Add(wait))
	case tasks.Unknowable:
		del.Doubts++
		if del.Doubts-del.Crashes >= maxDoubts {
			return d.fail(ctx, l, del, fmt.Errorf("nobody knows whether it arrived, twice: %w", se.Err))
		}
		del.State = tasks.Uncertain
	default:
		if se.Spent { // the others may have a quota of their own, or mail
			if instead, err := d.byMail(del); err != nil {
				return err
			} else if len(instead) > 0 {
				return d.fail(ctx, l, del, se.Err, instead...)
			}
		} else if se.RetryAfter > 0 {
			l.pause(now.Add(min(se.RetryAfter, longestRetry)))
		}
	}
	if now.Sub(del.Created) > giveUp && del.Attempts >= fewestTries && d.Clock.Believed(now) {
		return d.refused(ctx, l, del, fmt.Errorf("%s%s: %w", gaveUp, giveUp, se.Err))
	}
	if del.State != tasks.Uncertain {
		del.State = tasks.Retry
	}
	del.Down = se.Outcome == tasks.ChannelDown || now.Sub(del.Created) >= alarmAfter
	del.NextAttempt = now.Add(wait)
	if err := d.record(ctx, l, del); err != nil {
		return fmt.Errorf("record the failed attempt of %s: %w", del.ID, err)
	}
	if del.Down {
		d.Failing()
	}
	d.Log.Warn("not sent", "id", del.ID, "unit", del.Unit, "channel", del.Channel, "attempt", del.Attempts,
		"outcome", se.Outcome, "error", se.Err, "next", del.NextAttempt)
	return nil
}

// cutOff puts the end of the time that an attempt had into words.
func cutOff(se *tasks.SendError) *tasks.SendError {
	doing, by := strings.CutSuffix(se.Err.Error(), ": "+context.Canceled.Error())
	if !by {
		return se
	}
	cut := *se
	cut.Err = fmt.Errorf("the service was stopping and could wait no longer: %s", doing)
	return &cut
}

// fail records that a delivery will not be tried again by itself, and what goes
// out in its place.
func (d *Deliverer) fail(ctx context.Context, l *lane, del tasks.Delivery, cause error, instead ...tasks.Delivery) error {
	del.State, del.Error, del.NextAttempt, del.Told = tasks.Failed, cause.Error(), time.Time{}, false
	del.Instead = ids(instead)
	if err := d.record(ctx, l, del, instead...); err != nil {
		return fmt.Errorf("record that %s failed: %w", del.ID, err)
	}
	d.Failing()
	d.turnTo(instead...)
	d.Log.Error("failed", "id", del.ID, "unit", del.Unit, "channel", del.Channel, "address", del.Address, "error", cause)
	return nil
}

// backoff returns the wait before the attempt after n, with ±10 % of jitter.
func backoff(n int) time.Duration {
	wait := firstRetry << min(max(n-1, 0), 10)
	wait = min(wait, longestRetry)
	return wait - wait/10 + rand.N(wait/5)
}
