package scheduler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"nhacviec/tasks"
)

// instead returns the delivery of a message that goes out in the place of
// another: what of it was not planned for its recipient anyway. ok is false when
// nothing is left.
func (d *Deliverer) instead(of tasks.Delivery, m tasks.Message, now time.Time) (next tasks.Delivery, ok bool, err error) {
	sent, err := d.Outbox.Told(m)
	if err != nil {
		return next, false, fmt.Errorf("read what was told: %w", err)
	}
	steps, review := m.Steps, m.Review
	m.Steps, m.Review = nil, nil
	for _, step := range steps {
		series, rank, _ := step.Mark()
		if told, ok := sent[tasks.SentKey{Key: step.Key, Version: step.Version, Series: series, Recipient: m.Recipient}]; !ok || told < rank {
			m.Steps = append(m.Steps, step)
		}
	}
	for _, item := range review {
		if _, told := sent[item.Mark(m.Recipient).SentKey]; !told {
			m.Review = append(m.Review, item)
		}
	}
	next = tasks.NewDelivery(m, d.Setup().Hash, now)
	next.ID, next.For, next.Again = partID(of, m), of.ID, of.Again
	return next, len(m.Steps)+len(m.Review) > 0, nil
}

func ids(dd []tasks.Delivery) (out []string) {
	for _, d := range dd {
		out = append(out, d.ID)
	}
	return out
}

// turnTo has the lanes look at what was planned in the place of a delivery.
func (d *Deliverer) turnTo(instead ...tasks.Delivery) {
	for _, next := range instead {
		d.Log.Info("planned in the place of another", "id", next.ID, "unit", next.Unit, "channel", next.Channel, "for", next.For)
	}
	if len(instead) > 0 {
		d.Wake()
	}
}

// byMail returns what goes out by mail when a chat does not take a message: to
// each address of the unit, what has not gone out in a part of the message.
func (d *Deliverer) byMail(del tasks.Delivery) (out []tasks.Delivery, err error) {
	s := d.Setup()
	unit, known := s.Units.Unit(del.Unit)
	if !known || del.Channel == tasks.Email || !slices.Contains(s.Channels, tasks.Email) ||
		del.Kind != tasks.Reminder && del.Kind != tasks.ReviewNotice {
		return nil, nil
	}
	m := del.Message
	_, m.Steps = parted(del)
	for _, address := range unit.Addresses[tasks.Email] {
		m.Recipient = tasks.Recipient{Channel: tasks.Email, Unit: unit.Code, Address: address}
		next, ok, err := d.instead(del, m, d.Now())
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, next)
		}
	}
	return out, nil
}

// refused records that a channel will not take a delivery, and that it goes out by
// mail where it can.
func (d *Deliverer) refused(ctx context.Context, l *lane, del tasks.Delivery, cause error) error {
	instead, err := d.byMail(del)
	if err != nil { // it fails as it would without mail, and the office hears of it
		d.Log.Error("cannot turn to mail", "id", del.ID, "error", err)
	}
	return d.fail(ctx, l, del, cause, instead...)
}

// heirs returns to whom a step goes whose recipient has no such address any more:
// the addresses that its unit has instead on that channel, and that were not told
// of it.
func (d *Deliverer) heirs(del tasks.Delivery, step tasks.Step, t tasks.Task, today tasks.Date) (to []tasks.Recipient, err error) {
	m := del.Message
	m.Steps = []tasks.Step{step}
	for _, m.Recipient = range d.Setup().reached(del, step, t, today) {
		_, left, err := d.instead(del, m, del.Created)
		if err != nil {
			return nil, err
		}
		if left {
			to = append(to, m.Recipient)
		}
	}
	return to, nil
}

// handOn returns the deliveries that go on with what was dropped, to each its
// steps.
func (d *Deliverer) handOn(dropped tasks.Delivery, to map[tasks.Recipient][]tasks.Step, now time.Time) (out []tasks.Delivery) {
	byAddress := func(a, b tasks.Recipient) int { return cmp.Compare(a.Address, b.Address) }
	m := dropped.Message
	for _, m.Recipient = range slices.SortedFunc(maps.Keys(to), byAddress) {
		m.Steps = to[m.Recipient]
		next := tasks.NewDelivery(m, d.Setup().Hash, now)
		next.ID, next.For, next.Again = partID(dropped, m), dropped.ID, dropped.Again
		out = append(out, next)
	}
	return out
}

// bringUp makes what waits for an address that the config has no more due now: a
// person has just corrected it.
func (d *Deliverer) bringUp(ctx context.Context) {
	s, now := d.Setup(), d.Now()
	for ch := range d.open() {
		_, next, err := d.Outbox.Ready(ch, now, 1)
		var waiting []tasks.Delivery
		if err == nil && !next.IsZero() { // all else is due
			waiting, _, err = d.Outbox.Ready(ch, now.Add(2*longestRetry), math.MaxInt)
		}
		for _, del := range waiting {
			unit, known := s.Units.Unit(del.Unit)
			if err != nil || ctx.Err() != nil {
				break
			}
			if known && del.Kind == tasks.Reminder && del.NextAttempt.After(now) && !slices.Contains(unit.Addresses[ch], del.Address) {
				del.NextAttempt = now
				err = d.Outbox.Put(del, now)
			}
		}
		if err != nil {
			d.Log.Error("cannot look for what waits for another address", "channel", ch, "error", err)
		}
	}
}
