//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// target is whom a message is for. Every target of an office gets exactly one.
type target struct {
	channel tasks.Channel
	address string
}

// arrival is a message that a far end accepted.
type arrival struct {
	notifytest.Message
	life int // the daemon process that sent it
}

// recorder knows what must arrive, and keeps what did.
type recorder struct {
	mu       sync.Mutex
	expected map[target]string // the marker in its text
	arrived  map[target][]arrival
	total    int            // of arrivals
	life     int            // which daemon process is the present one
	notices  int            // mails to the office, about failures
	leaks    map[string]int // secret -> times seen in what the program printed
	panics   int
}

func newRecorder() *recorder {
	return &recorder{expected: map[target]string{}, arrived: map[target][]arrival{}, leaks: map[string]int{}}
}

func (r *recorder) expect(to target, marker string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected[to] = marker
}

// take notes what a far end accepted.
func (r *recorder) take(m notifytest.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.Channel == tasks.Email && m.Address == officeMail {
		r.notices++
		return
	}
	to := target{m.Channel, m.Address}
	r.arrived[to] = append(r.arrived[to], arrival{m, r.life})
	r.total++
}

// forget drops what arrived so far.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total = 0
	clear(r.arrived)
}

// missing counts the targets that have no message yet.
func (r *recorder) missing() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for to := range r.expected {
		if len(r.arrived[to]) == 0 {
			n++
		}
	}
	return n
}

// copies counts everything that arrived.
func (r *recorder) copies() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

// secretForms are the ways in which the canaries could be printed.
func secretForms() []string {
	var forms []string
	for _, secret := range []string{telegramToken, zaloToken} {
		forms = append(forms, secret, url.QueryEscape(secret), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="))
	}
	return forms
}

// hear looks through what the program printed for secrets and panics.
func (r *recorder) hear(printed []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secretForms() {
		r.leaks[secret] += bytes.Count(printed, []byte(secret))
	}
	r.panics += bytes.Count(printed, []byte("goroutine ")) // of a stack trace
}

// entry is one line of `ledger --json`, as far as it matters here.
type entry struct {
	Seq     uint64
	Time    time.Time
	ID      string
	State   string
	Kind    string
	Channel tasks.Channel
	Unit    string
	Address string
	Doubts  int
	Action  string // of a change
	Old     string
	New     string
}

// waiting is one line of `outbox --json`.
type waiting struct {
	ID          string
	State       string
	Kind        string
	Channel     tasks.Channel
	Address     string
	Doubts      int
	Attempts    int
	Error       string
	NextAttempt time.Time `json:"next_attempt"`
}

// forecast holds what the program foretells for today against what must arrive.
func (o *office) forecast(ctx context.Context, res *result) error {
	day := o.today().String()
	var told []struct {
		Kind    string
		Channel tasks.Channel
		Address string
	}
	if err := o.askJSON(ctx, &told, "forecast", "--from", day, "--to", day); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := map[target]int{}
	for _, m := range told {
		if m.Kind == string(tasks.Reminder) {
			seen[target{m.Channel, m.Address}]++
		}
	}
	for to := range o.expected {
		if seen[to] != 1 {
			res.fail("forecast foretells %d messages for %s %s", seen[to], to.channel, to.address)
		}
	}
	if len(seen) != len(o.expected) {
		res.fail("forecast foretells messages for %d addresses, and the plan has %d", len(seen), len(o.expected))
	}
	return nil
}

// judge compares what arrived with what must have, and with what the program
// itself says in its ledger and outbox, when all is over. It fills in the
// figures of a result and notes every broken promise.
func (o *office) judge(ctx context.Context, res *result) error {
	o.drain()
	var ledger []entry
	if err := o.askJSON(ctx, &ledger, "ledger"); err != nil {
		return err
	}
	var outbox []waiting
	if err := o.askJSON(ctx, &outbox, "outbox"); err != nil {
		return err
	}
	if _, stderr, exit, err := o.verb(ctx, "verify"); err != nil {
		return err
	} else if exit != 0 {
		res.fail("verify exits with %d: %s", exit, stderr)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	told := readLedger(ledger)
	res.worst = max(res.worst, worstStart(ledger))
	for to, marker := range o.expected {
		res.planned++
		o.judgeTarget(res, to, marker, told)
	}
	for to, got := range o.arrived {
		if _, ok := o.expected[to]; !ok {
			res.fail("%d messages for %s %s, whom nothing was planned for", len(got), to.channel, to.address)
		}
	}
	for _, w := range outbox {
		if w.Kind == string(tasks.Reminder) {
			res.fail("%s for %s %s is still in the outbox as %s: %s", w.ID, w.Channel, w.Address, w.State, w.Error)
		}
	}
	o.judgeOutput(res)
	return nil
}

// judgeOutput looks at what the program printed.
func (r *recorder) judgeOutput(res *result) {
	for secret, n := range r.leaks {
		if n > 0 {
			res.fail("a secret was printed %d times: %.12s…", n, secret)
		}
	}
	if r.panics > 0 {
		res.fail("%d stack traces in the log", r.panics)
	}
}

// account is what the ledger says about one target.
type account struct {
	ids       map[string]bool
	sent      int
	doubts    int // entries that say: perhaps it arrived
	setAside  int // given up after repeated doubts, shown to a person
	failed    int
	resent    int
	otherEnds []string // superseded, dropped
}

func readLedger(ledger []entry) map[target]*account {
	told := map[target]*account{}
	owner := map[string]*account{}
	for _, e := range ledger {
		if e.Action == "resend" {
			if a := owner[e.Old]; a != nil {
				a.resent++
			}
			continue
		}
		if e.Kind != string(tasks.Reminder) {
			continue
		}
		to := target{e.Channel, e.Address}
		a := told[to]
		if a == nil {
			a = &account{ids: map[string]bool{}}
			told[to] = a
		}
		owner[e.ID] = a
		a.ids[e.ID] = true
		switch tasks.DeliveryState(e.State) {
		case tasks.Delivered:
			a.sent++
		case tasks.Uncertain:
			a.doubts++
		case tasks.Failed:
			a.failed++
			if e.Doubts > 1 {
				a.setAside++
			}
		default:
			a.otherEnds = append(a.otherEnds, e.State)
		}
	}
	return told
}

// worstStart returns the most attempts that one start of the daemon found in
// doubt. It writes them down at one instant.
func worstStart(ledger []entry) int {
	worst := 0
	at := map[time.Time]int{}
	for _, e := range ledger {
		if e.State == string(tasks.Uncertain) || e.State == string(tasks.Failed) && e.Doubts > 1 {
			at[e.Time]++
			worst = max(worst, at[e.Time])
		}
	}
	return worst
}

// judgeTarget holds one target's arrivals against the ledger.
func (o *office) judgeTarget(res *result, to target, marker string, told map[target]*account) {
	got, a := o.arrived[to], told[to]
	if a == nil {
		a = &account{}
	}
	res.setAside += a.setAside
	res.doubts += a.doubts
	who := fmt.Sprintf("%s %s", to.channel, to.address)
	if len(got) == 0 {
		res.lost++
		res.fail("%s got nothing; the ledger says sent %d, uncertain %d, failed %d", who, a.sent, a.doubts, a.failed)
		return
	}
	res.delivered++
	res.repeated += len(got) - 1
	if a.sent == 0 {
		res.fail("%s got its message, and the ledger does not say so", who)
	}
	if len(a.otherEnds) > 0 {
		res.fail("%s: the ledger says %v, and nothing changed", who, a.otherEnds)
	}
	// Every copy beyond the first needs an attempt of which the ledger says that
	// nobody knows, or a person who asked for it.
	if extra, excuses := len(got)-1, a.doubts+a.resent; extra > excuses {
		res.fail("%s got %d copies, and the ledger excuses %d repetitions", who, len(got), excuses)
	}
	for _, m := range got {
		if !strings.Contains(m.Text, marker) {
			res.fail("%s got a text without %s", who, marker)
		}
	}
	o.judgeIDs(res, to, a)
}

// judgeIDs holds the Message-IDs of a target's mails against the ledger. What is
// not settled yet may not be there.
func (r *recorder) judgeIDs(res *result, to target, a *account) {
	if to.channel != tasks.Email || a == nil {
		return
	}
	for _, m := range r.arrived[to] {
		if id, _, _ := strings.Cut(m.ID, "@"); !a.ids[id] {
			res.fail("%s got a mail with the Message-ID %s, which is none of the ledger's %v", to.address, m.ID, a.ids)
		}
	}
}

// drain waits until the far ends are done with what a dead process sent.
func (o *office) drain() {
	for begun := time.Now(); o.busy() > 0 && time.Since(begun) < 5*time.Second; {
		time.Sleep(2 * time.Millisecond)
	}
}

// newLife notes that a daemon process is dead, when the far ends are done with
// what it had sent.
func (o *office) newLife() {
	o.drain()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.life++
}

// mostRepeated returns the most messages that the end of one process made come
// again.
func (r *recorder) mostRepeated() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := 0
	again := map[int]int{} // by the process that had sent them first
	for _, got := range r.arrived {
		for _, a := range got[:max(len(got)-1, 0)] {
			again[a.life]++
			most = max(most, again[a.life])
		}
	}
	return most
}

// mostCopies returns how often the message came that came most often.
func (r *recorder) mostCopies() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := 0
	for _, got := range r.arrived {
		most = max(most, len(got))
	}
	return most
}

// sameMail counts the mails that came more than once, and those of them whose
// copies of one delivery differ in their Message-ID.
func (o *office) sameMail() (repeated, differing int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for to, got := range o.arrived {
		if to.channel != tasks.Email || len(got) < 2 {
			continue
		}
		repeated++
		base := func(m arrival) string {
			id, _, _ := strings.Cut(m.ID, "@")
			id, _, _ = strings.Cut(id, "-") // one that was sent by hand bears a number
			return id
		}
		for _, m := range got[1:] {
			if base(m) != base(got[0]) {
				differing++
				break
			}
		}
	}
	return repeated, differing
}
