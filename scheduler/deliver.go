package scheduler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// Sender is one channel.
type Sender interface {
	// Send carries one mail or one part of a chat message. Any error is, or
	// counts as, a *tasks.SendError.
	Send(context.Context, tasks.Outgoing) (tasks.Receipt, error)
}

// Outbox holds what waits to be sent.
type Outbox interface {
	Ready(ch tasks.Channel, now time.Time, limit int) (ready []tasks.Delivery, next time.Time, err error)
	Put(d tasks.Delivery, now time.Time) error
	Told(tasks.Message) (tasks.Sent, error)
}

// Library holds the tasks that messages speak of.
type Library interface {
	Plans() ([]tasks.Plan, error)
	Tasks(plan string) ([]tasks.Task, error)
	Task(tasks.Key) (tasks.Task, error)
}

// AddressBook remembers addresses that have moved, such as a Telegram group
// that became a supergroup.
type AddressBook interface {
	CurrentAddress(ch tasks.Channel, address string) (string, error)
	MoveAddress(ch tasks.Channel, from, to string) error
}

// Composer puts a message into words.
type Composer func(tasks.Message, tasks.Briefing) (tasks.Content, error)

// Deliverer takes messages from the outbox to the channels: one lane a
// channel, so that a slow or dead one delays no other.
type Deliverer struct {
	Outbox    Outbox
	Library   Library
	Addresses AddressBook
	Compose   Composer
	Setup     func() Setup // the config in force
	Now       func() time.Time
	Log       *slog.Logger
	Boot      string // names this process in the outbox
	Failing   func() // called when the office has to hear of a delivery

	mu    sync.Mutex // guards lanes
	lanes map[tasks.Channel]*lane
}

// Lane says how one channel may be used.
type Lane struct {
	Sender     Sender
	Workers    int           // messages under way at once; at least 1
	PerMinute  int           // messages a minute over the whole channel; 0: no limit
	PerAddress time.Duration // between two messages to one address; 0: no limit
}

// Use opens a lane for each channel, in place of those before. It is called
// before Run or Drain, or between two runs.
func (d *Deliverer) Use(lanes map[tasks.Channel]Lane) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes = make(map[tasks.Channel]*lane, len(lanes))
	for ch, l := range lanes {
		d.lanes[ch] = newLane(d, ch, l)
	}
}

// open returns the lanes in use.
func (d *Deliverer) open() map[tasks.Channel]*lane {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lanes
}

// Wake makes every lane look at the outbox at once.
func (d *Deliverer) Wake() {
	for _, l := range d.open() {
		l.poke()
	}
}

// Health is how a channel has done since its lane was opened.
type Health struct {
	LastSent  time.Time
	LastError string
	ErrorAt   time.Time
}

// Health returns the health of every lane.
func (d *Deliverer) Health() map[tasks.Channel]Health {
	out := map[tasks.Channel]Health{}
	for ch, l := range d.open() {
		out[ch] = l.condition()
	}
	return out
}

// Run delivers until ctx ends, then finishes or records what is in hand: no
// message is taken up after that, and those under way have until grace ends.
func (d *Deliverer) Run(ctx, grace context.Context) {
	d.each(func(l *lane) { l.run(ctx, grace, false) })
}

// Drain delivers all that is due now and returns.
func (d *Deliverer) Drain(ctx context.Context) {
	d.each(func(l *lane) { l.run(ctx, ctx, true) })
}

func (d *Deliverer) each(do func(*lane)) {
	var wg sync.WaitGroup
	for _, l := range d.open() {
		wg.Go(func() { do(l) })
	}
	wg.Wait()
}

// attempt brings one delivery one step further and records it. The error is
// the store's: what could not be recorded must stop the lane, or it would be
// sent again and again.
func (d *Deliverer) attempt(ctx context.Context, l *lane, del tasks.Delivery) (err error) {
	now := d.Now()
	defer func() {
		if r := recover(); r != nil {
			d.Log.Error("a message broke its delivery", "id", del.ID, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = d.fail(del, fmt.Errorf("internal error: %v", r))
		}
	}()
	kept, weeded, err := d.weed(del, now)
	if err != nil {
		return d.fail(del, err)
	}
	for _, w := range weeded {
		if err := d.Outbox.Put(w, now); err != nil {
			return fmt.Errorf("record what is not to be sent: %w", err)
		}
		d.Log.Info(string(w.State), "id", w.ID, "unit", w.Unit, "channel", w.Channel, "why", w.Error)
	}
	if len(weeded) > 0 && len(kept.Steps) == 0 {
		return nil
	}
	del = kept
	content, err := d.content(del)
	if err != nil {
		return d.fail(del, fmt.Errorf("compose: %w", err))
	}
	if len(content.Text) > 1 {
		del.Parts = content.Text
	}
	del.State, del.Boot, del.Attempts, del.Error = tasks.Sending, d.Boot, del.Attempts+1, ""
	del.SHA256 = digest(content)
	if err := d.Outbox.Put(del, now); err != nil {
		return fmt.Errorf("record the attempt: %w", err)
	}
	return d.send(ctx, l, del, content)
}

// weed reads the tasks again and takes out the steps that no longer hold: the
// task has changed (dropped), or a later step of the same due date is told
// (superseded). What is taken out becomes a delivery of its own, with the
// reasons; one of them bears the delivery's own id if nothing is left of it.
func (d *Deliverer) weed(del tasks.Delivery, now time.Time) (kept tasks.Delivery, weeded []tasks.Delivery, err error) {
	if del.Kind != tasks.Reminder {
		return del, nil, nil
	}
	s := d.Setup()
	today := tasks.DateOf(now.In(s.Calendar.Location))
	sent, err := d.Outbox.Told(del.Message)
	if err != nil {
		return del, nil, fmt.Errorf("read what was told: %w", err)
	}
	kept = del
	kept.Steps = nil
	out := map[tasks.DeliveryState]*tasks.Delivery{}
	for i, step := range del.Steps {
		t, err := d.Library.Task(step.Key)
		if err != nil {
			return del, nil, fmt.Errorf("read task %s again: %w", step.Key, err)
		}
		state, why := tasks.Dropped, s.Stale(step, del.Recipient, t, today)
		if mark := del.Message.Marks()[i]; why == "" && sent[mark.SentKey] > mark.Rank {
			state, why = tasks.Superseded, "a later step is told"
		}
		if why == "" {
			if step.Due != 0 {
				left := int(step.Due - today)
				step.DaysLeft = &left
			}
			kept.Steps = append(kept.Steps, step)
			continue
		}
		if out[state] == nil {
			w := del
			w.Steps, w.State, w.Error = nil, state, ""
			out[state] = &w
		}
		w := out[state]
		w.Steps = append(w.Steps, step)
		w.Error = strings.TrimPrefix(w.Error+"; "+step.Key.String()+": "+why, "; ")
	}
	whole := len(kept.Steps) == 0
	for _, state := range []tasks.DeliveryState{tasks.Dropped, tasks.Superseded} {
		w := out[state]
		if w == nil {
			continue
		}
		if !whole {
			w.ID = w.Message.ID()
		}
		whole = false
		weeded = append(weeded, *w)
	}
	return kept, weeded, nil
}

// content composes the message, or takes up the parts of one that was sent in
// part.
func (d *Deliverer) content(del tasks.Delivery) (tasks.Content, error) {
	if del.PartsSent > 0 {
		return tasks.Content{Text: del.Parts}, nil
	}
	s := d.Setup()
	b := tasks.Briefing{Office: s.Office, Units: s.Units, Soon: s.Soon(), Plans: map[string]tasks.Plan{}, Tasks: map[tasks.Key]tasks.Task{}}
	plans, err := d.Library.Plans()
	if err != nil {
		return tasks.Content{}, err
	}
	for _, p := range plans {
		b.Plans[p.ID] = p
	}
	if del.Kind == tasks.WeeklyReport {
		all, err := d.Library.Tasks("")
		if err != nil {
			return tasks.Content{}, err
		}
		for _, t := range all {
			b.Tasks[t.Key] = t
		}
		return d.Compose(del.Message, b)
	}
	for _, key := range keys(del.Message) {
		t, err := d.Library.Task(key)
		if err != nil {
			return tasks.Content{}, fmt.Errorf("task %s: %w", key, err)
		}
		b.Tasks[key] = t
	}
	return d.Compose(del.Message, b)
}

func keys(m tasks.Message) []tasks.Key {
	var out []tasks.Key
	for _, s := range m.Steps {
		out = append(out, s.Key)
	}
	for _, r := range m.Review {
		out = append(out, r.Key)
	}
	return out
}

func digest(c tasks.Content) string {
	sum := sha256.Sum256([]byte(strings.Join(c.Text, "\n")))
	return hex.EncodeToString(sum[:])
}

// send hands the parts that are not sent yet to the channel and records what
// became of each.
func (d *Deliverer) send(ctx context.Context, l *lane, del tasks.Delivery, c tasks.Content) error {
	address, err := d.Addresses.CurrentAddress(del.Channel, del.Address)
	if err != nil {
		return fmt.Errorf("look up %s: %w", del.Address, err)
	}
	for {
		if err := l.pace(ctx, address); err != nil {
			return d.failed(l, del, &tasks.SendError{Outcome: tasks.Transient, Err: err})
		}
		receipt, err := l.Sender.Send(ctx, tasks.Outgoing{ID: del.ID, At: del.At, Kind: del.Kind, Address: address,
			Subject: c.Subject, HTML: c.HTML, Text: c.Text[del.PartsSent], Silent: silent(del.Message)})
		var moved *tasks.SendError
		if errors.As(err, &moved) && moved.Outcome == tasks.Moved && moved.NewAddress != address {
			if err := d.Addresses.MoveAddress(del.Channel, del.Address, moved.NewAddress); err != nil {
				return fmt.Errorf("keep the new address of %s: %w", del.Address, err)
			}
			address = moved.NewAddress
			continue
		}
		if err != nil {
			return d.failed(l, del, tasks.AsSendError(err))
		}
		del.PartsSent++
		del.Reply = receipt.Reply
		if del.PartsSent == len(c.Text) {
			l.note(func(h *Health) { h.LastSent = d.Now() })
			return d.sent(del)
		}
		if err := d.Outbox.Put(del, d.Now()); err != nil {
			return fmt.Errorf("record part %d of %d: %w", del.PartsSent, len(c.Text), err)
		}
	}
}

// silent reports whether nothing in the message is overdue or due on the day.
func silent(m tasks.Message) bool {
	for _, s := range m.Steps {
		if s.DaysLeft != nil && *s.DaysLeft <= 0 {
			return false
		}
	}
	return m.Kind == tasks.Reminder
}

func (d *Deliverer) sent(del tasks.Delivery) error {
	now := d.Now()
	del.State, del.SentAt, del.Error = tasks.Delivered, now, ""
	if err := d.Outbox.Put(del, now); err != nil {
		return fmt.Errorf("record that %s was sent: %w", del.ID, err)
	}
	d.Log.Info("sent", "id", del.ID, "kind", del.Kind, "unit", del.Unit, "channel", del.Channel, "steps", len(del.Steps))
	return nil
}

// The retry schedule: exponential from firstRetry to longestRetry, with
// jitter, until giveUp after the message was planned.
const (
	firstRetry   = 30 * time.Second
	longestRetry = time.Hour
	giveUp       = 72 * time.Hour
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

// failed records an attempt that did not end in a receipt.
func (d *Deliverer) failed(l *lane, del tasks.Delivery, se *tasks.SendError) error {
	now := d.Now()
	del.Error = se.Err.Error()
	l.note(func(h *Health) { h.LastError, h.ErrorAt = del.Error, now })
	wait := max(backoff(del.Attempts), min(se.RetryAfter, longestRetry))
	switch se.Outcome {
	case tasks.Permanent, tasks.Moved:
		return d.fail(del, se.Err)
	case tasks.ChannelDown:
		wait = channelPause
		l.pause(now.Add(wait))
	case tasks.Unknowable:
		del.Doubts++
		if del.Doubts >= maxDoubts {
			return d.fail(del, fmt.Errorf("nobody knows whether it arrived, twice: %w", se.Err))
		}
		del.State = tasks.Uncertain
	default:
		if se.RetryAfter > 0 {
			l.pause(now.Add(min(se.RetryAfter, longestRetry)))
		}
	}
	if now.Sub(del.Created) > giveUp {
		return d.fail(del, fmt.Errorf("gave up after %s: %w", giveUp, se.Err))
	}
	if del.State != tasks.Uncertain {
		del.State = tasks.Retry
	}
	del.Down = se.Outcome == tasks.ChannelDown || now.Sub(del.Created) >= alarmAfter
	del.NextAttempt = now.Add(wait)
	if err := d.Outbox.Put(del, now); err != nil {
		return fmt.Errorf("record the failed attempt of %s: %w", del.ID, err)
	}
	if del.Down {
		d.Failing()
	}
	d.Log.Warn("not sent", "id", del.ID, "unit", del.Unit, "channel", del.Channel, "attempt", del.Attempts,
		"outcome", se.Outcome, "error", se.Err, "next", del.NextAttempt)
	return nil
}

// fail records that a delivery will not be tried again by itself.
func (d *Deliverer) fail(del tasks.Delivery, cause error) error {
	del.State, del.Error, del.NextAttempt, del.Told = tasks.Failed, cause.Error(), time.Time{}, false
	if err := d.Outbox.Put(del, d.Now()); err != nil {
		return fmt.Errorf("record that %s failed: %w", del.ID, err)
	}
	d.Failing()
	d.Log.Error("failed", "id", del.ID, "unit", del.Unit, "channel", del.Channel, "address", del.Address, "error", cause)
	return nil
}

// backoff returns the wait before the attempt after n, with ±10 % of jitter.
func backoff(n int) time.Duration {
	wait := firstRetry << min(max(n-1, 0), 10)
	wait = min(wait, longestRetry)
	return wait - wait/10 + rand.N(wait/5)
}
