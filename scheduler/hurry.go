package scheduler

import (
	"errors"
	"fmt"
	"math"

	"nhacviec/tasks"
)

// Hurry makes what waits for a channel that needed a person, or that was away
// for long, due now: somebody has just looked. It is called between two runs,
// and holds for one attempt.
func (d *Deliverer) Hurry() error {
	now := d.Now()
	var errs []error
	for ch := range d.open() {
		waiting, _, err := d.Outbox.Ready(ch, now.Add(2*longestRetry), math.MaxInt)
		var due []tasks.Delivery
		for _, del := range waiting {
			if del.State == tasks.Retry && del.Down && del.NextAttempt.After(now) {
				del.NextAttempt = now
				due = append(due, del)
			}
		}
		if err == nil && len(due) > 0 {
			err = d.Outbox.Divide(due, now) // in one transaction
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("bring up what waits for %s: %w", ch, err))
		}
	}
	return errors.Join(errs...)
}
