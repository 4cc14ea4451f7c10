package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/tasks/store"
	"nhacviec/web"
)

// A damaged store file can end the process that reads it, take all its memory,
// or keep it busy for ever. So a process of its own looks at a file first, which
// may not take long nor much. What becomes of that is an error here.
const (
	lookTime   = 18 * time.Second // and to look at the whole of a large file more:
	lookSpeed  = 4 << 20          // bytes a second
	lookMemory = 1 << 30          // bytes, besides what the file is mapped to
)

// apart looks at store files in processes of their own, which end with ctx.
type apart struct{ ctx context.Context }

// Look returns what keeps a file from being opened.
func (a apart) Look(path string) error {
	found, err := lookApart(a.ctx, path, false)
	if errors.Is(err, errNoLook) {
		return nil // whoever opens it sees the same
	}
	return errors.Join(err, found.err())
}

// Inspect looks at everything in a file.
func (a apart) Inspect(path string) (uint64, error) {
	found, err := lookApart(a.ctx, path, true)
	if errors.Is(err, errNoLook) {
		return store.Inspect(path)
	}
	return found.Entries, errors.Join(err, found.err())
}

// looked is what the other process prints.
type looked struct {
	Entries uint64 `json:"entries"`

	// What is wrong with the file, as in a store.Error; no Kind: nothing is.
	Kind string `json:"kind,omitempty"`
	What string `json:"what,omitempty"`
	Cure string `json:"cure,omitempty"`
	Path string `json:"path,omitempty"`
}

// lookKinds are the errors that are about what is in the file.
var lookKinds = []error{store.ErrDamaged, store.ErrTampered, store.ErrNewer, store.ErrLocked}

func (l looked) err() error {
	for _, kind := range lookKinds {
		if kind.Error() == l.Kind {
			return &store.Error{Path: l.Path, What: l.What, Cure: l.Cure, Err: kind}
		}
	}
	return nil
}

// errNoLook: nobody could look, or what is wrong is not in the file: no right to
// read it, no process to be had.
var errNoLook = errors.New("the file was not looked at")

// lookApart runs this program's verb look.
func lookApart(ctx context.Context, path string, whole bool) (looked, error) {
	info, err := os.Stat(path)
	if err != nil {
		return looked{}, errNoLook
	}
	self, err := os.Executable()
	if err != nil {
		return looked{}, errNoLook
	}
	cmd, limit := exec.Command(self), lookTime
	cmd.Args = []string{"nhacviec", "look", "--", path}
	if whole {
		cmd.Args = []string{"nhacviec", "look", "--whole", "--", path}
		limit += time.Duration(info.Size()/lookSpeed) * time.Second
	}
	return await(ctx, cmd, path, limit)
}

// await runs a process that looks at a file, for a time at most.
func await(ctx context.Context, cmd *exec.Cmd, path string, limit time.Duration) (found looked, err error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if _, err := cmd.StdinPipe(); err != nil { // open for as long as this process lives
		return found, errNoLook
	}
	if err := cmd.Start(); err != nil {
		return found, errNoLook
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(timed, func() { cmd.Process.Kill() })()
	err = cmd.Wait()
	var exit *exec.ExitError
	ended := errors.As(err, &exit)
	switch {
	case ctx.Err() != nil:
		return found, ctx.Err()
	case timed.Err() != nil:
		return found, store.Unreadable(path, fmt.Sprintf("reading it had not come to an end after %s, or the disk is very slow", limit))
	case err == nil && json.Unmarshal(stdout.Bytes(), &found) == nil:
		return found, nil
	case ended && killed(exit):
		return found, fmt.Errorf("%s: the process that looked at it was killed from outside: %w", path, err)
	case ended && exit.ExitCode() == web.ExitFailed:
		return found, errNoLook
	}
	why, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	return found, store.Unreadable(path, fmt.Sprintf("reading it ends the program: %v: %s", err, why))
}

func killed(e *exec.ExitError) bool {
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && (status.Signal() == syscall.SIGKILL || status.Signal() == syscall.SIGTERM)
}

func newLookCommand(a *app) *cobra.Command {
	var whole bool
	cmd := &cobra.Command{
		Use:     "look FILE",
		Short:   "Look at a store file for another nhacviec",
		Long:    "Look is what other verbs run before they read a store file, which may be damaged\nin a way that ends who reads it. It ends when its stdin does.",
		Example: "  nhacviec look --whole nhacviec.db",
		Hidden:  true,
		Args:    arguments("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) // they mean who started it
			info, err := os.Stat(args[0])
			if err != nil {
				return err
			}
			if err := limitMemory(lookMemory + 2*uint64(info.Size())); err != nil {
				return err
			}
			go func() {
				io.Copy(io.Discard, a.stdin)
				os.Exit(exitOrphan)
			}()
			found, err := look(args[0], whole)
			if err != nil {
				return err
			}
			return json.NewEncoder(a.stdout).Encode(found)
		},
	}
	cmd.Flags().BoolVar(&whole, "whole", false, "at every page, every record and the ledger")
	return cmd
}

// exitOrphan is the exit code of a look that nobody waits for.
const exitOrphan = 3

func look(path string, whole bool) (found looked, err error) {
	if whole {
		found.Entries, err = store.Inspect(path)
	} else {
		err = store.Look(path)
	}
	var wrong *store.Error
	if errors.As(err, &wrong) {
		found.Kind, found.What, found.Cure, found.Path = wrong.Err.Error(), wrong.What, wrong.Cure, wrong.Path
		err = nil
	}
	return found, err
}
