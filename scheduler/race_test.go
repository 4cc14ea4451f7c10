//go:build race

package scheduler

// underRace tells tests that do much to do less: the race detector makes them
// ten times as dear, and the run without it proves the rest.
const underRace = true
