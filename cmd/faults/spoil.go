//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// spoilStore damages the store file in many ways and reads it with the program:
// it must print what it printed before, or refuse and name the cure; never
// anything else, and never for ever.
func spoilStore(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	o, err := l.open(ctx, "spoil", l.binary, plan{messages: map[tasks.Channel]int{tasks.Email: 60, tasks.Telegram: 20, tasks.ZaloBot: 2}})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	if err := errors.Join(o.finish(ctx, &res), o.judge(ctx, &res)); err != nil {
		return res, err
	}
	// Something waits, too: what comes due tomorrow is in an index only.
	good, err := os.ReadFile(o.storePath())
	if err != nil {
		return res, err
	}
	want, err := o.readAll(ctx)
	if err != nil {
		return res, err
	}
	s := &storeSpoiler{good: good, want: want, res: &res}
	each := l.scale(60, 1)
	todo := make(chan spoilt)
	var waiting sync.WaitGroup
	errs := make([]error, 2)
	for w := range errs {
		copied, err := o.beside(fmt.Sprint("reader-", w))
		if err != nil {
			return res, err
		}
		waiting.Go(func() {
			for f := range todo {
				errs[w] = errors.Join(errs[w], s.try(ctx, copied, f))
			}
		})
	}
	rng := l.random("G5")
	for _, kind := range spoilKinds() {
		for n := range each {
			todo <- spoilt{kind.name, kind.spoil(rng, slices.Clone(good)), n == 0}
		}
	}
	close(todo)
	waiting.Wait()
	if s.refused < res.faults/3 {
		res.void = fmt.Sprintf("only %d of %d files were refused: they are hardly spoilt", s.refused, res.faults)
	}
	res.note("%d kinds of damage: %d files refused, %d read as they were (the damage hit what nothing uses), %d silently wrong, %d without an end; the longest look took %s",
		len(spoilKinds()), s.refused, s.intact, s.silent, s.hung, s.longest.Round(time.Millisecond))
	return res, errors.Join(errs...)
}

// spoilt is a damaged store file.
type spoilt struct {
	kind  string
	data  []byte // nil: no file
	serve bool   // start the daemon on it too, if it cannot be opened
}

type spoilKind struct {
	name  string
	spoil func(*rand.Rand, []byte) []byte
}

// spoilKinds lists the ways of damaging a store file.
func spoilKinds() []spoilKind {
	page := os.Getpagesize()
	some := func(rng *rand.Rand, b []byte) []byte { // one page
		n := rng.IntN(len(b) / page)
		return b[n*page : (n+1)*page]
	}
	random := func(rng *rand.Rand, b []byte) {
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
	}
	inUse := func(rng *rand.Rand, b []byte) []byte { // one page that holds something
		for range 1000 {
			if p := some(rng, b); bytes.Count(p, []byte{0}) < len(p)*9/10 {
				return p
			}
		}
		return some(rng, b)
	}
	return []spoilKind{
		{"cut anywhere", func(rng *rand.Rand, b []byte) []byte { return b[:rng.IntN(len(b))] }},
		{"cut at a page", func(rng *rand.Rand, b []byte) []byte { return b[:rng.IntN(len(b)/page)*page] }},
		{"both heads random", func(rng *rand.Rand, b []byte) []byte { random(rng, b[:2*page]); return b }},
		{"text instead", func(rng *rand.Rand, b []byte) []byte {
			return bytes.Repeat([]byte("xin chào "), 1+rng.IntN(10000))
		}},
		{"page zeroed", func(rng *rand.Rand, b []byte) []byte { clear(some(rng, b)); return b }},
		{"page random", func(rng *rand.Rand, b []byte) []byte { random(rng, some(rng, b)); return b }},
		{"page over page", func(rng *rand.Rand, b []byte) []byte { copy(some(rng, b), slices.Clone(inUse(rng, b))); return b }},
		{"bit in data", func(rng *rand.Rand, b []byte) []byte {
			p := inUse(rng, b)
			p[16+rng.IntN(len(p)-16)] ^= 1 << rng.IntN(8)
			return b
		}},
		{"bit in a page's head", func(rng *rand.Rand, b []byte) []byte {
			inUse(rng, b)[rng.IntN(16)] ^= 1 << rng.IntN(8)
			return b
		}},
		{"sector zeroed", func(rng *rand.Rand, b []byte) []byte {
			p := inUse(rng, b)
			at := rng.IntN(len(p)/512) * 512
			clear(p[at : at+512])
			return b
		}},
		{"byte in text", func(rng *rand.Rand, b []byte) []byte {
			at := rng.IntN(len(b))
			if n := bytes.IndexByte(b[at:], '"'); n >= 0 && at+n+1 < len(b) {
				b[at+n+1] ^= 0x03
			}
			return b
		}},
		{"empty", func(*rand.Rand, []byte) []byte { return []byte{} }},
		{"tail of zeros", func(rng *rand.Rand, b []byte) []byte { clear(b[rng.IntN(len(b)):]); return b }},
	}
}

// storeSpoiler counts what came of damaged files.
type storeSpoiler struct {
	good []byte
	want string

	mu                            sync.Mutex // guards what follows
	res                           *result
	refused, intact, silent, hung int
	longest                       time.Duration
}

// changed lists the pages of a damaged file that are not as they were.
func (s *storeSpoiler) changed(data []byte) (pages []int) {
	size := os.Getpagesize()
	for at := 0; at < min(len(data), len(s.good)); at += size {
		if !bytes.Equal(data[at:min(at+size, len(data))], s.good[at:min(at+size, len(data))]) {
			pages = append(pages, at/size)
		}
	}
	return pages
}

// lookLimit is how long a look at a damaged file may take.
const lookLimit = 20 * time.Second

// try reads one damaged file.
func (s *storeSpoiler) try(ctx context.Context, o *office, f spoilt) error {
	if err := os.WriteFile(o.storePath(), f.data, 0o600); err != nil {
		return err
	}
	begun := time.Now()
	got, err := o.readAll(ctx)
	took := time.Since(begun)
	var no *refusal
	if err != nil && !errors.As(err, &no) {
		return err
	}
	after, err := os.ReadFile(o.storePath())
	if err != nil {
		return err
	}
	started := ""
	if f.serve && no != nil && no.verb == "verify" && strings.Contains(no.said, "restore") && !no.aboutOne() {
		if started, err = o.startsOn(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.res.faults++
	s.longest = max(s.longest, took)
	switch {
	case took > lookLimit:
		s.hung++
		s.res.fail("%s: the look took %s", f.kind, took)
	case no == nil && got == s.want:
		s.intact++
	case no == nil:
		s.silent++
		s.res.fail("%s: read without a word, and it is not what was stored; pages changed: %v", f.kind, s.changed(f.data))
	default:
		s.refused++
		if no.exit != 1 || !strings.Contains(no.said, "nhacviec.db") || !no.cures() {
			s.res.fail("%s: refused with exit %d and without the file, a backup and restore: %s", f.kind, no.exit, no.said)
		}
		if !bytes.Equal(f.data, after) {
			s.res.fail("%s: the damaged file was changed by reading it", f.kind)
		}
	}
	if started != "" {
		s.res.fail("%s: %s", f.kind, started)
	}
	return nil
}

// refusal is a verb that said no.
type refusal struct {
	verb, said string
	exit       int
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: exit %d: %s", r.verb, r.exit, r.said) }

// cures reports whether a refusal says what to do: bring back a backup, or,
// where only an entry of the ledger was altered, compare with one.
func (r *refusal) cures() bool {
	return strings.Contains(r.said, "backup") && (strings.Contains(r.said, "restore") || strings.Contains(r.said, "ledger is not as it was written"))
}

// aboutOne reports whether a refusal is about one record, text or entry of an
// index: the daemon passes over it, and tells the office when it meets it or
// fails to make the night's backup.
func (r *refusal) aboutOne() bool {
	return oneThing.MatchString(r.said)
}

var oneThing = regexp.MustCompile(`record "|the text [0-9a-f]|the index`)

// readAll returns everything that the program says about a store, or the
// *refusal of a verb.
func (o *office) readAll(ctx context.Context) (string, error) {
	var all strings.Builder
	for _, args := range [][]string{{"verify", "--json"}, {"ledger", "--json"}, {"outbox", "--json"}, {"plans", "--json"}, {"tasks", "--json"}} {
		stdout, stderr, exit, err := o.verb(ctx, args...)
		if err != nil {
			return "", err
		}
		if exit != 0 {
			return "", &refusal{args[0], stderr, exit}
		}
		all.WriteString(stdout)
	}
	return all.String(), nil
}

// startsOn starts the daemon on a file that the verbs refuse. It returns what
// is wrong with that, if anything.
func (o *office) startsOn(ctx context.Context) (wrong string, err error) {
	d, err := o.start(ctx, nil)
	if err != nil {
		return "", err
	}
	exit, err := d.wait(lookLimit)
	switch {
	case err != nil:
		d.kill()
		if which, _ := d.log.await(0, 0, "msg=started"); which == 0 {
			return "the daemon works on a file that the verbs refuse", nil
		}
		return err.Error(), nil
	case exit != 1 || !bytes.Contains(d.log.bytes(), []byte("restore")):
		return fmt.Sprintf("the daemon exits with %d: %s", exit, d.log.bytes()), nil
	}
	return "", nil
}

// beside returns an office with the same config and an own store.
func (o *office) beside(name string) (*office, error) {
	other := *o
	other.recorder = newRecorder()
	other.dir = filepath.Join(o.dir, name)
	other.config = filepath.Join(other.dir, "config.toml")
	if err := os.MkdirAll(filepath.Dir(other.storePath()), 0o700); err != nil {
		return nil, err
	}
	for _, file := range []string{"config.toml", "telegram.token", "zalo.token"} {
		text, err := os.ReadFile(filepath.Join(o.dir, file))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(other.dir, file), text, 0o600); err != nil {
			return nil, err
		}
	}
	return &other, nil
}
