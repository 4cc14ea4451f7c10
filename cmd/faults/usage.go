//go:build linux

package main

import (
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// usage is the processor time of a group: of the programs that it started, and
// of those threads of the harness that work for it alone.
type usage struct{ spent atomic.Int64 }

// add adds that of a program that has ended.
func (u *usage) add(ended *os.ProcessState) {
	if u != nil && ended != nil {
		u.spent.Add(int64(ended.UserTime() + ended.SystemTime()))
	}
}

// addThread adds that of the thread that calls it.
func (u *usage) addThread() {
	var r unix.Rusage
	if u != nil && unix.Getrusage(unix.RUSAGE_THREAD, &r) == nil {
		u.spent.Add(r.Utime.Nano() + r.Stime.Nano())
	}
}

func (u *usage) seconds() float64 { return time.Duration(u.spent.Load()).Seconds() }
