package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot counts on through suspends and whatever the wall clock is set to.
func sinceBoot() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) // every Linux that Go runs on has it
	return time.Duration(t.Nano())
}
