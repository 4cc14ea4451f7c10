//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// losePower records what the program writes and makes durable, and what it says
// meanwhile to the log and to the mail server. Then it rebuilds the disk as a
// power cut at every moment could have left it: of what was not made durable,
// any part. Each such store must open, and know whatever the program had said.
func losePower(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	if err := exec.CommandContext(ctx, "strace", "-D", "true").Run(); err != nil {
		res.skipped = "needs strace (apt-get install strace), and leave to trace: " + err.Error()
		return res, nil
	}
	return l.losePower(ctx, l.binary, l.scale(60_000, 300))
}

// losePower records a binary and looks at so many states.
func (l *lab) losePower(ctx context.Context, binary string, states int) (res result, err error) {
	res.inFlight = -1
	o, err := l.found("power", binary, plan{messages: map[tasks.Channel]int{tasks.Email: l.scale(40, 12), tasks.Telegram: l.scale(10, 3), tasks.ZaloBot: 1}, connections: 4})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	first, err := o.recordImport(ctx)
	if err != nil {
		return res, err
	}
	base, err := os.ReadFile(o.storePath())
	if err != nil {
		return res, err
	}
	second, err := o.recordServe(ctx, &res)
	if err != nil {
		return res, err
	}
	if err := o.judge(ctx, &res); err != nil {
		return res, err
	}
	var ids []string
	var ledger []entry
	if err := o.askJSON(ctx, &ledger, "ledger"); err != nil {
		return res, err
	}
	for _, e := range ledger {
		if e.State == string(tasks.Delivered) {
			ids = append(ids, e.ID)
		}
	}
	for _, part := range []*replay{
		{name: "making the store and importing", path: o.storePath(), ops: first, states: states / 10},
		{name: "sending", path: o.storePath(), ops: second, base: base, ids: ids, states: states - states/10},
	} {
		part.rng, part.res = l.random("G4 "+part.name), &res
		if err := part.run(ctx, l.dir); err != nil {
			return res, err
		}
		res.faults += part.checked
		res.note("%s: %d writes, %d syncs, %d things said: %d different states after a power cut, %d unopenable, %d without something that was said",
			part.name, count(part.ops, "write"), count(part.ops, "sync"), part.said, part.checked, part.unopenable, part.forgotten)
	}
	return res, nil
}

func count(ops []diskOp, kind string) (n int) {
	for _, op := range ops {
		if op.kind == kind {
			n++
		}
	}
	return n
}

// recordImport makes the store under strace and imports the plan.
func (o *office) recordImport(ctx context.Context) ([]diskOp, error) {
	trace := filepath.Join(o.dir, "import.trace")
	args := append(append(straceArgs(trace), o.binary, "-c", o.config), o.importArgs()...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	if _, err := output(cmd); err != nil {
		return nil, err
	}
	return o.readTrace(trace)
}

// recordServe lets the daemon send everything under strace.
func (o *office) recordServe(ctx context.Context, res *result) ([]diskOp, error) {
	trace := filepath.Join(o.dir, "serve.trace")
	d, err := o.start(ctx, straceArgs(trace))
	if err != nil {
		return nil, err
	}
	defer d.kill()
	for begun := time.Now(); o.missing() > 0; {
		if time.Since(begun) > time.Minute {
			res.fail("%d messages were not sent within a minute", o.missing())
			break
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if err := d.stop(); err != nil {
		return nil, err
	}
	return o.readTrace(trace)
}

// readTrace reads a trace when its tracer has come to the end.
func (o *office) readTrace(trace string) ([]diskOp, error) {
	size := int64(-1)
	for {
		info, err := os.Stat(trace)
		if err != nil {
			return nil, err
		}
		if info.Size() == size {
			return readTrace(trace, o.storePath())
		}
		size = info.Size()
		time.Sleep(200 * time.Millisecond)
	}
}

// What the program has said of a delivery.
const (
	known   = 1 // "planned": it waits in the store
	begun   = 2 // bytes with its id went to a server: its attempt is recorded
	settled = 3 // "sent": so says the ledger
)

// replay goes through a recording.
type replay struct {
	name   string
	path   string // of the store
	ops    []diskOp
	base   []byte   // the store at the beginning; nil: none
	ids    []string // of the deliveries that the daemon planned
	states int      // how many to look at
	rng    *rand.Rand

	durable map[int][]byte // what is on the disk for sure
	loose   []int          // ops that may be, or not
	place   int            // the file at path for sure; -1: none
	moves   []int          // ops that may have given path another file

	claims   map[string]int
	imported bool
	said     int
	seen     map[uint64]bool
	seed     maphash.Seed

	mu                             sync.Mutex
	res                            *result
	checked, unopenable, forgotten int
}

// state is one disk after a power cut, and what it must know.
type state struct {
	data     []byte // of the store; nil: there is none
	claims   map[string]int
	imported bool
	at       int
	how      string
}

// run goes through the ops. After each it looks at some of the disks that a
// power cut could leave then.
func (r *replay) run(ctx context.Context, dir string) error {
	r.durable, r.place, r.claims = map[int][]byte{}, -1, map[string]int{}
	r.seen, r.seed = map[uint64]bool{}, maphash.MakeSeed()
	if r.base != nil {
		r.durable[0], r.place = r.base, 0
	}
	if memory, err := os.MkdirTemp("/dev/shm", "faults-"); err == nil {
		defer os.RemoveAll(memory)
		dir = memory
	}
	todo := make(chan state, 16)
	var waiting sync.WaitGroup
	const lookers = 2
	errs := make([]error, lookers)
	for i := range lookers {
		waiting.Go(func() {
			path := filepath.Join(dir, fmt.Sprintf("power-%s-%d.db", r.name[:4], i))
			for s := range todo {
				if errs[i] == nil {
					errs[i] = r.look(path, s)
				}
			}
		})
	}
	moments := 0
	for _, op := range r.ops {
		if op.kind != "say" {
			moments++
		}
	}
	each := max(r.states/max(moments, 1), 4)
	for i := range r.ops {
		if ctx.Err() != nil {
			break
		}
		r.apply(i)
		for n := range each {
			s, how := r.cut(n)
			if !r.fresh(s) {
				continue
			}
			claims := make(map[string]int, len(r.claims))
			for id, c := range r.claims {
				claims[id] = c
			}
			todo <- state{s, claims, r.imported, i, how}
		}
	}
	close(todo)
	waiting.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

var (
	sentLine  = regexp.MustCompile(`msg=sent id=([a-z2-7]{26})`)
	messageID = regexp.MustCompile(`(?i)Message-ID: <([a-z2-7]{26})@`)
)

// apply takes one op into the account.
func (r *replay) apply(i int) {
	op := r.ops[i]
	switch op.kind {
	case "write", "truncate":
		r.loose = append(r.loose, i)
	case "sync":
		var still []int
		for _, n := range r.loose {
			if r.ops[n].file == op.file && n < op.through {
				r.durable[op.file] = change(r.durable[op.file], r.ops[n], nil)
			} else {
				still = append(still, n)
			}
		}
		r.loose = still
	case "link", "rename", "unlink":
		if op.name == r.path {
			r.moves = append(r.moves, i)
		}
	case "syncdir":
		for _, n := range r.moves {
			r.place = r.ops[n].file
			if r.ops[n].kind == "unlink" {
				r.place = -1
			}
		}
		r.moves = nil
	case "say":
		r.hear(op)
	}
}

// hear takes note of what the program says.
func (r *replay) hear(op diskOp) {
	claim := func(id string, c int) {
		if r.claims[id] < c {
			r.claims[id] = c
			r.said++
		}
	}
	switch op.fd {
	case 1:
		r.imported = true
		r.said++
	case 2:
		for _, m := range sentLine.FindAllSubmatch(op.data, -1) {
			claim(string(m[1]), settled)
		}
		if bytes.Contains(op.data, []byte("msg=planned")) {
			for _, id := range r.ids {
				claim(id, known)
			}
		}
	default:
		for _, m := range messageID.FindAllSubmatch(op.data, -1) {
			claim(string(m[1]), begun)
		}
	}
}

// change applies a write to a file's bytes. keep says which of its sectors came
// through; nil: all.
func change(data []byte, op diskOp, keep func(sector int) bool) []byte {
	if op.kind == "truncate" {
		if op.at <= int64(len(data)) {
			return data[:op.at:op.at]
		}
		return append(data[:len(data):len(data)], make([]byte, op.at-int64(len(data)))...)
	}
	end := op.at + int64(len(op.data))
	out := make([]byte, max(end, int64(len(data))))
	copy(out, data)
	if keep == nil {
		copy(out[op.at:], op.data)
		return out
	}
	const sector = 512
	for at := 0; at < len(op.data); at += sector {
		if keep(at / sector) {
			copy(out[op.at+int64(at):], op.data[at:min(at+sector, len(op.data))])
		}
	}
	return out
}

// cut returns the store after a power cut now, in the n-th of many ways.
func (r *replay) cut(n int) (data []byte, how string) {
	file := r.place
	if len(r.moves) > 0 && r.rng.IntN(2) == 0 {
		last := r.ops[r.moves[r.rng.IntN(len(r.moves))]]
		if file = last.file; last.kind == "unlink" {
			file = -1
		}
	}
	if file < 0 {
		return nil, "no file"
	}
	data = r.durable[file]
	if data == nil {
		data = []byte{}
	}
	var loose []int
	for _, i := range r.loose {
		if r.ops[i].file == file {
			loose = append(loose, i)
		}
	}
	use := func(i int, keep func(int) bool) { data = change(data, r.ops[i], keep) }
	half := func(int) bool { return r.rng.IntN(2) == 0 }
	switch {
	case n == 0 || len(loose) == 0:
		return data, "nothing of what was not durable"
	case n == 1:
		for _, i := range loose {
			use(i, nil)
		}
		return data, "all of it"
	case n%4 == 0:
		upTo := r.rng.IntN(len(loose)) + 1
		for k, i := range loose[:upTo] {
			if k == upTo-1 {
				front := r.rng.IntN(len(r.ops[i].data)/512 + 1)
				use(i, func(sector int) bool { return sector < front })
			} else {
				use(i, nil)
			}
		}
		return data, "the first of it, the last one torn"
	case n%4 == 1:
		for _, i := range loose {
			if half(0) {
				use(i, nil)
			}
		}
		return data, "some of it"
	case n%4 == 2:
		for _, i := range loose {
			use(i, half)
		}
		return data, "all of it torn"
	}
	spoilt := r.rng.IntN(len(loose))
	for k, i := range loose {
		use(i, nil)
		if op := r.ops[i]; k == spoilt && op.kind == "write" {
			at := op.at + int64(r.rng.IntN(len(op.data)/512+1))*512
			for b := at; b < min(at+512, op.at+int64(len(op.data))); b++ {
				data[b] = byte(r.rng.Uint32())
			}
		}
	}
	return data, "all of it, one sector trash"
}

// fresh reports whether a state was not looked at before with the same claims.
func (r *replay) fresh(data []byte) bool {
	var h maphash.Hash
	h.SetSeed(r.seed)
	h.Write(data)
	fmt.Fprintf(&h, "|%t|%d", data == nil, r.said)
	sum := h.Sum64()
	if r.seen[sum] {
		return false
	}
	r.seen[sum] = true
	return true
}

// look opens a store and asks it for everything that was said.
func (r *replay) look(path string, s state) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if s.data != nil {
		if err := os.WriteFile(path, s.data, 0o600); err != nil {
			return err
		}
	}
	ended := make(chan [2]string, 1)
	go func() {
		unopenable, forgotten := examine(path, s)
		ended <- [2]string{unopenable, forgotten}
	}()
	var found [2]string
	select {
	case found = <-ended:
	case <-time.After(lookLimit):
		return fmt.Errorf("%s, after op %d, %s: the store hangs", r.name, s.at, s.how)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checked++
	if found[0] != "" {
		r.unopenable++
		r.res.fail("%s, power cut after op %d, %s: %s", r.name, s.at, s.how, found[0])
	}
	if found[1] != "" {
		r.forgotten++
		r.res.fail("%s, power cut after op %d, %s: %s", r.name, s.at, s.how, found[1])
	}
	return nil
}

// examine opens a store. It returns why it cannot be opened, or what it should
// know and does not.
func examine(path string, s state) (unopenable, forgotten string) {
	st, err := store.Open(path)
	if err != nil {
		return err.Error(), ""
	}
	defer st.Close()
	if _, err := st.Verify(); err != nil {
		return err.Error(), ""
	}
	if s.imported {
		if all, err := st.Tasks(""); err != nil || len(all) == 0 {
			return "", fmt.Sprintf("%d tasks are left of the import (%v)", len(all), err)
		}
	}
	for id, claim := range s.claims {
		d, err := st.Delivery(id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return "", fmt.Sprintf("delivery %s is unknown, and the program had said so much of it: %d", id, claim)
		case err != nil:
			return err.Error(), ""
		case claim == settled && d.State != tasks.Delivered:
			return "", fmt.Sprintf("delivery %s is %s, and the log had said sent", id, d.State)
		case claim == begun && d.State == tasks.Planned:
			return "", fmt.Sprintf("delivery %s is still planned, and the mail server had it", id)
		}
	}
	return "", ""
}
