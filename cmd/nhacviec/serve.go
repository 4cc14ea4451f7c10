package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

func newServeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon in the foreground",
		Long: `Serve runs the daemon until SIGTERM or SIGINT: it fires the rules, sends what they
plan, and answers the other verbs over the control socket. SIGHUP reloads the
config. It logs to stderr. On the way out it finishes what is in hand, for at
most 30 seconds; a second signal ends it at once.`,
		Example: `  nhacviec serve -c ./config.toml
  systemctl enable --now nhacviec`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context()) },
	}
}

// serve runs the daemon until a signal ends it.
func (a *app) serve(ctx context.Context) (err error) {
	signals := make(chan os.Signal, 4) // from here on none ends the process by itself
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGPIPE)
	defer signal.Stop(signals)
	path, err := a.configPath()
	if err != nil {
		return err
	}
	cfg, err := LoadConfig(path)
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	switch {
	case a.verbose:
		level = slog.LevelDebug
	case a.quiet:
		level = slog.LevelWarn
	}
	log := newLogger(a.stderr, level)
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make data_dir: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	st, err := store.OpenWith(cfg.storePath(), store.Options{Backups: cfg.Backup.Dir, Looker: apart{ctx}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for _, w := range cfg.warningLines(time.Now()) {
		log.Warn("config", "warning", w)
	}
	listener, err := web.Listen(cfg.Socket)
	if err != nil {
		return err
	}
	sup := newSupervisor()
	s, err := startService(path, cfg, st, sup, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := web.NewServer(s.handler(), log)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("control socket", "error", err)
		}
	})
	defer s.listenTo(signals, stop)()
	if err := sup.ready("started"); err != nil {
		log.Warn("service manager", "error", err)
	}
	log.Info("started", "version", readVersion().String(), "config", path, "hash", cfg.Hash, "store", st.Path(), "socket", cfg.Socket)
	runErr := s.run(ctx)
	shutdown, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		server.Close()
	}
	serving.Wait()
	log.Info("stopped")
	return runErr
}

// warningLines returns what a config hardly means by itself. Over what is stored
// `nhacviec check` looks: a daemon's start must not cost what is stored.
func (c *Config) warningLines(now time.Time) []string {
	lines := []string{}
	for _, w := range slices.Concat(c.Warnings, c.WarningsOn(tasks.DateOf(now.In(c.Location)), nil)) {
		lines = append(lines, w.String())
	}
	return lines
}

// handler returns the control API of the running service.
func (s *service) handler() *web.Handler {
	h := newHandler(s.store, s.daemon.loop.Setup, time.Now)
	h.Daemon, h.Tester, h.Outbox = s, s, wakingOutbox{s.store, s.daemon.deliverer.Wake}
	return h
}

// SendTest sends one real message through the channels in force.
func (s *service) SendTest(ctx context.Context, ch tasks.Channel, address string) (tasks.Receipt, error) {
	s.mu.Lock()
	cfg, channels := s.config, s.channels
	s.mu.Unlock()
	return sendTest(ctx, cfg, channels, ch, address, time.Now())
}

// wakingOutbox makes the deliverer look at once at what is to be sent again.
type wakingOutbox struct {
	*store.Store
	wake func()
}

func (o wakingOutbox) Resend(id, by string, now time.Time) (tasks.Delivery, error) {
	d, err := o.Store.Resend(id, by, now)
	if err == nil {
		o.wake()
	}
	return d, err
}

func (o wakingOutbox) ResendFailed(ids []string, by string, now time.Time) (map[string]tasks.Delivery, error) {
	again, err := o.Store.ResendFailed(ids, by, now)
	if err == nil {
		o.wake()
	}
	return again, err
}

// listenTo reloads on SIGHUP and calls stop on SIGTERM and SIGINT; a
// second one of these ends the process. It returns a function that ends the
// listening.
func (s *service) listenTo(signals <-chan os.Signal, stop func()) (end func()) {
	done := make(chan struct{})
	go func() {
		stopping := false
		for {
			select {
			case <-done:
				return
			case sig := <-signals:
				switch {
				case sig == syscall.SIGHUP && !stopping:
					go s.Reload(context.Background()) // it logs its error itself
				case sig == syscall.SIGHUP:
				case stopping:
					s.log.Warn("ended at once by a second signal; what was under way is uncertain", "signal", sig)
					os.Exit(web.ExitFailed)
				default:
					s.log.Info("stopping: finishing what is in hand", "signal", sig)
					stopping = true
					stop()
				}
			}
		}
	}()
	return func() { close(done) }
}
