//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// seeds is how many seeds the goal run draws a group's random kills from.
const seeds = 3

// share parts a figure of the goal among the seeds; a quick run has one seed.
func (l *lab) share(goal, quick int) int { return l.scale((goal+seeds-1)/seeds, quick) }

// perSeed runs a part side by side for the seeds of a run, and adds up what
// came of it.
func (l *lab) perSeed(ctx context.Context, part func(context.Context, *lab) (result, error)) (res result, err error) {
	n := l.scale(seeds, 1)
	results, errs := make([]result, n), make([]error, n)
	var waiting sync.WaitGroup
	for i := range n {
		own := *l
		own.seed += uint64(i)
		waiting.Go(func() { results[i], errs[i] = part(ctx, &own) })
	}
	waiting.Wait()
	if n == 1 {
		return results[0], errs[0]
	}
	for i, r := range results {
		res.add(fmt.Sprint("seed ", l.seed+uint64(i)), r)
	}
	return res, errors.Join(errs...)
}
