package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// supervisor speaks sd_notify(3) to whoever started the daemon. Without
// NOTIFY_SOCKET it says nothing.
type supervisor struct {
	socket   string
	watchdog time.Duration // how often it wants to hear that we are alive; 0: never
}

// newSupervisor reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the
// environment, so that no child speaks in our name.
func newSupervisor() supervisor {
	s := supervisor{socket: os.Getenv("NOTIFY_SOCKET")}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.watchdog = time.Duration(usec) * time.Microsecond
	}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
	return s
}

func (s supervisor) ready(status string) error  { return s.say("READY=1", "STATUS="+status) }
func (s supervisor) status(status string) error { return s.say("STATUS=" + status) }
func (s supervisor) stopping() error            { return s.say("STOPPING=1") }
func (s supervisor) alive() error               { return s.say("WATCHDOG=1") }

// reloading begins a reload; ready ends it.
func (s supervisor) reloading() error {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return fmt.Errorf("read the monotonic clock: %w", err)
	}
	return s.say("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", ts.Nano()/1000))
}

func (s supervisor) say(lines ...string) error {
	if s.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}
