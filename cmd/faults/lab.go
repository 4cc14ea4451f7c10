//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
)

// lab is what every group needs.
type lab struct {
	root    string // of the module
	dir     string // work here
	binary  string // the release binary
	version string
	seed    uint64
	quick   bool
	spent   *usage // of the group that runs
}

// newLab builds the release binary into a directory.
func newLab(ctx context.Context, dir string, seed uint64, quick bool) (*lab, error) {
	root, err := output(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}"))
	if err != nil {
		return nil, fmt.Errorf("find the module: %w; run the command inside of it", err)
	}
	l := &lab{root: root, dir: dir, seed: seed, quick: quick}
	if l.binary, err = l.build(ctx, "release", nil); err != nil {
		return nil, err
	}
	if l.version, err = output(exec.CommandContext(ctx, l.binary, "version")); err != nil {
		return nil, err
	}
	l.version = strings.TrimPrefix(strings.SplitN(l.version, "\n", 2)[0], "nhacviec ")
	return l, nil
}

// output runs a command and returns what it prints, without the space around.
func output(cmd *exec.Cmd) (string, error) {
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(errs.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// random returns the random numbers of one group, which do not depend on what
// other groups draw.
func (l *lab) random(id string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(id))
	return rand.New(rand.NewPCG(l.seed, h.Sum64()))
}

// scale returns the figure of the goal or of the quick run.
func (l *lab) scale(goal, quick int) int {
	if l.quick {
		return quick
	}
	return goal
}
