package scheduler

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// modelWorld is one office with its daemon, which can be killed, and the far
// ends of its channels.
type modelWorld struct {
	t      testing.TB
	dir    string
	lives  int
	book   *book
	config modelConfig // of the file; in force from the next start or reload on
	rows   []modelRow  // the plan's file
	gone   []modelRow  // that were taken out of it
	store  *store.Store
	proc   *process // nil: down
	ends   map[tasks.Channel]*modelEnd
}

// process is one life of the daemon over the store. What it writes passes by
// the book, and it can end between any two records, as by SIGKILL.
type process struct {
	*store.Store
	world     *modelWorld
	dead      atomic.Bool
	records   atomic.Int64
	diesAt    atomic.Int64 // the record at which it ends; 0: none
	diesAfter atomic.Bool  // that record is written
	loop      *Loop
	deliverer *Deliverer

	stop, kill context.CancelFunc
	life, hard context.Context
	running    sync.WaitGroup
	handOver   func() // ends the delivery under way in order
}

var errKilled = errors.New("the process has ended")

// record writes what the process has to say, unless it is dead before.
func (p *process) record(write func() error) error {
	if p.dead.Load() {
		return errKilled
	}
	dies := p.records.Add(1) == p.diesAt.Load()
	if dies && !p.diesAfter.Load() {
		p.die()
		return errKilled
	}
	err := write()
	if dies {
		p.die()
		return errKilled
	}
	return err
}

func (p *process) die() {
	if p.dead.Swap(true) {
		return
	}
	p.kill()
	p.stop()
}

func (p *process) CommitFire(f tasks.Fired) error {
	return p.record(func() error {
		err := p.Store.CommitFire(f)
		if err == nil {
			p.world.book.committed(f)
		}
		return err
	})
}

// Put takes a little of the bubble's time, another for each address, so that
// two that are under way write in the same order whenever a run is repeated.
func (p *process) Put(d tasks.Delivery, now time.Time) error {
	time.Sleep(time.Millisecond + spread(d.Address+d.ID))
	return p.record(func() error {
		err := p.Store.Put(d, now)
		if err == nil {
			p.world.book.kept(d)
		}
		return err
	})
}

func (p *process) Divide(into []tasks.Delivery, now time.Time) error {
	time.Sleep(time.Millisecond + spread(into[0].Address+into[0].ID))
	return p.record(func() error {
		err := p.Store.Divide(into, now)
		if err == nil {
			p.world.book.divided(into)
		}
		return err
	})
}

func spread(of string) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(of))
	return time.Duration(h.Sum32()%1_000_000) * time.Nanosecond
}

// modelEnd is the far end of a channel. It answers as it is told to, for some
// messages, and otherwise yes.
type modelEnd struct {
	world *modelWorld
	ch    tasks.Channel

	mu   sync.Mutex
	mood string
	left int
}

// The moods of a far end.
const (
	kind      = "kind"
	slow      = "slow"      // takes its time
	refusing  = "refusing"  // 4xx
	throttled = "throttled" // 429, with the time to wait
	forbids   = "forbids"   // 5xx
	silent1   = "silent"    // neither takes it nor answers
	cuts      = "cuts"      // takes it, and the line breaks
	locked    = "locked"    // refuses the password
)

var moods = []string{slow, refusing, throttled, forbids, silent1, cuts, locked}

func (e *modelEnd) next() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left == 0 {
		return kind
	}
	e.left--
	return e.mood
}

// line is a far end as one process reaches it.
type line struct {
	*process
	end *modelEnd
}

func (l line) Send(ctx context.Context, o tasks.Outgoing) (tasks.Receipt, error) {
	if l.dead.Load() {
		return tasks.Receipt{}, errKilled
	}
	refuse := func(outcome tasks.Outcome, after time.Duration, words string) (tasks.Receipt, error) {
		if !l.dead.Load() {
			l.world.book.answered(l.end.ch, o.ID, outcome)
		}
		return tasks.Receipt{}, &tasks.SendError{Outcome: outcome, RetryAfter: after, Err: errors.New(words)}
	}
	mood := l.end.next()
	long := time.Second
	switch mood {
	case slow:
		long = 12 * time.Second
	case silent1:
		long = time.Minute
	}
	long += spread(o.Address)
	if !sleep(ctx, long/2) {
		return refuse(tasks.Unknowable, 0, "broken off")
	}
	switch mood {
	case refusing:
		return refuse(tasks.Transient, 0, "451 later")
	case throttled:
		return refuse(tasks.Transient, 5*time.Minute, "429 too many")
	case forbids:
		return refuse(tasks.Permanent, 0, "550 no such user")
	case locked:
		return refuse(tasks.ChannelDown, 0, "535 password")
	case silent1:
		sleep(ctx, long/2)
		return refuse(tasks.Unknowable, 0, "no answer")
	}
	l.world.book.arrives(l.end.ch, o)
	if !sleep(ctx, long/2) {
		return refuse(tasks.Unknowable, 0, "broken off")
	}
	if mood == cuts {
		return refuse(tasks.Unknowable, 0, "cut")
	}
	return tasks.Receipt{Reply: "250 ok"}, nil
}

// sleep reports whether ctx lived as long.
func sleep(ctx context.Context, long time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(long):
		return true
	}
}

// spell composes a line a step, two lines a part in chats, so that the book can
// read what arrives.
func spell(m tasks.Message, b tasks.Briefing) (tasks.Content, error) {
	var lines []string
	for _, s := range m.Steps {
		series, _, _ := s.Mark()
		left := "-"
		if s.DaysLeft != nil {
			left = fmt.Sprint(*s.DaysLeft)
		}
		lines = append(lines, fmt.Sprintf("%s|%d|%s|%s|%s", s.No, s.Version, series, s.Name, left))
	}
	for _, f := range m.Failures {
		lines = append(lines, f.ID+"|"+f.Cause)
	}
	if m.Channel == tasks.Email || len(m.Steps) <= 2 {
		return tasks.Content{Subject: string(m.Kind), Text: []string{strings.Join(lines, "\n")}}, nil
	}
	c := tasks.Content{}
	for i := 0; i < len(lines); i += 2 {
		end := min(i+2, len(lines))
		c.Text = append(c.Text, strings.Join(lines[i:end], "\n"))
		carries := []int{i}
		if end == i+2 {
			carries = append(carries, i+1)
		}
		c.Carries = append(c.Carries, carries)
	}
	return c, nil
}

// start begins a life of the daemon, as the command does: what was under way is
// taken up, what was missed is planned, then messages go out.
func (w *modelWorld) start() {
	w.lives++
	p := &process{Store: w.store, world: w}
	w.proc = p
	p.life, p.stop = context.WithCancel(context.Background())
	p.hard, p.kill = context.WithCancel(context.Background())
	p.handOver = func() {}
	boot := fmt.Sprint("life ", w.lives)
	w.book.lives(w.config, true)
	err := p.record(func() error {
		left, err := p.Recover(boot, time.Now())
		for _, d := range left {
			if d.State == tasks.Retry { // stored so; the ledger has it as uncertain
				d.State = tasks.Uncertain
			}
			w.book.kept(d)
		}
		return err
	})
	if err == nil {
		p.loop, err = NewLoop(p, p, w.config.setup(w.t), quietLog)
	}
	if err != nil {
		w.must(p.dead.Load(), err)
		return
	}
	p.deliverer = &Deliverer{Outbox: p, Library: p, Addresses: p, Compose: spell,
		Setup: p.loop.Setup, Now: time.Now, Log: quietLog, Boot: boot, Failing: p.loop.Failing}
	p.deliverer.Use(w.lanes())
	p.loop.Planned = p.deliverer.Wake
	if _, err := p.loop.Pass(time.Now()); err != nil {
		w.must(p.dead.Load(), err)
		return
	}
	p.deliver()
	p.running.Go(func() { p.loop.Run(p.life) })
}

var quietLog = slog.New(slog.DiscardHandler)

func (w *modelWorld) must(ok bool, err error) {
	if !ok {
		w.book.mu.Lock()
		defer w.book.mu.Unlock()
		w.book.fault("%v", err)
	}
}

func (w *modelWorld) lanes() map[tasks.Channel]Lane {
	return map[tasks.Channel]Lane{
		tasks.Email:    {Sender: line{w.proc, w.ends[tasks.Email]}, Workers: 2},
		tasks.Telegram: {Sender: line{w.proc, w.ends[tasks.Telegram]}, Workers: 1, PerAddress: 3 * time.Second},
	}
}

// deliver runs the deliverer; handOver stops it as the command does.
func (p *process) deliver() {
	ctx, stop := context.WithCancel(p.life)
	grace, kill := context.WithCancel(p.hard)
	done := make(chan struct{})
	p.running.Go(func() {
		defer close(done)
		p.deliverer.Run(ctx, grace)
	})
	p.handOver = func() {
		stop()
		timer := time.AfterFunc(30*time.Second, kill)
		<-done
		timer.Stop()
		kill()
	}
}

// reload puts the config of the file in force.
func (w *modelWorld) reload() {
	p := w.proc
	p.handOver()
	if p.dead.Load() {
		return
	}
	w.book.lives(w.config, false)
	p.loop.Reload(w.config.setup(w.t))
	p.deliverer.Use(w.lanes())
	p.deliver()
}

// quit stops the daemon in order.
func (w *modelWorld) quit() {
	p := w.proc
	p.stop()
	p.handOver()
	p.running.Wait()
	if p.dead.Load() {
		w.bury()
		return
	}
	p.kill()
	w.proc = nil
	w.book.died()
	w.check(w.store.Close())
	w.open(w.store.Path())
}

// bury takes leave of a process that was killed: its store is abandoned as it
// is on the disk, and a copy of the file goes on.
func (w *modelWorld) bury() {
	w.proc.running.Wait()
	w.proc = nil
	w.book.died()
	old := w.store
	data, err := os.ReadFile(old.Path())
	w.check(err)
	path := filepath.Join(w.dir, fmt.Sprintf("nhacviec-%d.db", w.lives))
	w.check(os.WriteFile(path, data, 0o600))
	w.check(old.Close())
	w.check(os.Remove(old.Path()))
	w.open(path)
}

func (w *modelWorld) open(path string) {
	var err error
	w.store, err = store.Open(path)
	w.check(err)
}

func (w *modelWorld) check(err error) {
	if err != nil {
		panic(err)
	}
}

// settle lets everything happen that is to happen now, with the time that its
// records take, and buries the process if it has died.
func (w *modelWorld) settle() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
	if w.proc != nil && w.proc.dead.Load() {
		w.bury()
	}
}

// wait lets time go by.
func (w *modelWorld) wait(long time.Duration) {
	time.Sleep(long)
	w.settle()
}

// close ends the world in whatever state it is.
func (w *modelWorld) close() {
	if w.proc != nil {
		w.proc.die()
		w.proc.running.Wait()
	}
	if w.store != nil {
		w.store.Close()
		os.RemoveAll(w.dir)
	}
}
