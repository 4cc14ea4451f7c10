//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// daemon is one process of `nhacviec serve`.
type daemon struct {
	office *office
	cmd    *exec.Cmd
	log    *logbook
	ended  chan struct{} // closed when the process is gone and err is set
	err    error
}

// start starts the daemon of an office, as wrap says: a command in front of it,
// and variables of the environment.
func (o *office) start(ctx context.Context, wrap []string, env ...string) (*daemon, error) {
	return o.startInto(ctx, nil, wrap, env...)
}

// startInto starts the daemon with its log going to a file; nil: to the
// harness.
func (o *office) startInto(ctx context.Context, file *os.File, wrap []string, env ...string) (*daemon, error) {
	args := append(append([]string{}, wrap...), o.binary, "serve", "-c", o.config)
	d := &daemon{office: o, cmd: exec.CommandContext(ctx, args[0], args[1:]...), log: newLogbook(), ended: make(chan struct{})}
	d.cmd.Stderr = d.log
	if file != nil {
		d.cmd.Stderr = file
	}
	d.cmd.Env = append(os.Environ(), env...)
	d.cmd.SysProcAttr = o.attributes()
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.err = d.cmd.Wait()
		o.lab.spent.add(d.cmd.ProcessState)
		o.hear(d.log.bytes())
		close(d.ended)
	}()
	return d, nil
}

// attributes makes the program die with the harness, and run as its user.
func (o *office) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if o.uid != 0 {
		a.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.uid)}
	}
	return a
}

// startReady starts the daemon and waits until it answers.
func (o *office) startReady(ctx context.Context) (*daemon, error) {
	d, err := o.start(ctx, nil)
	if err != nil {
		return nil, err
	}
	return d, d.ready(20 * time.Second)
}

// ready waits until the daemon says that it has started.
func (d *daemon) ready(limit time.Duration) error {
	for begun := time.Now(); time.Since(begun) < limit; {
		if which, _ := d.log.await(0, 20*time.Millisecond, "msg=started"); which == 0 {
			return nil
		}
		select {
		case <-d.ended:
			return fmt.Errorf("the daemon ended instead of starting: %w\n%s", d.err, d.log.bytes())
		default:
		}
	}
	return fmt.Errorf("the daemon does not start within %s:\n%s", limit, d.log.bytes())
}

// kill ends the process as a fault would and waits until it is gone.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// signal sends it a signal.
func (d *daemon) signal(sig syscall.Signal) error { return d.cmd.Process.Signal(sig) }

// wait waits for the end of the process and returns its exit code; -1 when a
// signal ended it.
func (d *daemon) wait(limit time.Duration) (exit int, err error) {
	select {
	case <-d.ended:
		return d.cmd.ProcessState.ExitCode(), nil
	case <-time.After(limit):
		return 0, fmt.Errorf("the daemon still runs after %s", limit)
	}
}

// stop ends the daemon in the ordinary way.
func (d *daemon) stop() error {
	if err := d.signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	exit, err := d.wait(35 * time.Second)
	if err != nil {
		d.kill()
		return err
	}
	if exit != 0 {
		return fmt.Errorf("after SIGTERM the daemon exits with %d: %s", exit, d.log.bytes())
	}
	return nil
}

// logbook keeps what a process prints and lets others wait for it.
type logbook struct {
	mu    sync.Mutex
	more  *sync.Cond
	lines bytes.Buffer
}

func newLogbook() *logbook {
	l := &logbook{}
	l.more = sync.NewCond(&l.mu)
	return l
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.more.Broadcast()
	return l.lines.Write(p)
}

func (l *logbook) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.lines.Bytes())
}

// await waits for one of some texts behind an offset. It returns which came,
// -1 after the limit, and the offset behind what was read.
func (l *logbook) await(from int, limit time.Duration, texts ...string) (which, end int) {
	deadline := time.Now().Add(limit)
	timer := time.AfterFunc(limit, func() {
		l.mu.Lock() // not between a look at the time and the wait
		defer l.mu.Unlock()
		l.more.Broadcast()
	})
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		seen := l.lines.Bytes()[from:]
		for i, text := range texts {
			if at := bytes.Index(seen, []byte(text)); at >= 0 {
				return i, from + at + len(text)
			}
		}
		if !time.Now().Before(deadline) {
			return -1, from
		}
		l.more.Wait()
	}
}
