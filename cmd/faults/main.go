//go:build linux

// Command faults tries to make nhacviec lose or repeat a message: it runs the
// release binary as an ordinary user would, against mail, Telegram and Zalo
// servers of its own on loopback, kills it, starves it and spoils its files,
// and counts what arrived. It prints a table of what was done and what came of
// it, and exits with 1 when a promise was broken.
//
//	go run ./cmd/faults              the whole goal, within a quarter of an hour
//	go run ./cmd/faults -quick       the same in small
//	go run ./cmd/faults -only G1,G12 -seed 7
//
// What is random is drawn from the seed, another one each time, which the table
// shows, and random kills from the two after it too; the moment at which a kill
// meets the daemon still depends on the machine.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(64)
	case err != nil:
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	case !ok:
		os.Exit(1)
	}
}

// run does what the arguments ask. It reports whether every promise held.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (ok bool, err error) {
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "run only these groups: G1,G12")
	seed := flags.Uint64("seed", uint64(time.Now().Unix()), "draw what is random from this number")
	quick := flags.Bool("quick", false, "the small figures of go test")
	keep := flags.Bool("keep", false, "keep the working directory of each group")
	side := flags.Int("j", 2, "groups that run at the same time")
	if err := flags.Parse(args); err != nil {
		return false, flag.ErrHelp
	}
	chosen, err := choose(groups(), *only)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "faults-")
	if err != nil {
		return false, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // a trace knows files by their true names
		return false, err
	}
	if *keep {
		fmt.Fprintln(stderr, "working directory:", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	l, err := newLab(ctx, dir, *seed, *quick)
	if err != nil {
		return false, err
	}
	began := time.Now()
	results := l.runAll(ctx, chosen, max(*side, 1), stderr)
	fmt.Fprintf(stdout, "nhacviec %s, %s, %s/%s, %d processors, seed %d, %s\n\n", l.version, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), *seed, time.Since(began).Round(time.Second))
	ok = printTable(stdout, results)
	if !*quick {
		fmt.Fprintln(stdout, scaled)
	}
	return ok, ctx.Err()
}

// choose returns the groups that a list of ids names, all of them for "".
func choose(all []group, only string) ([]group, error) {
	if only == "" {
		return all, nil
	}
	var chosen []group
	for id := range strings.SplitSeq(only, ",") {
		found := false
		for _, g := range all {
			if strings.EqualFold(g.id, strings.TrimSpace(id)) {
				chosen, found = append(chosen, g), true
			}
		}
		if !found {
			return nil, fmt.Errorf("-only: there is no group %q", id)
		}
	}
	return chosen, nil
}

// runAll runs the groups and returns their results in order. A group that
// measures time or load runs alone, before the others. Then all that mostly
// wait for something run at once, and beside them a few of the others.
func (l *lab) runAll(ctx context.Context, chosen []group, side int, progress io.Writer) []outcome {
	results := make([]outcome, len(chosen))
	started := time.Now()
	one := func(i int) {
		begun, own := time.Now(), *l
		own.spent = &usage{}
		res, err := chosen[i].run(ctx, &own)
		if err != nil {
			res.failures = append(res.failures, "the harness itself failed: "+err.Error())
		}
		results[i] = outcome{chosen[i], res, time.Since(begun), own.spent.seconds()}
		fmt.Fprintf(progress, "%-4s %-7s after %.0f s\n", results[i].id, res.verdict(), time.Since(started).Seconds())
	}
	var rest []int // by what they need, the longest first
	for i, g := range chosen {
		if g.alone && !l.quick {
			one(i)
		} else {
			rest = append(rest, i)
		}
	}
	slices.SortStableFunc(rest, func(a, b int) int { return cmp.Compare(chosen[b].work, chosen[a].work) })
	var running sync.WaitGroup
	slots := make(chan struct{}, side)
	for _, i := range rest {
		if chosen[i].waits {
			running.Go(func() { one(i) })
		}
	}
	for _, i := range rest {
		if chosen[i].waits {
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			one(i)
		})
	}
	running.Wait()
	return results
}
