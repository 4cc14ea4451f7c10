package scheduler

import (
	"sync"
	"time"
)

// Clock tells a wall clock that can be believed from one that was set wrong.
// A reminder sent by a clock that runs ahead is wrong, and it stands in the way
// of the right one: nothing is planned or sent until the clock is back, or a
// person has said that it is right. A clock that falls back does no such harm,
// for what was told is known. A nil Clock is always believed.
type Clock struct {
	elapsed func() time.Duration

	mu    sync.Mutex
	known time.Time     // the last believed instant
	at    time.Duration // elapsed() then
	slack time.Duration
}

const (
	// longestStep is the largest step ahead of a running clock that is believed:
	// it makes good a day lost, but no wrong month or year.
	longestStep = 36 * time.Hour
	// longestDowntime is the longest time between two runs of the daemon that is
	// believed.
	longestDowntime = 60 * 24 * time.Hour
)

// NewClock returns a clock that was last believed at known. elapsed counts on
// from any moment and through suspends, whatever the wall clock is set to.
func NewClock(known time.Time, elapsed func() time.Duration) *Clock {
	return &Clock{elapsed: elapsed, known: known.Round(0), at: elapsed(), slack: longestDowntime}
}

// Look returns by how much now is ahead of what can be believed, 0 when it is
// believed, and remembers a believed instant.
func (c *Clock) Look(now time.Time) (ahead time.Duration) {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead = c.ahead(now)
	switch {
	case ahead > c.slack:
		return ahead
	case ahead >= 0:
		c.believe(now)
	}
	return 0
}

// Believed reports whether now can be believed.
func (c *Clock) Believed(now time.Time) bool {
	if c == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead(now) <= c.slack
}

// Trust believes the clock as it stands: a person has looked at it.
func (c *Clock) Trust(now time.Time) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.believe(now)
}

func (c *Clock) ahead(now time.Time) time.Duration {
	return now.Round(0).Sub(c.known.Add(c.elapsed() - c.at))
}

func (c *Clock) believe(now time.Time) {
	c.known, c.at, c.slack = now.Round(0), c.elapsed(), longestStep
}
