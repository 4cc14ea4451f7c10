package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// pipeLog writes lines to a file that somebody else reads. A pipe that is full
// would hold up everything that logs, and so every message: after a while its
// lines are dropped and counted instead, until it is read again.
type pipeLog struct {
	file     *os.File
	patience time.Duration // for the first line that finds it full

	mu   sync.Mutex
	lost int // lines since it was read
}

// logPatience is more than a busy reader needs.
const logPatience = time.Second

// Write writes whole lines. It never fails because of a full pipe.
func (l *pipeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	patience := l.patience
	if l.lost > 0 {
		patience = 0
	}
	if !l.writable(patience) {
		l.lost++
		return len(p), nil
	}
	if l.lost > 0 {
		note := fmt.Appendf(nil, "nhacviec: %d lines of the log were lost: nobody read it\n", l.lost)
		l.lost = 0
		if _, err := l.write(note); err != nil {
			return 0, err
		}
	}
	return l.write(p)
}

// write writes what poll has promised room for, and the rest as there is room.
func (l *pipeLog) write(p []byte) (done int, err error) {
	const room = 4096 // a pipe that can be written to takes at least so much at once
	for done < len(p) {
		if done > 0 && !l.writable(l.patience) {
			l.lost++
			return len(p), nil
		}
		n, err := l.file.Write(p[done:min(done+room, len(p))])
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// writable waits until a write would not block; what cannot be known is taken
// for writable.
func (l *pipeLog) writable(limit time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(l.file.Fd()), Events: unix.POLLOUT}}
	for deadline := time.Now().Add(limit); ; {
		n, err := unix.Poll(fds, int(max(time.Until(deadline), 0).Milliseconds()))
		if err != unix.EINTR {
			return n > 0 || err != nil
		}
	}
}
