package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

// app is one run of the command line.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	configFlag           string
	json, quiet, verbose bool
}

// run runs the verb that the arguments name and returns the exit code.
func (a *app) run(args []string) int {
	root := newRootCommand(a)
	root.SetArgs(append([]string{}, sparedDashes(args)...)) // nil would mean the process's own
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	var e *web.Error
	if !errors.As(err, &e) {
		if e = explainError(err); e == nil {
			e = web.Failure(err.Error(), "")
		}
	}
	for line := range strings.Lines(e.Message) {
		fmt.Fprintln(a.stderr, "nhacviec: "+strings.TrimRight(line, "\n"))
	}
	fmt.Fprintln(a.stderr, "hint: "+cmp.Or(e.Hint, lastHint))
	return e.Exit
}

// lastHint is for what nobody foresaw.
const lastHint = "nhacviec check says what is wrong with config and data, -v where the answers come from"

// configPlaces are where the config is looked for when nobody says.
var configPlaces = []string{"/etc/nhacviec/config.toml", "./config.toml"}

// configPath returns which config file is meant.
func (a *app) configPath() (string, error) {
	if a.configFlag != "" {
		return a.configFlag, nil
	}
	if path := os.Getenv("NHACVIEC_CONFIG"); path != "" {
		return path, nil
	}
	for _, path := range configPlaces {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", &web.Error{Message: "no config file: neither " + strings.Join(configPlaces, " nor ") + " exists",
		Hint: "name one with -c FILE, or copy config.example.toml and change it", Exit: web.ExitConfig}
}

// storeFile is the store's file in data_dir.
const storeFile = "nhacviec.db"

func (c *Config) storePath() string { return filepath.Join(c.DataDir, storeFile) }

// use says what a verb does with what is stored.
type use bool

const (
	reads   use = false
	changes use = true
)

// ask runs a verb's questions against the daemon, or, when none answers for
// this config, against a handler of its own over the store.
func (a *app) ask(ctx context.Context, u use, verb func(context.Context, *web.Client) error) error {
	path, err := a.configPath()
	if err != nil {
		return err
	}
	client, err := a.dial(ctx, path)
	if err != nil {
		return err
	}
	if client != nil {
		return verb(ctx, client)
	}
	config, err := LoadConfig(path)
	if err != nil {
		return err
	}
	return a.askStore(ctx, config, u, verb)
}

// dial returns a client of the daemon that works for a config, and nil when
// there is none. The daemon knows its config itself: of the file only two keys
// are looked at, so that one with a mistake in it does not stand in the way.
func (a *app) dial(ctx context.Context, path string) (*web.Client, error) {
	file, problem := readTOML(path)
	dir, err := filepath.Abs(filepath.Dir(path))
	if problem != nil || err != nil {
		return nil, nil // LoadConfig says what is wrong
	}
	at := checker{dir: dir}
	socket, _ := file.values["socket"].(string)
	data, _ := file.values["data_dir"].(string)
	socket = at.within(socket, defaultSocket)
	transport, err := web.Dial(socket)
	if errors.Is(err, web.ErrNobody) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	client := web.NewClient(transport)
	who, err := client.Version(ctx)
	if err != nil {
		return nil, err
	}
	if ours := filepath.Join(at.within(data, defaultDataDir), storeFile); !sameFile(ours, who.Store) {
		a.say("warning: the daemon at %s is not asked: it works for another store, %s", socket, who.Store)
		return nil, nil
	}
	if ours := readVersion().String(); who.Version != ours {
		a.say("warning: the daemon is %s, this command is %s", who.Version, ours)
	}
	a.sayMore("the daemon at %s answers", socket)
	return client, nil
}

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// askStore runs a verb's questions over the store itself. A verb that only
// reads makes no store: it sees an empty one, which is gone afterwards.
func (a *app) askStore(ctx context.Context, c *Config, u use, verb func(context.Context, *web.Client) error) (err error) {
	path := c.storePath()
	if u == changes {
		if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
			return fmt.Errorf("make data_dir: %w", err)
		}
	} else if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if has, err := store.HasBackups(c.Backup.Dir); err != nil {
			return fmt.Errorf("look for backups: %w", err)
		} else if !has {
			dir, err := os.MkdirTemp("", "nhacviec-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			a.sayMore("no daemon answers, and there is no store yet at %s", path)
			path = filepath.Join(dir, storeFile)
		}
	}
	_, missing := os.Stat(path)
	st, err := store.OpenWith(path, store.Options{Backups: c.Backup.Dir, Looker: apart{ctx}})
	if err != nil {
		return err
	}
	defer func() {
		plans, broken := st.Plans()
		unused := errors.Is(missing, fs.ErrNotExist) && broken == nil && len(plans) == 0
		if err = errors.Join(err, st.Close()); err != nil && unused {
			os.Remove(path) // what was refused leaves nothing behind
		}
	}()
	a.sayMore("no daemon answers; the store is %s", path)
	h := newHandler(st, func() scheduler.Setup { return c.Setup }, a.now)
	h.Tester = ownTester{c, st, a.now}
	return verb(ctx, web.NewClient(web.InProcess(h)))
}

// newHandler returns a control API over a store and the config in force. A
// daemon adds itself, its own channels, and an outbox that wakes them.
func newHandler(st *store.Store, setup func() scheduler.Setup, now func() time.Time) *web.Handler {
	return &web.Handler{
		Plans:   st,
		Ledger:  st,
		Outbox:  st,
		Copier:  copier{st},
		Planner: planner{st, setup, now},
		Setting: func() web.Setting {
			s := setup()
			return web.Setting{Units: s.Units, Location: s.Calendar.Location, Soon: s.Soon(), Channels: s.Channels}
		},
		Now:     now,
		Version: readVersion().String(),
		Store:   st.Path(),
		Explain: explainError,
	}
}

// copier is a store as the control API wants it.
type copier struct{ store *store.Store }

// Copy returns the store as it is at one moment.
func (c copier) Copy() (io.ReadCloser, int64, error) { return c.store.Copy() }

// explainError puts the errors of the other packages into words with a hint,
// an exit code and an HTTP status; nil: none of theirs.
func explainError(err error) *web.Error {
	var config *ConfigError
	var stored *store.Error
	var sending *tasks.SendError
	switch {
	case errors.As(err, &config):
		return &web.Error{Message: config.Error(), Hint: "correct the file, then run: nhacviec check -c " + config.Problems[0].File, Exit: web.ExitConfig}
	case errors.As(err, &stored):
		return explainStored(stored)
	case errors.As(err, &sending):
		return web.Failure("not delivered: "+sending.Err.Error(), sendingHint[sending.Outcome])
	case errors.Is(err, fs.ErrPermission):
		return web.Failure(err.Error(), permissionHint(err, os.Geteuid()))
	case errors.As(err, new(*fs.PathError)):
		return web.Failure(err.Error(), "is the path right, and is there room on the disk?")
	case errors.Is(err, errNotRunning):
		return web.Failure(err.Error(), "try again when it is up: nhacviec status")
	}
	return nil
}

func explainStored(e *store.Error) *web.Error {
	out := web.Failure(e.What, e.Cure)
	if e.Path != "" {
		out.Message = e.Path + ": " + e.What
	}
	switch {
	case errors.Is(e, store.ErrNotFound):
		out.Status = http.StatusNotFound
	case errors.Is(e, store.ErrWaiting), errors.Is(e, store.ErrSettled), errors.Is(e, store.ErrInvalid), errors.Is(e, store.ErrGone):
		out.Status = http.StatusConflict
	}
	return out
}

var sendingHint = map[tasks.Outcome]string{
	tasks.Transient:   "it may work later; is the network up, and the server?",
	tasks.Permanent:   "the address or the message was refused: correct the address",
	tasks.Unknowable:  "perhaps it did arrive: ask who reads that address",
	tasks.ChannelDown: "the whole channel is refused: look at its table and its secret in the config, then run: nhacviec check",
	tasks.Moved:       "put the new address into the config",
}
