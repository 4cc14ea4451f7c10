//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// officeChat is where the office is told of what is wrong with its mail.
const officeChat = "-1000000000001"

// trouble is one thing that keeps messages from leaving, and the channel on
// which the office must hear of it.
type trouble struct {
	name string
	by   tasks.Channel
	slow bool                                         // only time shows it: it is not known for lasting at once
	set  func(*scene) error                           // before the daemon starts; may be nil
	do   func(context.Context, *scene, *daemon) error // while it runs; may be nil
}

// scene is an office in trouble.
type scene struct {
	*office
	clock   string
	account *notifytest.ZaloOA
	env     []string
	closers []func() error
}

// replace changes the config, which must have what is replaced.
func (s *scene) replace(old, new string) error {
	if !strings.Contains(s.text, old) {
		return fmt.Errorf("the config has no %q", old)
	}
	s.text = strings.Replace(s.text, old, new, 1)
	return nil
}

// secureMail puts a mail server with a login in place of the plain one.
// trusted: its certificate is one that the system knows.
func (s *scene) secureMail(password string, trusted bool) error {
	certificate, err := notifytest.NewCertificate("127.0.0.1", day)
	if err != nil {
		return err
	}
	server, err := notifytest.StartSMTP(notifytest.SMTPSetup{TLS: "starttls", Certificate: &certificate, Username: "u", Password: "right", OnAccept: s.take})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, server.Close)
	if trusted {
		s.env = append(s.env, "SSL_CERT_FILE="+filepath.Join(s.dir, "ca.pem"))
	}
	return errors.Join(s.trust(certificate), s.secret("smtp.pass", password),
		s.replace(fmt.Sprintf("port = %d\ntls = \"none\"", s.mail.Port()), fmt.Sprintf("port = %d\ntls = \"starttls\"\nusername = \"u\"\npassword_file = \"smtp.pass\"", server.Port())))
}

func (s *scene) trust(certificate tls.Certificate) error {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	return os.WriteFile(filepath.Join(s.dir, "ca.pem"), text, 0o600)
}

func (s *scene) secret(name, text string) error {
	return os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600)
}

// each calls a function for every target of a channel.
func (s *scene) each(ch tasks.Channel, do func(address string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for to := range s.expected {
		if to.channel == ch {
			do(to.address)
		}
	}
}

// troubles lists them.
func troubles() []trouble {
	const botUser = "654321:another-bot_0123456789abcdefghij"
	return []trouble{
		{name: "the mail server is gone", by: tasks.Telegram, slow: true, set: func(s *scene) error { return s.mail.Close() }},
		{name: "the mail password is wrong", by: tasks.Telegram, set: func(s *scene) error { return s.secureMail("wrong", true) }},
		{name: "the mail server's certificate is nobody's", by: tasks.Telegram, set: func(s *scene) error { return s.secureMail("right", false) }},
		{name: "the mail server offers no STARTTLS", by: tasks.Telegram, set: func(s *scene) error { return s.replace(`tls = "none"`, `tls = "starttls"`) }},
		{name: "the mail server takes no mail of ours", by: tasks.Telegram, set: func(s *scene) error {
			s.mail.Inject(notifytest.SMTPFault{Step: "mail", Reply: "550 5.7.1 not from you"})
			return nil
		}},
		{name: "a mailbox does not exist", by: tasks.Telegram, set: func(s *scene) error {
			s.mail.Inject(notifytest.SMTPFault{Step: "rcpt", Reply: "550 5.1.1 no such user"})
			return nil
		}},
		{name: "Telegram cannot be reached", by: tasks.Email, slow: true, set: func(s *scene) error { return s.telegram.Close() }},
		{name: "Telegram's token is revoked", by: tasks.Email, set: func(s *scene) error { return s.secret("telegram.token", "1"+telegramToken) }},
		{name: "the bot was thrown out of a group", by: tasks.Email, set: func(s *scene) error {
			s.each(tasks.Telegram, func(a string) { s.telegram.Refuse(a, 403, "Forbidden: bot was kicked from the supergroup chat") })
			return nil
		}},
		{name: "Zalo Bot cannot be reached", by: tasks.Email, slow: true, set: func(s *scene) error { return s.zalo.Close() }},
		{name: "Zalo Bot's token is revoked", by: tasks.Email, set: func(s *scene) error { return s.secret("zalo.token", botUser) }},
		{name: "Zalo's account is suspended", by: tasks.Email, set: func(s *scene) error {
			s.each(tasks.ZaloOA, func(a string) { s.account.Refuse(a, -204, "Official account is disabled") })
			return nil
		}},
		{name: "Zalo's refresh token is dead", by: tasks.Email, set: func(s *scene) error { s.account.RevokeRefresh(); return nil }},
		{name: "Zalo's account cannot be reached", by: tasks.Email, slow: true, set: func(s *scene) error { return s.account.Close() }},
		{name: "the config is refused", by: tasks.Email, do: func(_ context.Context, s *scene, d *daemon) error {
			return errors.Join(os.WriteFile(s.config, []byte("timezone = 7\n"), 0o600), d.signal(syscall.SIGHUP))
		}},
		{name: "the clock is a year ahead", by: tasks.Email, do: func(_ context.Context, s *scene, _ *daemon) error { return setLead(s.clock, 365*day) }},
		{name: "a task's record is damaged", by: tasks.Email, do: damageTask},
		{name: "no backup can be made", by: tasks.Email, set: func(s *scene) error {
			return errors.Join(os.Mkdir(filepath.Join(s.dir, "copies"), 0o700), s.replace("[calendar]", "[backup]\ndir = \"copies\"\n\n[calendar]"))
		}, do: func(_ context.Context, s *scene, _ *daemon) error {
			name := filepath.Join(s.dir, "copies")
			return errors.Join(os.RemoveAll(name), os.WriteFile(name, nil, 0o600))
		}},
		{name: "the mail server puts every mail off", by: tasks.Telegram, slow: true, set: func(s *scene) error {
			for range 20 {
				s.mail.Inject(notifytest.SMTPFault{Step: "mail", Reply: "451 4.3.0 come back later"})
			}
			return nil
		}},
		{name: "Telegram has only pages of excuse", by: tasks.Email, slow: true, set: func(s *scene) error {
			for range 20 {
				s.telegram.Inject(notifytest.BadGateway)
			}
			return nil
		}},
	}
}

// damageTask changes a letter of the stored plan under the running program, as a
// disk does.
func damageTask(_ context.Context, s *scene, _ *daemon) error {
	f, err := os.OpenFile(s.storePath(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	good := []byte(marker(1))
	for at := bytes.Index(data, good); at >= 0; at = bytes.Index(data, good) {
		data[at+len(good)-1] = 'X'
		if _, err := f.WriteAt([]byte("X"), int64(at+len(good)-1)); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

// beTold makes trouble of every kind and measures how long it takes until the
// office hears of it on a channel that works.
func beTold(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	if res.skipped = canSetClocks(ctx, l); res.skipped != "" { // some shows only after minutes
		return res, ctx.Err()
	}
	all := troubles()
	if l.quick {
		all = []trouble{all[1], all[7], all[14]}
	}
	const side = 6 // they mostly wait
	took, errs := make([]time.Duration, len(all)), make([]error, len(all))
	results := make([]result, len(all))
	var waiting sync.WaitGroup
	slots := make(chan struct{}, side)
	for i, t := range all {
		slots <- struct{}{}
		waiting.Go(func() {
			defer func() { <-slots }()
			took[i], errs[i] = l.makeTrouble(ctx, t, fmt.Sprint("trouble-", i+1), &results[i])
		})
	}
	var silent, stuck result
	var more [2]error
	if !l.quick {
		waiting.Go(func() { more[0] = l.fallSilent(ctx, &silent) })
		if why := canTrace(ctx); why != "" {
			stuck.note("not tried: %s", why)
		} else {
			waiting.Go(func() { more[1] = l.getStuck(ctx, &stuck) })
		}
	}
	waiting.Wait()
	errs = append(errs, more[:]...)
	if err := errors.Join(errs...); err != nil {
		return res, err
	}
	for i, t := range all {
		res.faults++
		res.add(t.name, results[i])
		if len(results[i].failures) == 0 {
			res.note("told by %s after %s: %s", t.by, took[i].Round(100*time.Millisecond), t.name)
		}
	}
	res.add("the disk takes no writes", silent)
	res.add("the disk hangs", stuck)
	return res, nil
}

// slowly is by how much the clock is set forward when only time shows a trouble:
// the program calls a channel dead after three minutes of failing.
const slowly = 3*time.Minute + 30*time.Second

// inTime is within what the office must have heard.
const inTime = 5 * time.Minute

// makeTrouble returns how long it took, by the program's clock.
func (l *lab) makeTrouble(ctx context.Context, t trouble, name string, res *result) (took time.Duration, err error) {
	o, err := l.found(name, l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 1, tasks.Telegram: 1, tasks.ZaloBot: 1}})
	if err != nil {
		return 0, err
	}
	s := &scene{office: o, clock: filepath.Join(o.dir, "clock"), closers: []func() error{o.ends.close}}
	defer func() {
		for _, close := range s.closers {
			err = errors.Join(err, close())
		}
	}()
	if s.account, err = o.addAccount(1); err != nil {
		return 0, err
	}
	s.closers = append(s.closers, s.account.Close)
	o.text = strings.NewReplacer("@account", s.account.URL(), fmt.Sprintf("email = [%q]\n", officeMail), fmt.Sprintf("email = [%q]\ntelegram = [%q]\n", officeMail, officeChat)).Replace(o.text)
	if err := errors.Join(os.WriteFile(o.config, []byte(o.text), 0o600), o.importPlan(ctx)); err != nil {
		return 0, err
	}
	if t.set != nil {
		if err := t.set(s); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(os.WriteFile(o.config, []byte(o.text), 0o600), setLead(s.clock, 0), o.liveBy(s.clock, s.env...)); err != nil {
		return 0, err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return 0, err
	}
	defer d.kill()
	begun := time.Now()
	if t.do != nil {
		if err := errors.Join(pause(ctx, 2*time.Second), t.do(ctx, s, d)); err != nil {
			return 0, err
		}
		begun = time.Now()
	}
	if t.slow {
		if err := errors.Join(o.untilTried(ctx), setLead(s.clock, slowly)); err != nil {
			return 0, err
		}
	}
	const limit = 3 * time.Minute
	for !s.heard(t.by) {
		if time.Since(begun) > limit {
			res.fail("the office did not hear of it by %s within %s:\n%.3000s", t.by, limit, d.log.bytes())
			return 0, nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
	took = time.Since(begun)
	if t.slow {
		took += slowly
	}
	if took > inTime {
		res.fail("the office heard of it after %s, want %s", took.Round(time.Second), inTime)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.judgeOutput(res)
	return took, nil
}

// untilTried waits until every reminder has been sent or tried at least once.
func (o *office) untilTried(ctx context.Context) error {
	for begun := time.Now(); time.Since(begun) < 30*time.Second; {
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
		waits, err := o.reminders(ctx)
		if err != nil {
			return err
		}
		untried := func(w waiting) bool { return w.Attempts == 0 || w.State == string(tasks.Sending) }
		if len(waits) > 0 && !slices.ContainsFunc(waits, untried) {
			return nil
		}
	}
	return nil
}

// heard reports whether the office was told on a channel.
func (s *scene) heard(by tasks.Channel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by == tasks.Email {
		return s.notices > 0
	}
	return len(s.arrived[target{by, officeChat}]) > 0
}

// fallSilent takes the disk from a daemon that an outside watch expects to hear
// from: it can tell nobody else, so the calls must stop.
func (l *lab) fallSilent(ctx context.Context, res *result) (err error) {
	var calls atomic.Int64
	watch := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer watch.Close()
	o, err := l.found("silent", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 200}, perMinute: 60})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	o.text = strings.Replace(o.text, "[calendar]", "[watch]\nurl_file = \"watch.url\"\n\n[calendar]", 1)
	if err := errors.Join(os.WriteFile(o.config, []byte(o.text), 0o600), os.WriteFile(filepath.Join(o.dir, "watch.url"), []byte(watch.URL), 0o600), o.importPlan(ctx)); err != nil {
		return err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	await := func(what string, limit time.Duration, done func() bool) (time.Duration, error) {
		begun := time.Now()
		for !done() {
			if time.Since(begun) > limit {
				res.fail("%s: not within %s", what, limit)
				break
			}
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return 0, err
			}
		}
		return time.Since(begun), nil
	}
	if _, err := await("the watch is called", 90*time.Second, func() bool { return calls.Load() > 0 }); err != nil {
		return err
	}
	if err := setLimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, 1); err != nil {
		return err
	}
	res.faults++
	from := len(d.log.bytes())
	if which, _ := d.log.await(from, 30*time.Second, "level=ERROR"); which < 0 {
		res.fail("no error in the log")
	}
	if err := pause(ctx, 2*time.Second); err != nil { // a call may be under way
		return err
	}
	before := calls.Load()
	if err := pause(ctx, 130*time.Second); err != nil {
		return err
	}
	if n := calls.Load() - before; n > 0 {
		res.fail("the watch was called %d times though nothing could be stored", n)
	}
	if err := setLimit(d.cmd.Process.Pid, unix.RLIMIT_FSIZE, math.MaxUint64); err != nil {
		return err
	}
	took, err := await("the watch is called again", 90*time.Second, func() bool { return calls.Load() > before })
	res.note("the watch was not called for 130 s, and again %s after the disk took writes", took.Round(time.Second))
	return err
}
