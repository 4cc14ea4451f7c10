//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// spoilConfig writes broken configs under a running daemon and tells it to
// reload: it must refuse each with a line, keep the config in force, and go on
// sending by it.
func spoilConfig(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	times := l.scale(2000, 60)
	o, err := l.found("config", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 30, tasks.Telegram: 10, tasks.ZaloBot: 2}})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	// The verbs are asked with a copy: the file itself is broken most of the time.
	spoilt, good := o.config, filepath.Join(o.dir, "good.toml")
	if err := os.WriteFile(good, []byte(o.text), 0o600); err != nil {
		return res, err
	}
	o.config = good
	s := &spoiler{office: o, daemon: d, path: spoilt, rng: l.random("G11"), res: &res, without: map[string]int{}}
	if s.hash, err = o.hash(ctx); err != nil {
		return res, err
	}
	for range times {
		if err := s.once(ctx); err != nil {
			return res, err
		}
	}
	if res.faults = s.refused + s.accepted; s.refused < times/3 {
		res.void = fmt.Sprintf("only %d of %d mutations were refused: they hardly break anything", s.refused, times)
	}
	if s.refused >= 500 && s.named*100 < s.refused*95 {
		res.fail("only %d of %d refusals name a line", s.named, s.refused)
	}
	if err := s.stillFires(ctx); err != nil {
		return res, err
	}
	res.note("%d mutations refused, %d of them with file and line; %d harmless ones accepted; %d mails about it to the office", s.refused, s.named, s.accepted, o.notices)
	if err := d.stop(); err != nil {
		res.fail("%v", err)
	}
	return res, o.judge(ctx, &res)
}

// spoiler breaks the config of a running daemon.
type spoiler struct {
	*office
	daemon *daemon
	path   string // of the file that the daemon reads
	hash   string // of the good config
	rng    *rand.Rand
	res    *result

	refused, accepted, named int
	without                  map[string]int // mutations refused without a line
}

// hash asks which config is in force.
func (o *office) hash(ctx context.Context) (string, error) {
	var status struct{ Config string }
	err := o.askJSON(ctx, &status, "status")
	return status.Config, err
}

// withLine: a line has no number when what it should hold is missing.
var withLine = regexp.MustCompile(`config\.toml:([0-9]+:| [a-z_.]+: (is missing|there is no))`)

// once writes one mutation, reloads, and looks what is in force; a mutation
// that was accepted is taken back.
func (s *spoiler) once(ctx context.Context) error {
	name, text := mutate(s.rng, s.text)
	if text == s.text {
		return nil
	}
	said, ok, err := s.reload(text)
	if err != nil {
		return fmt.Errorf("after %s: %w", name, err)
	}
	if ok {
		s.accepted++
		if _, back, err := s.reload(s.text); err != nil || !back {
			return errors.Join(err, errors.New("the good config is refused"))
		}
		return nil
	}
	s.refused++
	if withLine.MatchString(said) {
		s.named++
	} else if s.without[name]++; s.without[name] == 1 {
		s.res.note("%s is refused without a line: %.200s", name, said[strings.Index(said, "error="):])
	}
	if s.refused%50 == 1 && !strings.Contains(said, "cannot change while") { // such a config is good for another start
		return s.inspect(ctx, name)
	}
	return ctx.Err()
}

// reload writes a config and makes the daemon read it. It returns what the
// daemon says and whether it took it.
func (s *spoiler) reload(text string) (said string, ok bool, err error) {
	if err := os.WriteFile(s.path, []byte(text), 0o600); err != nil {
		return "", false, err
	}
	from := len(s.daemon.log.bytes())
	if err := s.daemon.signal(syscall.SIGHUP); err != nil {
		s.res.fail("the daemon is gone: %s", s.daemon.log.bytes()[max(0, from-2000):])
		return "", false, err
	}
	which, end := s.daemon.log.await(from, 40*time.Second, "reload refused", "config reloaded")
	if which < 0 {
		return "", false, fmt.Errorf("no answer to SIGHUP:\n%s", s.daemon.log.bytes()[from:])
	}
	_, end = s.daemon.log.await(end, time.Second, "\n")
	return string(s.daemon.log.bytes()[from:end]), which == 1, nil
}

// inspect looks at the daemon after a refusal: the good config is in force, and
// a daemon that starts with the broken one exits with 78.
func (s *spoiler) inspect(ctx context.Context, name string) error {
	hash, err := s.office.hash(ctx)
	if err != nil {
		return err
	}
	if hash != s.hash {
		s.res.fail("%s was refused, and yet the config in force is another", name)
	}
	good := s.config
	s.config = s.path
	_, stderr, exit, err := s.verb(ctx, "serve")
	s.config = good
	if err == nil && exit != 78 {
		s.res.fail("%s: a start with it exits with %d: %s", name, exit, stderr)
	}
	return err
}

// stillFires breaks the config once more and imports the plan: the rules of the
// config in force must send it.
func (s *spoiler) stillFires(ctx context.Context) error {
	if _, ok, err := s.reload("timezone = \n"); err != nil || ok {
		return errors.Join(err, errors.New("a config without a value is not refused"))
	}
	time.Sleep(300 * time.Millisecond)
	s.forget() // notices that went where a harmless mutation sent them
	if err := s.importPlan(ctx); err != nil {
		return err
	}
	for begun := time.Now(); s.missing() > 0 && time.Since(begun) < 30*time.Second; {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	time.Sleep(1200 * time.Millisecond) // one more fire, which must bring nothing
	return nil
}

// mutate returns a config that is wrong in one of many ways, and the way.
func mutate(rng *rand.Rand, text string) (name, mutated string) {
	lines := strings.SplitAfter(text, "\n")
	n := rng.IntN(len(lines) - 1)
	line := lines[n]
	with := func(changed string) string {
		return strings.Join(lines[:n], "") + changed + strings.Join(lines[n+1:], "")
	}
	key, value, isKey := strings.Cut(strings.TrimSpace(line), " = ")
	switch rng.IntN(13) {
	case 0:
		return "a cut file", text[:rng.IntN(len(text))]
	case 1:
		b := []byte(text)
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		return "a flipped bit", string(b)
	case 2:
		b := make([]byte, 200)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return "binary in a line", with(string(b) + "\n")
	case 3:
		return "a line twice", with(line + line)
	case 4:
		return "a line less", with("")
	case 5:
		return "an unknown key", with(line + "nhac_viec = true\n")
	case 6:
		if isKey && strings.HasPrefix(value, `"`) {
			return "a number for a text", with(key + " = 7\n")
		}
		return "no equals sign", with(strings.ReplaceAll(line, "=", "") + "x\n")
	case 7:
		if isKey {
			return "a text for a value", with(key + " = \"chữ\"\n")
		}
		return "an open bracket", with(line + "[\n")
	case 8:
		return "a bad schedule", strings.Replace(text, `"@every 1s"`, []string{`"@every 0s"`, `"0 0 30 2 *"`, `"0 0 30 2"`, `"61 * * * *"`, `"TZ=x 1 * * * *"`, `"TZ="`, `""`}[rng.IntN(7)], 1)
	case 9:
		_, rest, _ := strings.Cut(text, "\n")
		return "a bad zone", []string{`timezone = "TZ=x"`, `timezone = "Local"`, `timezone = "../../etc/passwd"`, "timezone = 7"}[rng.IntN(4)] + "\n" + rest
	case 10:
		if rng.IntN(2) == 0 {
			return "a changed data_dir", strings.Replace(text, `"data"`, `"elsewhere"`, 1)
		}
		return "a missing secret", strings.Replace(text, `"telegram.token"`, `"nowhere.token"`, 1)
	case 11:
		return "a very long line", with(strings.Repeat("a", 1<<16) + "\n")
	}
	return "an unknown channel", strings.Replace(text, "on_days_off", "channels = [\"fax\"]\non_days_off", 1)
}
