package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

// service is the running daemon: a config in force, and what lives by it.
type service struct {
	path  string // of the config file
	store *store.Store
	log   *slog.Logger
	sup   supervisor
	since time.Time

	daemon  *daemon
	clock   *scheduler.Clock
	backups *backups
	silence silence
	outbox  *outbox
	gone    *gone
	watch   *watch

	begun     chan struct{}   // closed when run has begun
	reloading sync.Mutex      // one reload at a time; guards life and delivery
	life      context.Context // of run
	delivery  *delivery

	mu        sync.Mutex // guards what follows
	config    *Config
	configErr error
	next      time.Time
	channels  map[tasks.Channel]channel
}

// startService opens the channels of a config and makes a daemon over a store.
// Nothing is sent before run.
func startService(path string, cfg *Config, st *store.Store, sup supervisor, log *slog.Logger) (*service, error) {
	channels, err := openChannels(cfg, st)
	if err != nil {
		return nil, fmt.Errorf("open the channels: %w", err)
	}
	d, err := newDaemon(cfg.Setup, st, lanes(cfg, channels), time.Now, log)
	if err != nil {
		return nil, err
	}
	s := &service{path: path, store: st, log: log, sup: sup, since: time.Now(), daemon: d, config: cfg, channels: channels, begun: make(chan struct{})}
	d.loop.Passed, d.loop.Failed = s.passed, s.passFailed
	s.clock = d.loop.Watch(sinceBoot)
	s.outbox = &outbox{Store: st}
	d.deliverer.Outbox = s.outbox
	s.watch = newWatch(func() notify.Secret { return s.current().Watch }, log)
	s.backups = &backups{store: st, log: log, report: d.loop.Report}
	d.deliverer.Clock = s.clock
	s.gone = &gone{store: st, log: log, report: d.loop.Report, wake: d.deliverer.Wake}
	d.loop.Held, d.deliverer.Held = s.gone.held, s.gone.held
	return s, nil
}

// Limits of the chat services: Telegram's own (30 messages a second over all,
// one a second to a chat, 20 a minute to a group) kept with a margin; Zalo
// publishes none, so one message at a time and a second between two.
const (
	telegramPerMinute  = 25 * 60
	telegramPerAddress = 3200 * time.Millisecond
	zaloPerMinute      = 50
	zaloPerAddress     = 1200 * time.Millisecond
)

// limits says how fast each channel may be used.
func limits(cfg *Config) map[tasks.Channel]scheduler.Lane {
	out := map[tasks.Channel]scheduler.Lane{
		tasks.Telegram: {Workers: 2, PerMinute: telegramPerMinute, PerAddress: telegramPerAddress},
		tasks.ZaloBot:  {Workers: 1, PerMinute: zaloPerMinute, PerAddress: zaloPerAddress},
		tasks.ZaloOA:   {Workers: 1, PerMinute: zaloPerMinute, PerAddress: zaloPerAddress},
	}
	if cfg.Email != nil {
		out[tasks.Email] = scheduler.Lane{Workers: cfg.Email.Connections, PerMinute: cfg.EmailPerMinute}
	}
	return out
}

func lanes(cfg *Config, channels map[tasks.Channel]channel) map[tasks.Channel]scheduler.Lane {
	out := make(map[tasks.Channel]scheduler.Lane, len(channels))
	for ch, sender := range channels {
		lane := limits(cfg)[ch]
		lane.Sender = sender
		out[ch] = lane
	}
	return out
}

// passed tells the service manager that the loop did its work.
func (s *service) passed(now, next time.Time) {
	late := s.passSucceeded(now)
	s.mu.Lock()
	s.next = next
	location := s.config.Location
	s.mu.Unlock()
	status := "no rule will fire"
	if !next.IsZero() {
		status = "next fire " + next.In(location).Format("02/01/2006 15:04")
	}
	for _, l := range late {
		status += fmt.Sprintf("; %s late on %s", plural(l.Count, "message"), l.Channel)
	}
	if err := errors.Join(s.sup.alive(), s.sup.status(status)); err != nil {
		s.log.Warn("service manager", "error", err)
	}
	if s.allLeft() && s.daemon.loop.Ahead() == 0 && !s.outbox.broken.Load() && !s.gone.held() {
		s.watch.allIsWell()
	}
}

// grace is how long messages under way have to finish when the service stops
// or changes its channels.
const grace = 30 * time.Second

// delivery is one run of the deliverer.
type delivery struct {
	stop func() // takes up nothing more
	done chan struct{}
}

func (s *service) deliver() *delivery {
	ctx, stop := context.WithCancel(context.Background())
	hard, kill := context.WithCancel(context.Background())
	run := &delivery{done: make(chan struct{})}
	run.stop = func() {
		stop()
		timer := time.AfterFunc(grace, kill)
		<-run.done
		timer.Stop()
		kill()
	}
	go func() {
		defer close(run.done)
		s.daemon.deliverer.Run(ctx, hard)
	}()
	return run
}

// run plans and delivers until ctx ends, then finishes what is in hand. What
// was missed is planned before anything is sent, so that the older step of what
// waits already is superseded.
func (s *service) run(ctx context.Context) error {
	if _, err := s.daemon.loop.Pass(time.Now()); err != nil {
		s.log.Error("first pass failed; it is tried again", "error", err)
		s.passFailed(time.Now(), err)
	}
	s.reloading.Lock()
	s.life, s.delivery = ctx, s.deliver()
	close(s.begun)
	s.reloading.Unlock()
	defer s.tend(ctx)()
	s.daemon.loop.Run(ctx)
	if err := s.sup.stopping(); err != nil {
		s.log.Warn("service manager", "error", err)
	}
	s.reloading.Lock() // a reload under way ends first
	defer s.reloading.Unlock()
	s.delivery.stop()
	s.gone.look(s.current().Backup.Dir, time.Now()) // the last chance
	return closeChannels(s.channels)
}

func closeChannels(channels map[tasks.Channel]channel) error {
	var errs []error
	for ch, c := range channels {
		if err := c.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", ch, err))
		}
	}
	return errors.Join(errs...)
}

var errNotRunning = errors.New("the daemon is stopping; nothing is reloaded")

// Reload reads, checks and builds the whole config, then puts it in force. On
// an error the running config stays; the error is logged, shown in the status
// and told to the office.
func (s *service) Reload(ctx context.Context) ([]string, error) {
	select {
	case <-s.begun:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.life.Err() != nil {
		return nil, errNotRunning
	}
	if err := s.sup.reloading(); err != nil {
		s.log.Warn("service manager", "error", err)
	}
	cfg, err := s.reload()
	s.mu.Lock()
	s.configErr = err
	s.mu.Unlock()
	status := "config reloaded"
	if err != nil {
		status = "config refused; the one before stays in force"
		s.log.Error("reload refused; the config before stays in force", "error", err)
		s.daemon.loop.ReportRefusal(err, time.Now())
	} else {
		s.log.Info("config reloaded", "hash", cfg.Hash)
	}
	if err := s.sup.ready(status); err != nil {
		s.log.Warn("service manager", "error", err)
	}
	if err != nil {
		return nil, err
	}
	return cfg.warningLines(time.Now()), nil
}

func (s *service) reload() (*Config, error) {
	cfg, err := LoadConfig(s.path)
	if err != nil {
		return nil, err
	}
	old := s.current()
	switch {
	case cfg.DataDir != old.DataDir:
		return nil, needsRestart(s.path, "data_dir", old.DataDir, cfg.DataDir)
	case cfg.Socket != old.Socket:
		return nil, needsRestart(s.path, "socket", old.Socket, cfg.Socket)
	}
	channels, err := openChannels(cfg, s.store)
	if err != nil {
		return nil, fmt.Errorf("open the channels: %w", err)
	}
	s.clock.Trust(time.Now()) // who reloads has looked
	s.delivery.stop()
	if s.life.Err() != nil { // meanwhile
		return nil, errors.Join(errNotRunning, closeChannels(channels))
	}
	// Those of before end first: an answer that gives one of them new tokens must
	// not come after these have tokens of their own.
	if err := closeChannels(s.channels); err != nil {
		s.log.Warn("channels of the config before", "error", err)
	}
	inherit(channels, s.channels)
	s.daemon.loop.Reload(cfg.Setup)
	s.daemon.deliverer.Use(lanes(cfg, channels))
	if err := s.daemon.deliverer.Hurry(); err != nil {
		s.log.Error("what waits is tried again at its time, not now", "error", err)
	}
	s.mu.Lock()
	s.config, s.channels = cfg, channels
	s.mu.Unlock()
	s.delivery = s.deliver()
	return cfg, nil
}

// inherit hands on what the channels of the config before have learnt of their
// logins.
func inherit(channels, before map[tasks.Channel]channel) {
	mail, is := channels[tasks.Email].(*notify.Email)
	old, was := before[tasks.Email].(*notify.Email)
	if is && was {
		mail.Inherit(old)
	}
}

// needsRestart refuses a key that a running daemon cannot change.
func needsRestart(path, key, old, is string) error {
	file, _ := readTOML(path) // it was read just now; without it the line is not known
	return &ConfigError{Problems: []Problem{{File: path, Line: file.line(key), Key: key,
		Reason: fmt.Sprintf("cannot change while the daemon runs; restart it, or put back %q", old), Got: is}}}
}

func (s *service) current() *Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// Status fills what only the running service knows.
func (s *service) Status() (web.Status, error) {
	health := s.daemon.deliverer.Health()
	backups, err := s.backups.state(s.current().Backup)
	if err != nil {
		return web.Status{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := web.Status{Since: s.since.Truncate(time.Second), NextFire: s.next, Config: s.config.Hash, Backup: backups}
	if s.configErr != nil {
		st.ConfigError = s.configErr.Error()
	}
	s.silence.fill(&st)
	s.gone.fill(&st)
	st.ClockAhead = int(s.daemon.loop.Ahead().Seconds())
	for _, ch := range s.config.Setup.Channels {
		h := health[ch]
		if k, ok := s.channels[ch].(keeper); ok {
			if err := k.Trouble(); err != nil {
				h.LastError, h.ErrorAt = err.Error(), time.Now().Truncate(time.Second)
			}
		}
		st.Channels = append(st.Channels, web.ChannelStatus{Channel: ch, LastSent: h.LastSent, LastError: h.LastError, ErrorAt: h.ErrorAt})
	}
	return st, nil
}
