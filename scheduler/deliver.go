package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

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
	// Divide stores at once what a delivery is divided into.
	Divide(into []tasks.Delivery, now time.Time) error
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
	Boot      string      // names this process in the outbox
	Failing   func()      // called when the office has to hear of a delivery
	Clock     *Clock      // while it is not believed, only the office is told, of that
	Held      func() bool // while it says so, too; nil: never

	mu      sync.Mutex // guards what follows
	lanes   map[tasks.Channel]*lane
	traffic *semaphore.Weighted // the attempts under way, by weight
}

// allTraffic is the weight of an attempt that goes alone.
const allTraffic = 1 << 20

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
	d.traffic = semaphore.NewWeighted(allTraffic)
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

// held reports whether only the office may be told.
func (d *Deliverer) held(now time.Time) bool {
	return !d.Clock.Believed(now) || d.Held != nil && d.Held()
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
	Outage    Outage
	Down      bool // it needs a person, and nobody there has taken up a message since
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
	d.abandon(ctx)
	d.bringUp(ctx)
	d.each(func(l *lane) { l.run(ctx, grace, false) })
}

// Drain delivers all that is due now and returns.
func (d *Deliverer) Drain(ctx context.Context) {
	d.each(func(l *lane) { l.run(ctx, ctx, true) })
}

// abandon settles what waits for a channel that has no lane any more, so that
// the office hears of it.
func (d *Deliverer) abandon(ctx context.Context) {
	open := d.open()
	for _, ch := range tasks.Channels {
		for open[ch] == nil && ctx.Err() == nil {
			waiting, next, err := d.Outbox.Ready(ch, d.Now(), 100)
			if err == nil && len(waiting) == 0 && !next.IsZero() {
				waiting, _, err = d.Outbox.Ready(ch, next, 100)
			}
			for _, del := range waiting {
				err = errors.Join(err, d.refused(ctx, nil, del, fmt.Errorf("the channel %s %s", ch, channelGone)))
			}
			if err != nil {
				d.Log.Error("cannot settle what waits for a channel that is gone", "channel", ch, "error", err)
			}
			if err != nil || len(waiting) == 0 {
				break
			}
		}
	}
}

func (d *Deliverer) each(do func(*lane)) {
	var wg sync.WaitGroup
	for _, l := range d.open() {
		wg.Go(func() { do(l) })
	}
	wg.Wait()
}

// attempt brings one delivery one step further and records it. It waits for the
// limits until ctx ends; what is under way then has until grace ends. The error
// is the store's, and nothing was sent: what cannot be recorded must stop the
// lane.
func (d *Deliverer) attempt(ctx, grace context.Context, w *worker, del tasks.Delivery) (err error) {
	defer func() {
		if r := recover(); r != nil {
			d.Log.Error("a message broke its delivery", "id", del.ID, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = d.fail(grace, w.lane, del, fmt.Errorf(internalError+"%v", r))
		}
	}()
	address, err := d.Addresses.CurrentAddress(del.Channel, del.Address)
	if err != nil {
		return fmt.Errorf("look up %s: %w", del.Address, err)
	}
	if w.pace(ctx, address, 0) != nil {
		return nil // stopping; it waits on
	}
	weight := weight(del)
	if d.traffic.Acquire(ctx, weight) != nil {
		return nil
	}
	defer d.traffic.Release(weight)
	del, content, err := d.prepare(grace, w.lane, del)
	if err != nil || len(content.Text) == 0 {
		return err
	}
	w.recording.Wait()
	return d.send(grace, w, del, address, content)
}

// weight of a delivery in the traffic: it goes together with others, or alone
// when the process has ended twice while it was under way, so that what ends it
// a third time is known.
func weight(del tasks.Delivery) int64 {
	if del.Crashes+1 < tasks.MaxCrashes {
		return 1
	}
	return allTraffic
}

// prepare takes out of a delivery what no longer holds, puts the rest into
// words and records that it is being sent. Without content there is nothing
// left to send.
func (d *Deliverer) prepare(ctx context.Context, l *lane, del tasks.Delivery) (tasks.Delivery, tasks.Content, error) {
	now := d.Now()
	nothing := tasks.Content{}
	kept, weeded, read, err := d.weed(del, now)
	if err != nil {
		return del, nothing, d.fail(ctx, l, del, err)
	}
	if del.PartsSent > 0 && len(del.Carries) > 0 && outdated(del, kept) {
		return del, nothing, d.Outbox.Divide(divide(del, d.Setup().Hash, now), now) // the rest comes up by itself
	}
	if len(weeded) > 0 {
		if err := d.takeOut(weeded, kept, now); err != nil || len(kept.Steps) == 0 {
			return del, nothing, err
		}
	}
	content, err := d.content(kept, read)
	if err != nil {
		return del, nothing, d.fail(ctx, l, kept, fmt.Errorf(cannotCompose+"%w", err))
	}
	if len(content.Text) > 1 {
		kept.Parts, kept.Carries = content.Text, content.Carries
	}
	kept.State, kept.Boot, kept.Attempts, kept.Error = tasks.Sending, d.Boot, kept.Attempts+1, ""
	kept.Made = made(kept, now.In(d.Setup().Calendar.Location))
	kept.Text = strings.Join(content.Text, "\n")
	kept.SHA256 = digest(kept.Text)
	if err := d.Outbox.Put(kept, now); err != nil {
		return del, nothing, fmt.Errorf("record the attempt: %w", err)
	}
	return kept, content, nil
}

// made returns the date that a mail bears: that of the attempt, for one of hours
// ago is sorted below others, or taken for spam. A second copy of what perhaps
// arrived has the bytes of the first, its date too.
func made(del tasks.Delivery, now time.Time) time.Time {
	switch {
	case del.Doubts == 0:
		return now.Truncate(time.Second)
	case del.Made.IsZero(): // an older nhacviec sent the first
		return del.At
	}
	return del.Made
}

// send hands the parts that are not sent yet to the channel and records what
// became of each.
func (d *Deliverer) send(ctx context.Context, w *worker, del tasks.Delivery, address string, c tasks.Content) error {
	for moves := 0; ; {
		receipt, err := w.Sender.Send(ctx, tasks.Outgoing{ID: del.ID, At: del.Made, Kind: del.Kind, Address: address,
			Subject: c.Subject, HTML: c.HTML, Text: c.Text[del.PartsSent], Silent: silent(del.Message)})
		var moved *tasks.SendError
		if errors.As(err, &moved) && moved.Outcome == tasks.Moved && moves < mostMoves {
			if err := d.Addresses.MoveAddress(del.Channel, del.Address, moved.NewAddress); err != nil {
				err = fmt.Errorf("keep the new address of %s: %w", del.Address, err)
				return d.failed(ctx, w.lane, del, &tasks.SendError{Outcome: tasks.Transient, Err: err})
			}
			address = moved.NewAddress
			moves++
			continue
		}
		if err != nil {
			return d.failed(ctx, w.lane, del, tasks.AsSendError(err))
		}
		del.PartsSent++
		del.Reply = receipt.Reply
		if del.PartsSent == len(c.Text) {
			w.accepted(d.Now())
			d.sent(ctx, w, del)
			return nil
		}
		if err := d.record(ctx, w.lane, del); err != nil {
			return fmt.Errorf("record part %d of %d: %w", del.PartsSent, len(c.Text), err)
		}
		if err := w.pace(ctx, del.Address, del.PartsSent); err != nil {
			return d.failed(ctx, w.lane, del, &tasks.SendError{Outcome: tasks.Transient, Err: err})
		}
	}
}

// mostMoves is how often one attempt follows an address that has moved.
const mostMoves = 2

// silent reports whether nothing in the message is overdue or due on the day.
func silent(m tasks.Message) bool {
	for _, s := range m.Steps {
		if s.DaysLeft != nil && *s.DaysLeft <= 0 {
			return false
		}
	}
	return m.Kind == tasks.Reminder
}
