//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// manager is a service manager that waits for signs of life.
type manager struct {
	conn  *net.UnixConn
	signs atomic.Int64
}

// watchdog is how often a manager wants to hear of a daemon.
const watchdog = 20 * time.Second

func (o *office) startManager() (*manager, error) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(o.dir, "notify"), Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	m := &manager{conn: conn}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			if strings.Contains(string(b[:n]), "WATCHDOG=1") {
				m.signs.Add(1)
			}
		}
	}()
	return m, nil
}

// silent waits until there was no sign of life for as long as a manager bears.
func (m *manager) silent(ctx context.Context, limit time.Duration) (bool, error) {
	last, since := m.signs.Load(), time.Now()
	for begun := time.Now(); time.Since(begun) < limit; {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return false, err
		}
		if n := m.signs.Load(); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) > watchdog {
			return true, nil
		}
	}
	return false, nil
}

// getStuck lets a disk hang in the middle of a write, so that the loop stands
// still while the process lives: the signs of life to the service manager must
// stop, which then starts it anew, and nothing is lost.
func (l *lab) getStuck(ctx context.Context, res *result) (err error) {
	o, err := l.open(ctx, "stuck", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 100}, perMinute: 300})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	m, err := o.startManager()
	if err != nil {
		return err
	}
	defer m.conn.Close()
	d, err := o.start(ctx, nil, "NOTIFY_SOCKET="+filepath.Join(o.dir, "notify"), fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	if err != nil {
		return err
	}
	defer d.kill()
	if err := d.ready(20 * time.Second); err != nil {
		return err
	}
	if !o.moves(ctx, 0, 20*time.Second) || m.signs.Load() == 0 {
		res.fail("the daemon sends %d messages and %d signs of life", o.copies(), m.signs.Load())
	}
	const never = 3600 * 1_000_000 // µs
	hang := exec.CommandContext(ctx, "strace", "-f", "-qq", "-o", os.DevNull, "-p", fmt.Sprint(d.cmd.Process.Pid),
		"-e", "trace=fdatasync", "-e", fmt.Sprintf("inject=fdatasync:delay_enter=%d", never))
	hang.SysProcAttr = o.attributes()
	if err := hang.Start(); err != nil {
		return err
	}
	res.faults++
	begun := time.Now()
	silent, err := m.silent(ctx, time.Minute)
	if err != nil {
		return err
	}
	if !silent {
		res.fail("a loop that stands still went on giving signs of life")
	}
	took := time.Since(begun)
	_ = d.signal(syscall.SIGKILL) // as the manager does; the tracer holds it until it is gone itself
	_ = hang.Process.Kill()
	_ = hang.Wait()
	d.kill()
	o.newLife()
	res.note("the service manager hears nothing of a loop that stands still, and knows after %s", took.Round(time.Second))
	return errors.Join(o.finish(ctx, res), o.judge(ctx, res))
}
