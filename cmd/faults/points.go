//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"nhacviec/tasks"
)

// point is a place in the program at which it is killed.
type point struct {
	name  string
	where string // in words
	patch patch
	fresh bool                   // passed once in the life of a plan: every kill needs a new office
	once  bool                   // passed once in the life of a process
	hup   bool                   // passed on SIGHUP
	empty bool                   // the plan is not imported before
	verb  func(*office) []string // a verb that makes the daemon come by
	chat  bool                   // on the way of a chat message, not of a mail
	quick bool                   // in the quick run too
}

// at returns a patch that dies in front of a line of a file.
func at(name, file, line string) patch {
	return patch{file: file, old: line, new: fmt.Sprintf("faultPoint(%q)\n%s", name, line)}
}

// points lists the places, in the order in which a message comes by.
func points() []point {
	const (
		loop    = "scheduler/loop.go"
		deliver = "scheduler/deliver.go"
		smtp    = "notify/email_smtp.go"
	)
	return []point{
		{name: "create", where: "the store is made and not in its place yet", fresh: true, once: true, empty: true,
			patch: at("create", "tasks/store/open.go", "\tif err := install(temp, path); err != nil && ")},
		{name: "import", where: "a plan is written, its transaction is not", once: true, empty: true, verb: (*office).importArgs,
			patch: at("import", "tasks/store/import.go", "\t\twhole := tasks.Change{Plan: im.plan.ID")},
		{name: "backup", where: "a backup is copied and not handed over", once: true, verb: func(o *office) []string {
			return []string{"backup", filepath.Join(o.dir, fmt.Sprint("copy-", time.Now().UnixNano()))}
		},
			patch: patch{file: "tasks/store/backup.go", old: "\t\t_, err := tx.WriteTo(w)\n", new: "\t\t_, err := tx.WriteTo(w)\n\t\tfaultPoint(\"backup\")\n"}},
		{name: "planned", where: "messages are planned and not stored", fresh: true, once: true,
			patch: patch{file: loop, old: "\tif err := l.store.CommitFire(f); err != nil {", new: "\tif len(f.Deliveries) > 0 {\n\t\tfaultPoint(\"planned\")\n\t}\n\tif err := l.store.CommitFire(f); err != nil {"}},
		{name: "insert", where: "a row is written, its transaction is not", fresh: true, quick: true,
			patch: at("insert", "tasks/store/outbox.go", "\t\t\tfor _, m := range d.Message.Marks() {\n\t\t\t\tif err := addMark(tx, m); err != nil {\n\t\t\t\t\treturn err\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t\tfor _, id := range f.Told {")},
		{name: "inserted", where: "messages are stored, nobody knows yet", fresh: true, once: true,
			patch: at("inserted", loop, "\t\tl.log.Info(\"planned\"")},
		{name: "before-attempt", where: "composed, the attempt is not recorded",
			patch: at("before-attempt", deliver, "\tkept.State, kept.Boot, kept.Attempts, kept.Error = tasks.Sending")},
		{name: "after-attempt", where: "the attempt is recorded, the network is not touched", quick: true,
			patch: at("after-attempt", deliver, "\t\treceipt, err := w.Sender.Send(ctx, ")},
		{name: "dialled", where: "connected to the mail server", once: true,
			patch: at("dialled", smtp, "\tconn := &smtpConn{Conn: raw}")},
		{name: "data", where: "the server said 354",
			patch: at("data", smtp, "\tif _, err := w.Write(raw); err != nil {")},
		{name: "dot", where: "the whole mail is out, the answer is not in", quick: true,
			patch: patch{file: smtp, old: "\tn, err := c.Conn.Write(p)\n", new: "\tn, err := c.Conn.Write(p)\n\tif len(p) > 3 && string(p[len(p)-3:]) == \".\\r\\n\" {\n\t\tfaultPoint(\"dot\")\n\t}\n"}},
		{name: "called", where: "a chat service answered, nobody read it", chat: true, quick: true,
			patch: at("called", "notify/telegram.go", "\tvar refusal *tgbotapi.Error\n\tswitch {\n\tcase err == nil:")},
		{name: "replied", where: "the server said yes, it is not recorded", quick: true,
			patch: at("replied", deliver, "\t\tdel.PartsSent++\n")},
		{name: "recorded", where: "the yes is recorded",
			patch: at("recorded", "scheduler/outcome.go", "\td.Log.Info(\"sent\", ")},
		{name: "reload", where: "half of a new config is in force", hup: true, once: true,
			patch: at("reload", "cmd/nhacviec/service.go", "\ts.daemon.deliverer.Use(lanes(cfg, channels))\n\tif err := s.daemon.deliverer.Hurry()")},
	}
}

// pointPatches returns the patches of all points, and in each package the
// function that they call: a process dies when it passes the point that its
// environment names for so many times.
func pointPatches() []patch {
	var patches []patch
	for _, p := range points() {
		patches = append(patches, p.patch)
	}
	for dir, pkg := range map[string]string{"scheduler": "scheduler", "tasks/store": "store", "notify": "notify", "cmd/nhacviec": "main"} {
		patches = append(patches, patch{file: dir + "/fault_point.go", new: "package " + pkg + `

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

var faultPasses atomic.Int64

func faultPoint(name string) {
	if os.Getenv("FAULT_POINT") != name {
		return
	}
	if n := faultPasses.Add(1); strconv.FormatInt(n, 10) == os.Getenv("FAULT_PASS") {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
`})
	}
	return patches
}

// killAtPoints kills the daemon at each named point.
func killAtPoints(ctx context.Context, l *lab) (res result, err error) {
	binary, err := l.build(ctx, "points", pointPatches())
	if err != nil {
		return res, err
	}
	all := points()
	if l.quick {
		all = slices.DeleteFunc(all, func(p point) bool { return !p.quick })
	}
	results := make([]result, len(all))
	errs := make([]error, len(all))
	var waiting sync.WaitGroup
	slots := make(chan struct{}, 3)
	for i, p := range all {
		waiting.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i], errs[i] = l.killAtPoint(ctx, binary, p)
		})
	}
	waiting.Wait()
	for i, p := range all {
		res.add(p.name, results[i])
		workers := 1
		if p.chat {
			workers = 2 // of Telegram
		}
		if r := results[i]; r.repeated > r.faults*workers {
			res.fail("%s: %d messages repeated after %d kills of %d workers", p.name, r.repeated, r.faults, workers)
		}
	}
	rounds := l.scale(20, 1)
	res.inFlight = -1
	res.note("%d points, %d kills each, one connection for mail, two workers for Telegram; repeated by point:%s", len(all), rounds, perPoint(all, results))
	return res, errors.Join(errs...)
}

func perPoint(all []point, results []result) (text string) {
	for i, p := range all {
		text += fmt.Sprintf(" %s %d", p.name, results[i].repeated)
	}
	return text
}

// add adds the figures and failures of a part.
func (r *result) add(part string, other result) {
	r.faults += other.faults
	r.planned += other.planned
	r.delivered += other.delivered
	r.repeated += other.repeated
	r.doubts += other.doubts
	r.setAside += other.setAside
	r.lost += other.lost
	r.worst = max(r.worst, other.worst)
	if r.inFlight >= 0 && other.inFlight >= 0 {
		r.inFlight += other.inFlight
	}
	r.skipped = cmp.Or(r.skipped, other.skipped)
	if other.void != "" {
		r.void = part + ": " + other.void
	}
	for _, f := range other.failures {
		r.fail("%s: %s", part, f)
	}
	for _, n := range other.notes {
		r.note("%s: %s", part, n)
	}
}

func (l *lab) killAtPoint(ctx context.Context, binary string, p point) (res result, err error) {
	rounds := l.scale(20, 1)
	rng := l.random("G3 " + p.name)
	offices, kills := 1, rounds
	if p.fresh {
		offices, kills = rounds, 1
	}
	for range offices {
		var one result
		if err := l.killOffice(ctx, binary, p, kills, rng, &one); err != nil {
			return res, fmt.Errorf("%s: %w", p.name, err)
		}
		one.notes = nil // of finish
		res.add(p.name, one)
	}
	return res, nil
}

// killOffice opens an office and lets its daemon die at a point some times.
func (l *lab) killOffice(ctx context.Context, binary string, p point, kills int, rng *rand.Rand, res *result) (err error) {
	messages := map[tasks.Channel]int{tasks.Email: 4 + 3*kills}
	if p.chat {
		messages = map[tasks.Channel]int{tasks.Telegram: 4 + 3*kills}
	}
	o, err := l.found("point-"+p.name, l.binary, plan{messages: messages, connections: 1, latency: 5 * time.Millisecond})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	if !p.empty {
		if err := o.importPlan(ctx); err != nil {
			return err
		}
	}
	o.binary = binary
	for range kills {
		pass := 1 + rng.IntN(3)
		if p.once {
			pass = 1
		}
		died, err := o.dieAt(ctx, p, pass)
		if err != nil {
			return err
		}
		if !died {
			res.fail("the daemon does not come by: does the patch still stand where it should? %.3000s", o.lastLog)
			break
		}
		res.faults++
	}
	o.binary = l.binary
	if p.empty {
		if err := o.importPlan(ctx); err != nil {
			return err
		}
	}
	return errors.Join(o.finish(ctx, res), o.judge(ctx, res))
}

// dieAt runs the daemon until it passes a point so many times. It reports
// whether it died there.
func (o *office) dieAt(ctx context.Context, p point, pass int) (died bool, err error) {
	d, err := o.start(ctx, nil, "FAULT_POINT="+p.name, fmt.Sprintf("FAULT_PASS=%d", pass))
	if err != nil {
		return false, err
	}
	defer d.kill()
	if p.hup {
		if err := d.ready(20 * time.Second); err != nil {
			return false, err
		}
		if err := d.signal(syscall.SIGHUP); err != nil {
			return false, err
		}
	}
	if p.verb != nil {
		if err := d.ready(20 * time.Second); err != nil {
			return false, err
		}
		if _, _, _, err := o.verb(ctx, p.verb(o)...); err != nil { // that it fails is no wonder
			return false, err
		}
	}
	if _, err := d.wait(30 * time.Second); err != nil {
		o.lastLog = string(d.log.bytes())
		return false, nil
	}
	status, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		return false, fmt.Errorf("the daemon ended by itself: %w: %s", d.err, d.log.bytes())
	}
	return true, ctx.Err()
}
