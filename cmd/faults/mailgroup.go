//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// What servers say when they are wrong.
const (
	garbage  = "¿que?"
	nulls    = "2\x005\x000"
	longLine = 1 << 20
)

// mailFaults lists every fault of every step of a mail with what must become
// of it. Of those that take no part in one mail, what is said is said to
// whoever comes next.
func mailFaults() (each, early []mailFault) {
	noise := []string{garbage, nulls, "", "250", "999 what", strings.Repeat("x", longLine), notifytest.Cut, notifytest.Reset, notifytest.Half, notifytest.Flood}
	slow := []string{notifytest.Hang, notifytest.Drip}
	busy := []string{"421 4.3.2 closing", "450 4.2.1 later", "451 4.3.0 error", "452 4.2.2 full"}
	no := []string{"550 5.1.1 unknown", "551 5.1.6 moved", "553 5.1.3 bad", "554 5.7.1 no"}
	add := func(list *[]mailFault, step string, take bool, want fate, says ...[]string) {
		for _, say := range slices.Concat(says...) {
			if strings.HasPrefix(say, "250") && (step == "RCPT" || step == "EHLO" || step == "MAIL" || step == "RSET" || step == ".") {
				continue // that is right
			}
			*list = append(*list, mailFault{step: step, say: say, take: take, want: want})
		}
	}
	add(&early, "connect", false, again, busy[:1], no[3:], noise, slow)
	add(&early, "EHLO", false, again, busy, noise, slow[:1])
	add(&early, "MAIL", false, again, busy, []string{"552 5.3.4 storage"}, noise, slow[:1])
	add(&each, "RCPT", false, again, busy, []string{"552 5.2.2 full", "354 what"}, noise, slow)
	add(&each, "RCPT", false, refused, no)
	add(&each, "DATA", false, again, busy, noise, slow[:1])
	add(&each, "DATA", false, refused, no)
	add(&each, "body", false, unclear, []string{notifytest.Cut, notifytest.Reset})
	add(&each, "body", false, doubted, []string{notifytest.Half, notifytest.Flood}) // the server reads on
	add(&each, ".", false, again, busy)
	add(&each, ".", false, refused, no, []string{"552 5.3.4 too much"})
	add(&each, ".", false, doubted, noise, slow[:1])
	add(&each, ".", true, doubted, noise, slow)
	add(&each, "RSET", false, taken, busy, no, noise, slow[:1])
	add(&each, "QUIT", false, taken, busy[:1], no[:1], noise, slow[:1])
	return each, early
}

// misbehaveMail lets two mail servers, of which one offers PIPELINING, do
// everything wrong that one can do, at every step of a mail.
func misbehaveMail(ctx context.Context, l *lab) (result, error) {
	var each, atOnce result
	var both errgroup.Group
	both.Go(func() (err error) { each, err = l.misbehaveMail(ctx, false); return err })
	both.Go(func() (err error) { atOnce, err = l.misbehaveMail(ctx, true); return err })
	err := both.Wait()
	res := result{inFlight: -1}
	res.add("step by step", each)
	res.add("with PIPELINING", atOnce)
	return res, err
}

// misbehaveMail does so with a server that offers PIPELINING, or does not.
func (l *lab) misbehaveMail(ctx context.Context, atOnce bool) (res result, err error) {
	res.inFlight = -1
	each, early := mailFaults()
	if l.quick { // what takes no minute
		each = thin(each)
		early = nil
	}
	o, err := l.found("mail", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: len(each) + 2*len(early)}})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	faults, byAddress := map[target]mailFault{}, map[string]mailFault{}
	for i, f := range each {
		address := newAddress(tasks.Email, i/perUnit+1, i%perUnit)
		byAddress[address], faults[target{tasks.Email, address}] = f, f
	}
	server, err := startFaultyMail(o.take, atOnce, byAddress, slices.Clone(early))
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, server.close()) }()
	o.text = strings.Replace(o.text, fmt.Sprintf("port = %d", o.mail.Port()), fmt.Sprintf("port = %d", server.port()), 1)
	if err := errors.Join(os.WriteFile(o.config, []byte(o.text), 0o600), o.importPlan(ctx)); err != nil {
		return res, err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	base, err := peakMemory(d.cmd.Process.Pid)
	if err != nil {
		return res, err
	}
	limit := 8 * time.Minute
	if l.quick {
		limit = 5 * time.Second
	}
	if err := o.untilSettled(ctx, limit); err != nil {
		return res, err
	}
	peak, err := peakMemory(d.cmd.Process.Pid)
	if err != nil {
		return res, err
	}
	if err := d.stop(); err != nil {
		return res, err
	}
	server.mu.Lock()
	res.faults = server.struck
	for to, f := range server.faults {
		if f.step != "QUIT" && f.step != "RSET" { // a connection need not end
			res.fail("the fault %q at %s did not strike %s", brief(f.say), f.step, to)
		}
	}
	for _, f := range server.early {
		res.fail("the fault %q at %s did not strike", brief(f.say), f.step)
	}
	server.mu.Unlock()
	if growth := peak - base; growth > 20<<10 {
		res.fail("the daemon grew by %d KiB", growth)
	} else {
		res.note("%d faults at every step of %d mails; the daemon grew by %d KiB at most", res.faults, len(o.expected), growth)
	}
	return res, o.judgeFates(ctx, faults, l.quick, &res)
}

// thin leaves one fault of each step and fate, and none that takes a minute.
func thin(all []mailFault) (few []mailFault) {
	seen := map[string]bool{}
	for _, f := range all {
		key := fmt.Sprint(f.step, f.take, f.want)
		if !seen[key] && f.say != notifytest.Hang && f.say != notifytest.Drip {
			seen[key] = true
			few = append(few, f)
		}
	}
	return few
}

// brief is what a fault says, for a person.
func brief(say string) string { return fmt.Sprintf("%.80s", strings.ReplaceAll(say, "\x00", "\\0")) }

// untilSettled waits until every reminder has come to an end, or, with a short
// limit, was tried once.
func (o *office) untilSettled(ctx context.Context, limit time.Duration) error {
	planned := false
	for begun := time.Now(); time.Since(begun) < limit; {
		if err := pause(ctx, time.Second/2); err != nil {
			return err
		}
		waits, err := o.reminders(ctx)
		if err != nil {
			return err
		}
		planned = planned || len(waits) > 0 || o.copies() > 0
		if planned && !slices.ContainsFunc(waits, func(w waiting) bool {
			return w.State != string(tasks.Failed) && (limit > time.Minute || w.Attempts == 0 || w.State == string(tasks.Sending))
		}) {
			return nil
		}
	}
	return nil
}

// peakMemory is the most memory that a process has had, in KiB.
func peakMemory(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
		}
	}
	return 0, fmt.Errorf("no VmHWM of process %d", pid)
}

// judgeFates holds what became of each mail against what its fault asks for.
// Half way, what is to be tried again still waits.
func (o *office) judgeFates(ctx context.Context, faults map[target]mailFault, halfWay bool, res *result) error {
	var ledger []entry
	if err := o.askJSON(ctx, &ledger, "ledger"); err != nil {
		return err
	}
	outbox, err := o.reminders(ctx)
	if err != nil {
		return err
	}
	waits := map[target]waiting{}
	for _, w := range outbox {
		waits[target{w.Channel, w.Address}] = w
	}
	told := readLedger(ledger)
	o.mu.Lock()
	defer o.mu.Unlock()
	for to := range o.expected {
		f, faulty := faults[to]
		if !faulty {
			f.want = again // some conversation met it, or none
		}
		got, a, w := len(o.arrived[to]), told[to], waits[to]
		if a == nil {
			a = &account{}
		}
		res.planned++
		res.delivered += min(got, 1)
		res.repeated += max(got-1, 0)
		res.doubts += a.doubts
		wrong := func(what string) {
			res.fail("%q at %s (%s), taken %t: %s; %d copies, sent %d, doubts %d, failed %d, outbox %s %s", brief(f.say), f.step, f.want, f.take, what, got, a.sent, a.doubts, a.failed, w.State, w.Error)
		}
		switch {
		case f.want == refused:
			if got != 0 || a.failed != 1 || w.State != string(tasks.Failed) {
				wrong("a refusal must be shown and end it")
			}
			res.delivered++ // to the office's knowledge
			continue
		case w.State == string(tasks.Failed) || a.failed > 0:
			wrong("it was given up")
		case f.want == taken && (got != 1 || a.sent != 1 || a.doubts > 0):
			wrong("it had arrived")
		case halfWay && f.want == again && (got != 0 || w.State != string(tasks.Retry)):
			wrong("it must wait for another attempt")
		case halfWay && f.want == doubted && w.Doubts != 1:
			wrong("it must be called uncertain")
		case halfWay && f.want == unclear && (got != 0 || w.State != string(tasks.Retry) && w.Doubts != 1):
			wrong("it must wait for another attempt, or be called uncertain")
		case halfWay:
		case got == 0:
			res.lost++
			wrong("it is lost")
		case a.sent != 1 || f.want == again && (got != 1 || a.doubts > 0):
			wrong("it must be there once, and be known as sent")
		case f.want == unclear && (got != 1 || a.doubts > 1):
			wrong("it must be there once")
		case f.want == doubted && (got > 2 || a.doubts != 1):
			wrong("it must be repeated at most once, and be called uncertain")
		}
		o.judgeIDs(res, to, a)
	}
	o.judgeOutput(res)
	return nil
}
