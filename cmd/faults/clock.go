//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// clocked is an office whose daemon and verbs live under a clock that the
// harness sets. A rule fires once a local day and has a step for each, so that
// every day on which the clock was past the fire has one message an address,
// with its own number of days left.
type clocked struct {
	*office
	zone   *time.Location
	clock  string     // the file with the clock's lead over the true one
	due    tasks.Date // of the only task
	now    time.Time  // what the clock was last set to
	passes bool       // a second rule, which never finds anything, makes the daemon look every second
	log    *logbook   // of the running daemon
	want   []int      // days left, of each message that every address must have, in order
	res    *result
}

// life is how an office under a clock begins.
type life struct {
	zone string
	at   time.Time           // what the clock shows
	due  tasks.Date          // of its task; 0: fifty days on
	cron string              // of its rule; "": half past seven
	more func(*office) error // changes the config
	lazy bool                // the daemon looks at the clock only when it itself finds that it is time
}

// clockedMessages is what such an office has to send a day. Telegram's limits
// are for a clock that does not jump.
var clockedMessages = map[tasks.Channel]int{tasks.Email: 2, tasks.ZaloBot: 1}

const everyDay = "30 7 * * *"

// earliest is how many days before the due date the first step is.
const earliest = 60

// openClocked makes an office under a clock and imports its plan.
func (l *lab) openClocked(ctx context.Context, name string, of life, res *result) (*clocked, error) {
	zone, err := time.LoadLocation(of.zone)
	if err != nil {
		return nil, err
	}
	o, err := l.found(name, l.binary, plan{messages: clockedMessages})
	if err != nil {
		return nil, err
	}
	if of.more != nil {
		if err := of.more(o); err != nil {
			return nil, errors.Join(err, o.ends.close())
		}
	}
	c := &clocked{office: o, zone: zone, clock: filepath.Join(o.dir, "clock"), due: of.due, now: of.at, passes: !of.lazy, res: res}
	if c.due == 0 {
		c.due = tasks.DateOf(of.at.In(zone)) + 50
	}
	if err := errors.Join(c.furnish(of), c.put(of.at), c.importPlan(ctx)); err != nil {
		return nil, errors.Join(err, o.ends.close())
	}
	return c, nil
}

// furnish writes the config, the plan, and a program that lives by the clock.
func (c *clocked) furnish(of life) error {
	if of.cron == "" {
		of.cron = everyDay
	}
	before := make([]string, earliest+1)
	for i := range before {
		before[i] = fmt.Sprint(i)
	}
	old, _ := zone(time.Now())
	c.text = strings.NewReplacer(
		fmt.Sprintf("timezone = %q", old), fmt.Sprintf("timezone = %q", of.zone),
		`cron = "@every 1s"`, fmt.Sprintf("cron = %q", of.cron),
		"before = [3]", "before = ["+strings.Join(before, ", ")+"]\noverdue_every = 1",
	).Replace(c.text)
	if c.passes {
		c.text += "\n[rules.nhip]\ncron = \"@every 1s\"\ntasks = [\"awaiting\"]\nto = [\"lead\"]\non_days_off = \"send\"\n"
	}
	planText := "| STT | Nội dung | Đơn vị chủ trì | Thời hạn |\n|---|---|---|---|\n| 1 | Báo cáo kết quả " + marker(1) + " | Phòng số 1 | Trước ngày " + c.due.Day() + " |\n"
	return errors.Join(
		c.liveBy(c.clock),
		os.WriteFile(c.config, []byte(c.text), 0o600),
		os.WriteFile(filepath.Join(c.dir, "plan.md"), []byte(planText), 0o600),
	)
}

// liveBy puts the office's program under the clock of a file, which setLead
// writes, and under some variables of the environment.
func (o *office) liveBy(clock string, env ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	program := fmt.Sprintf("#!/bin/sh\nexport ZONEINFO=/nonexistent %s\nexec '%s' %s '%s' '%s' \"$@\"\n", strings.Join(env, " "), self, underClock, clock, o.binary)
	o.binary = filepath.Join(o.dir, "nhacviec")
	syscall.ForkLock.RLock() // a child of this moment would hold the file open, and it could not be run
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(o.binary, []byte(program), 0o700)
}

// setLead sets the clock of a file: so much ahead of the true one.
func setLead(clock string, lead time.Duration) error {
	f, err := os.OpenFile(clock, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(lead)), 0)
	return errors.Join(err, f.Close())
}

func (c *clocked) importPlan(ctx context.Context) error {
	day := tasks.DateOf(c.now.In(c.zone)).String()
	_, err := c.ask(ctx, "import", filepath.Join(c.dir, "plan.md"), "--plan", "kh", "--issued", day)
	return err
}

// put sets the clock.
func (c *clocked) put(at time.Time) error {
	c.now = at
	return setLead(c.clock, time.Until(at))
}

// left is how many days are left on the clock's day.
func (c *clocked) left() int { return int(c.due - tasks.DateOf(c.now.In(c.zone))) }

// begin starts the daemon and waits until it has looked at the clock: at the
// first look a new rule begins, and makes up for nothing before.
func (c *clocked) begin(ctx context.Context) (*daemon, error) {
	d, err := c.startReady(ctx)
	if err != nil {
		return nil, err
	}
	c.log = d.log
	if c.passes {
		c.log.await(0, 10*time.Second, "rule=nhip", "the clock is far ahead")
	}
	return d, nil
}

// visit sets the clock and waits until the daemon has looked at it. owed says
// that the day's fire has taken place by then: every address must have one
// message of that day. Otherwise nothing new may come.
func (c *clocked) visit(ctx context.Context, at time.Time, owed bool) error {
	from, back := len(c.log.bytes()), c.now.Sub(at)
	if err := c.put(at); err != nil {
		return err
	}
	if back >= 0 && back < 2*time.Minute && !owed { // the daemon waits until the clock is where it was
		c.res.faults++
		return errors.Join(pause(ctx, 1500*time.Millisecond), c.settle(ctx, 0))
	}
	return c.look(ctx, from, owed)
}

// look waits until the daemon has passed at the clock's present time, and
// holds what arrived against what is owed.
func (c *clocked) look(ctx context.Context, from int, owed bool) error {
	c.res.faults++
	if owed && !slices.Contains(c.want, c.left()) {
		c.want = append(c.want, c.left())
	}
	if err := c.passed(ctx, from, c.now); err != nil {
		return err
	}
	return c.settle(ctx, 10*time.Second)
}

// settle waits until everything owed has arrived.
func (c *clocked) settle(ctx context.Context, limit time.Duration) error {
	for begun := time.Now(); c.copies() < c.owed() && time.Since(begun) < limit; {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	if n := c.copies(); n != c.owed() {
		c.res.fail("%s, %s: %d messages have come, and %d are owed", filepath.Base(c.dir), c.now.In(c.zone).Format(time.RFC3339), n, c.owed())
		for range min(c.owed()-n, 0) { // complain of each once
			c.res.repeated++
		}
	}
	return ctx.Err()
}

func (c *clocked) owed() int { return len(c.want) * len(c.expected) }

// passed waits for a pass of the daemon at about a time: its second rule says so
// in the log.
func (c *clocked) passed(ctx context.Context, from int, at time.Time) error {
	const limit = 45 * time.Second // it looks at the clock every half minute at least
	for begun := time.Now(); time.Since(begun) < limit && ctx.Err() == nil; {
		which, end := c.log.await(from, time.Second, "rule=nhip scheduled=")
		if which < 0 {
			continue
		}
		from = end
		word, _, _ := strings.Cut(string(c.log.bytes()[end:]), "\n")
		if fired, err := time.Parse(time.RFC3339, strings.Trim(strings.Fields(word + " ?")[0], `"`)); err == nil {
			if since := fired.Sub(at); since >= -time.Second && since < limit {
				return pause(ctx, 30*time.Millisecond) // the pass ends, too
			}
		}
	}
	if ctx.Err() == nil {
		c.res.fail("%s: within %s of setting the clock to %s the daemon has not looked at it:\n%.2000s", filepath.Base(c.dir), limit, at.In(c.zone).Format(time.RFC3339), c.log.bytes())
	}
	return ctx.Err()
}

// told is a message as the ledger has it.
type told struct {
	Kind    string
	State   string
	Channel tasks.Channel
	Address string
	At      time.Time
	Steps   []struct {
		DaysLeft *int `json:"days_left"`
	}
}

// end stops the daemon and holds the ledger against what was owed: for each
// address the same messages in the same order, each of the day that it bears.
func (c *clocked) end(ctx context.Context, d *daemon) error {
	if err := d.stop(); err != nil {
		return err
	}
	if err := c.settle(ctx, 0); err != nil {
		return err
	}
	var ledger []told
	if err := c.askJSON(ctx, &ledger, "ledger"); err != nil {
		return err
	}
	if _, stderr, exit, err := c.verb(ctx, "verify"); err != nil || exit != 0 {
		c.res.fail("verify exits with %d: %s", exit, stderr)
		return err
	}
	got := map[target][]int{}
	for _, m := range ledger {
		if m.Kind != string(tasks.Reminder) {
			continue
		}
		if m.State != string(tasks.Delivered) || len(m.Steps) != 1 || m.Steps[0].DaysLeft == nil {
			c.res.fail("%s: the ledger has %+v", filepath.Base(c.dir), m)
			continue
		}
		left := *m.Steps[0].DaysLeft
		if true := int(c.due - tasks.DateOf(m.At.In(c.zone))); left != true {
			c.res.fail("%s: a message of %s says %d days left, and there are %d", filepath.Base(c.dir), m.At, left, true)
		}
		to := target{m.Channel, m.Address}
		got[to] = append(got[to], left)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for to := range c.expected {
		c.res.planned += len(c.want)
		c.res.delivered += min(len(c.arrived[to]), len(c.want))
		c.res.lost += max(len(c.want)-len(c.arrived[to]), 0)
		if !slices.Equal(got[to], c.want) {
			c.res.fail("%s: %s was told of %v days left, and should have been of %v", filepath.Base(c.dir), to.address, got[to], c.want)
		}
	}
	c.judgeOutput(c.res)
	return nil
}

// canSetClocks reports why the clock of a program cannot be moved here, "" if
// it can.
func canSetClocks(ctx context.Context, l *lab) string {
	if underClock == "" {
		return "the clock of a program is moved on Linux on amd64 only"
	}
	self, err := os.Executable()
	if err != nil {
		return err.Error()
	}
	name := filepath.Join(l.dir, "no-lead")
	if err := os.WriteFile(name, make([]byte, 8), 0o600); err != nil {
		return err.Error()
	}
	cmd := exec.CommandContext(ctx, self, underClock, name, l.binary, "version")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("the clock of a program cannot be moved: %v: %.200s", err, text)
	}
	return ""
}
