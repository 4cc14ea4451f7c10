package scheduler

import (
	"slices"
	"time"
)

const (
	// deadAfter is for how long every attempt must fail until the office hears of
	// it: from the first to the last, or, when they take long, to now.
	deadAfter       = 3 * time.Minute
	deadAfterAtMost = 4 * time.Minute
	// fewestFailed is how many attempts that takes.
	fewestFailed = 2
	// fewestPutOff is how many addresses must be put off for it to be the channel
	// and not they: servers keep the mails of strangers waiting for some minutes.
	fewestPutOff = 3
	// droughtLasts is how long an attempt says something of the channel: a little
	// longer than the longest retry.
	droughtLasts = longestRetry + 10*time.Minute
)

// Outage says why nothing goes out on a channel that is tried; "": something does.
type Outage string

// The kinds of outage.
const (
	Unreachable Outage = "unreachable" // nobody answers, or none who serves
	PuttingOff  Outage = "putting-off" // every message is put off
)

// drought is what a lane has met with since somebody there took up a message.
type drought struct {
	since, last time.Time // attempts that failed
	tries       int
	unreached   bool     // by the last one
	putOff      []string // addresses, no more than tell
}

// add notes an attempt that came to neither a yes nor a no for good.
func (s *drought) add(address string, unreached bool, now time.Time) {
	// By the clock on the wall, as all that waits.
	now = now.Round(0)
	if now.Before(s.since) || now.Sub(s.last) > droughtLasts { // of another time, or by another clock
		*s = drought{}
	}
	if s.tries == 0 {
		s.since = now
	}
	s.last, s.unreached = now, unreached
	s.tries++
	if !unreached && len(s.putOff) < fewestPutOff && !slices.Contains(s.putOff, address) {
		s.putOff = append(s.putOff, address)
	}
}

// outage says what a drought comes to.
func (s *drought) outage(now time.Time) Outage {
	now = now.Round(0)
	switch {
	case s.tries < fewestFailed || now.Sub(s.last) > droughtLasts,
		s.last.Sub(s.since) < deadAfter && now.Sub(s.since) < deadAfterAtMost:
		return ""
	case s.unreached:
		return Unreachable
	case len(s.putOff) >= fewestPutOff:
		return PuttingOff
	}
	return ""
}
