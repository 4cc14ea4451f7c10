//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// beRough is what the mutants need besides the groups: far ends that break the
// line, a fire that was missed, and somebody who only looks.
func beRough(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	parts := []struct {
		name string
		run  func(context.Context, *lab) (result, error)
	}{{"broken lines", breakLines}, {"hanging up", hangUp}, {"down over a fire", missFire}, {"only looking", onlyLook}}
	results := make([]result, len(parts))
	errs := make([]error, len(parts))
	var waiting sync.WaitGroup
	for i, part := range parts {
		waiting.Go(func() { results[i], errs[i] = part.run(ctx, l) })
	}
	waiting.Wait()
	for i, part := range parts {
		if errs[i] != nil {
			return res, fmt.Errorf("%s: %w", part.name, errs[i])
		}
		res.add(part.name, results[i])
	}
	return res, nil
}

// breakLines lets every far end break the line before and after it accepts a
// message: none is given up, what may have arrived is called uncertain, and
// nobody prints a token.
func breakLines(ctx context.Context, l *lab) (res result, err error) {
	o, err := l.open(ctx, "lines", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 20, tasks.Telegram: 10, tasks.ZaloBot: 1}, connections: 2})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	o.mail.Inject(
		notifytest.SMTPFault{Step: "rcpt", Reply: "450 4.2.1 come back later"},
		notifytest.SMTPFault{Step: "dot", Cut: true},
		notifytest.SMTPFault{Step: "dot", Take: true, Cut: true},
		notifytest.SMTPFault{Step: "dot", Reply: "451 4.3.0 not now"},
	)
	o.telegram.Inject(notifytest.Fault{Reset: true}, notifytest.Fault{Take: true, Reset: true}, notifytest.BadGateway)
	const broken = 7
	res.faults = broken
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	all := 31
	var waits []waiting
	for begun := time.Now(); ; { // until each was tried once
		if waits, err = o.reminders(ctx); err != nil {
			return res, err
		}
		tried := 0
		for _, w := range waits {
			if w.Attempts > 0 && w.State != string(tasks.Sending) {
				tried++
			}
		}
		if len(waits) == tried && o.copies()+broken >= all || time.Since(begun) > 30*time.Second {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return res, err
		}
	}
	if len(waits) == 0 || len(waits) > broken {
		res.fail("after %d broken lines %d messages wait", broken, len(waits))
	}
	for _, w := range waits {
		if w.State != string(tasks.Retry) {
			res.fail("%s is %s after a broken line: %s", w.Address, w.State, w.Error)
		}
	}
	if !l.quick { // the first retry comes after half a minute
		if err := errors.Join(d.stop(), o.finish(ctx, &res)); err != nil {
			return res, err
		}
		return res, o.judge(ctx, &res)
	}
	if err := d.stop(); err != nil {
		return res, err
	}
	var ledger []entry
	if err := o.askJSON(ctx, &ledger, "ledger"); err != nil {
		return res, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	told := readLedger(ledger)
	for to := range o.expected {
		o.judgeIDs(&res, to, told[to])
	}
	o.judgeOutput(&res)
	return res, nil
}

// hangUp lets the mail server accept mails and then hang up on whatever is
// asked next: each arrives once, and is recorded as sent.
func hangUp(ctx context.Context, l *lab) (res result, err error) {
	o, err := l.found("hangup", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 10}, connections: 2})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	server, err := notifytest.StartScript(notifytest.Script{"RSET": notifytest.Cut, "NOOP": notifytest.Cut, "QUIT": notifytest.Cut})
	if err != nil {
		return res, err
	}
	defer server.Close()
	old := fmt.Sprintf("port = %d", o.mail.Port())
	o.text = strings.Replace(o.text, old, fmt.Sprintf("port = %d", server.Port()), 1)
	if err := errors.Join(os.WriteFile(o.config, []byte(o.text), 0o600), o.importPlan(ctx)); err != nil {
		return res, err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	for begun := time.Now(); len(server.Accepted()) < 10 && time.Since(begun) < 30*time.Second; {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return res, err
		}
	}
	if err := d.stop(); err != nil {
		return res, err
	}
	for _, m := range server.Accepted() {
		o.take(m)
	}
	res.faults = 10
	return res, o.judge(ctx, &res)
}

// missFire keeps the daemon down while a rule fires: it must make up for it as
// soon as it is back, not at the next fire.
func missFire(ctx context.Context, l *lab) (res result, err error) {
	const every = 5 * time.Second
	o, err := l.found("missed", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 10, tasks.Telegram: 5, tasks.ZaloBot: 1}})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	o.text = strings.Replace(o.text, "@every 1s", "@every 5s", 1)
	if err := os.WriteFile(o.config, []byte(o.text), 0o600); err != nil {
		return res, err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	if which, _ := d.log.await(0, 30*time.Second, "msg=fired"); which < 0 { // from then on it knows what it has done
		return res, fmt.Errorf("the rule does not fire:\n%s", d.log.bytes())
	}
	if err := errors.Join(d.stop(), o.importPlan(ctx), pause(ctx, every)); err != nil {
		return res, err
	}
	res.faults = 1
	begun := time.Now()
	if d, err = o.startReady(ctx); err != nil {
		return res, err
	}
	defer d.kill()
	if !o.moves(ctx, 0, every-time.Second) {
		res.fail("nothing went out within %s of the start, and a fire had been missed", time.Since(begun).Round(time.Second))
	}
	res.note("the missed fire was made up for after %s", time.Since(begun).Round(10*time.Millisecond))
	return res, errors.Join(d.stop(), o.finish(ctx, &res), o.judge(ctx, &res))
}

// getPath finds the paths of the control API that are read.
var getPath = regexp.MustCompile(`"(/v1/[a-z-]+)":[^\n]*(?:MethodGet|\n\t\thttp\.MethodGet)`)

// onlyLook asks the daemon everything that can be asked, in every way that only
// looks: nothing stored may change by it.
func onlyLook(ctx context.Context, l *lab) (res result, err error) {
	o, err := l.open(ctx, "look", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 10}})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	if err := errors.Join(o.finish(ctx, &res), o.judge(ctx, &res)); err != nil {
		return res, err
	}
	before, err := o.readAll(ctx)
	if err != nil {
		return res, err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	source, err := os.ReadFile(filepath.Join(l.root, "web", "handler.go"))
	if err != nil {
		return res, err
	}
	paths := getPath.FindAllStringSubmatch(string(source), -1)
	if len(paths) < 8 {
		return res, fmt.Errorf("found only %d paths in web/handler.go", len(paths))
	}
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(o.dir, "s"))
	}}}
	answered := 0
	for _, m := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			for _, query := range []string{"", "?no=1", "?plan=kh&no=1"} {
				req, err := http.NewRequestWithContext(ctx, method, "http://daemon"+m[1]+query, nil)
				if err != nil {
					return res, err
				}
				resp, err := client.Do(req)
				if err != nil {
					return res, err
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					answered++
				}
				res.faults++
			}
		}
	}
	client.CloseIdleConnections()
	if answered < len(paths) {
		res.fail("only %d of %d looks at %d paths were answered", answered, res.faults, len(paths))
	}
	if err := d.stop(); err != nil {
		return res, err
	}
	after, err := o.readAll(ctx)
	if err == nil && after != before {
		res.fail("looking changed what is stored")
	}
	return res, err
}
