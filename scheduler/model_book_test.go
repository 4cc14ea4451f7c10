package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// book is what the model knows, and what it finds wrong. The product's records
// and the far ends' arrivals pass by it as they happen.
type book struct {
	mu      sync.Mutex
	faults  []string
	config  modelConfig
	since   time.Time // the config is in force
	up      time.Time // the process runs; zero: it does not
	tasks   map[tasks.Number]*modelTask
	cursors map[string]time.Time
	rows    map[string]*modelDelivery
	planned map[modelMark][]*plannedStep
	trouble map[tasks.Channel]time.Time // the last that a far end did not simply say yes
	changes int                         // of tasks, by people
	notices map[string]bool             // ids of deliveries that a planned notice tells the office of
	tally   map[string]int
}

// modelMark is a series of steps to one recipient.
type modelMark struct {
	no      tasks.Number
	version int
	series  string
	to      tasks.Recipient
}

// plannedStep is the life of one step of one planned message.
type plannedStep struct {
	modelMark
	rank    int
	name    string
	rule    string
	due     tasks.Date
	id      string // of the message
	at      time.Time
	again   bool
	state   tasks.DeliveryState // planned, or how it was settled
	arrived []string            // under which ids
}

// modelDelivery is a delivery as the book knows it.
type modelDelivery struct {
	tasks.Recipient
	kind      tasks.MessageKind
	at        time.Time
	planned   time.Time
	attempt   time.Time // the last began
	state     tasks.DeliveryState
	attempts  int
	uncertain int // entries of the ledger
	doubts    int // attempts that ended without an answer
	crashes   int // of these, with the process
	// unrecorded: the last attempt ended without an answer, and no record says so.
	unrecorded bool
	refused    int // answers that it never will be delivered
	arrivals   map[string]int
	troubled   bool // it met something else than a yes
	instead    []string
}

func newBook() *book {
	return &book{tasks: map[tasks.Number]*modelTask{}, cursors: map[string]time.Time{}, rows: map[string]*modelDelivery{},
		planned: map[modelMark][]*plannedStep{}, trouble: map[tasks.Channel]time.Time{}, notices: map[string]bool{}, tally: map[string]int{}}
}

func (b *book) fault(format string, args ...any) {
	b.faults = append(b.faults, time.Now().In(hoChiMinh).Format("02/01 15:04:05.000000 ")+fmt.Sprintf(format, args...))
}

func today() tasks.Date { return dayOf(time.Now()) }

// told returns how far a series has been told or is on its way.
func (b *book) told(m modelMark) (rank int, ok bool) {
	for _, p := range b.planned[m] {
		if p.state != tasks.Dropped && p.state != tasks.Superseded && (!ok || p.rank > rank) {
			rank, ok = p.rank, true
		}
	}
	return rank, ok
}

// plan returns what the rules that are due now ask for, one line a step, and
// takes them as handled.
func (b *book) plan(now time.Time) (lines []string, handled map[string]time.Time) {
	handled = map[string]time.Time{}
	best := map[modelMark]modelStep{}
	for _, r := range b.config.rules {
		last, known := b.cursors[r.name]
		if !known {
			handled[r.name] = now
			continue
		}
		at, due := b.config.fire(r, last, now)
		if !due {
			continue
		}
		handled[r.name] = at
		for no, t := range b.tasks {
			if !slices.Contains(r.kinds, t.wants()) {
				continue
			}
			for _, s := range b.config.steps(r, t, at, today()) {
				for to := range b.config.told(r, t, s.due, today()) {
					m := modelMark{no, t.version, s.series, to}
					if rank, told := b.told(m); told && rank >= s.rank {
						continue
					}
					if other, ok := best[m]; !ok || other.rank < s.rank {
						best[m] = s
					}
				}
			}
		}
	}
	for m, s := range best {
		lines = append(lines, fmt.Sprintf("%s: %s v%d %s %s", m.to.Address, m.no, m.version, s.series, s.name))
	}
	slices.Sort(lines)
	return lines, handled
}

// committed is told of every fire that was stored.
func (b *book) committed(f tasks.Fired) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	var lines []string
	seen := map[string]bool{}
	for _, d := range f.Deliveries {
		if who := fmt.Sprint(d.Kind, d.Recipient); seen[who] {
			b.fault("two messages of kind %s to %s at once", d.Kind, d.Address)
		} else {
			seen[who] = true
		}
		for _, s := range d.Steps {
			series, _, _ := s.Mark()
			lines = append(lines, fmt.Sprintf("%s: %s v%d %s %s", d.Address, s.No, s.Version, series, s.Name))
		}
		b.enter(d, now)
	}
	slices.Sort(lines)
	for _, id := range f.Told {
		b.notices[id] = true
	}
	if len(f.Cursors) == 0 {
		if len(lines) > 0 {
			b.fault("reminders without a fire: %q", lines)
		}
		return
	}
	// What was planned is entered already; the model plans as if it were not.
	b.leaveOut(f.Deliveries)
	want, handled := b.plan(now)
	maps.Copy(b.cursors, handled)
	for _, d := range f.Deliveries {
		b.enterSteps(d)
	}
	if !slices.Equal(lines, want) {
		b.fault("planned\n\t%s\nwant\n\t%s%s", strings.Join(lines, "\n\t"), strings.Join(want, "\n\t"), b.history(f.Deliveries))
	}
	stored := map[string]time.Time{}
	for schedule, at := range f.Cursors {
		name, _, _ := strings.Cut(schedule, " ")
		stored[name] = at
	}
	maps.Copy(handled, b.goneOn(stored, handled))
	if !maps.EqualFunc(handled, stored, time.Time.Equal) {
		b.fault("handled %v, want %v", stored, handled)
	}
	b.tally["fires"]++
	b.tally["planned"] += len(f.Deliveries)
}

// goneOn returns where the rules were that are stored without having fired: those
// whose schedule was edited go on from there.
func (b *book) goneOn(stored, handled map[string]time.Time) map[string]time.Time {
	out := map[string]time.Time{}
	for name := range stored {
		if _, fired := handled[name]; !fired {
			out[name] = b.cursors[name]
		}
	}
	return out
}

func (b *book) enter(d tasks.Delivery, now time.Time) {
	if b.rows[d.ID] != nil {
		b.fault("%s is planned a second time", d.ID)
	}
	b.rows[d.ID] = &modelDelivery{Recipient: d.Recipient, kind: d.Kind, at: d.At, planned: now, state: tasks.Planned, arrivals: map[string]int{}}
	b.enterSteps(d)
}

func (b *book) enterSteps(d tasks.Delivery) {
	for _, s := range d.Steps {
		m, rank := markOf(s, d.Recipient)
		b.planned[m] = append(b.planned[m], &plannedStep{modelMark: m, rank: rank, name: s.Name, rule: s.Rule, due: s.Due, id: d.ID, at: d.At, again: d.Again, state: tasks.Planned})
	}
}

// history lists what was planned of the series of some deliveries.
func (b *book) history(dd []tasks.Delivery) string {
	var out strings.Builder
	for _, d := range dd {
		for _, s := range d.Steps {
			m, _ := markOf(s, d.Recipient)
			for _, p := range b.planned[m] {
				fmt.Fprintf(&out, "\n\t\t%s %s of %s: %s %s, arrived as %q", p.no, p.name, p.at.In(hoChiMinh).Format("02/01 15:04"), p.id, p.state, p.arrived)
			}
		}
	}
	return out.String()
}

func (b *book) leaveOut(dd []tasks.Delivery) {
	for _, d := range dd {
		for _, s := range d.Steps {
			m, _ := markOf(s, d.Recipient)
			b.planned[m] = slices.DeleteFunc(b.planned[m], func(p *plannedStep) bool { return p.id == d.ID })
		}
	}
}

func markOf(s tasks.Step, to tasks.Recipient) (modelMark, int) {
	series, rank, _ := s.Mark()
	return modelMark{s.No, s.Version, series, to}, rank
}

// step finds a step of a message, by the message's own id or as part of the one
// that it was planned in.
func (b *book) step(d tasks.Delivery, s tasks.Step) *plannedStep {
	m, rank := markOf(s, d.Recipient)
	var part *plannedStep
	for _, p := range b.planned[m] {
		switch {
		case p.rank != rank || !p.at.Equal(d.At) || times(p.id) != times(d.ID):
		case p.id == d.ID:
			return p
		case part == nil || p.state == tasks.Planned:
			part = p
		}
	}
	if part != nil {
		return part
	}
	b.fault("%s to %s speaks of %s %s, which was never planned", d.ID, d.Address, s.No, s.Name)
	return &plannedStep{}
}

// times returns what stands behind the name of a message that is sent again.
func times(id string) string {
	_, n, _ := strings.Cut(id, "-")
	return n
}

// kept is told of every record of a delivery that was stored.
func (b *book) kept(d tasks.Delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	row := b.rows[d.ID]
	if row == nil { // a part of another
		b.rows[d.ID] = &modelDelivery{Recipient: d.Recipient, kind: d.Kind, at: d.At, planned: now, state: tasks.Planned, arrivals: map[string]int{}}
		row = b.rows[d.ID]
	}
	if row.settled() {
		b.fault("%s is %s and becomes %s", d.ID, row.state, d.State)
	}
	row.state, row.unrecorded, row.instead = d.State, false, d.Instead
	b.tally[string(d.State)]++
	switch d.State {
	case tasks.Sending:
		if d.Attempts > row.attempts { // and no record of a part
			if row.doubts-row.crashes >= 2 || row.crashes >= tasks.MaxCrashes {
				b.fault("%s to %s is sent again after %d doubts, %d of them ends of the process", d.ID, d.Address, row.doubts, row.crashes)
			}
			row.attempt, row.attempts = now, d.Attempts
		}
	case tasks.Retry:
		row.troubled = true
		if wait := d.NextAttempt.Sub(now); wait > 70*time.Minute {
			b.fault("%s waits for %s", d.ID, wait)
		}
	case tasks.Uncertain:
		row.troubled = true
		row.uncertain++
		row.state = tasks.Retry
		if row.uncertain > row.doubts {
			b.fault("%s is called uncertain %d times after %d doubts", d.ID, row.uncertain, row.doubts)
		}
	case tasks.Failed:
		if row.refused == 0 && row.doubts < 2 && row.crashes < tasks.MaxCrashes && (now.Sub(row.planned) < 72*time.Hour || row.attempts < 10) {
			b.fault("%s to %s failed after %d attempts in %s: %s", d.ID, d.Address, row.attempts, now.Sub(row.planned), d.Error)
		}
	}
	if row.settled() {
		for _, s := range d.Steps {
			b.settle(d, s)
		}
	}
	if d.State == tasks.Failed && row.refused > 0 && d.Channel != tasks.Email && d.PartsSent == 0 {
		b.byMail(d)
	}
}

// byMail holds that what a chat refuses for good is planned for the unit's mail
// address, if it has one.
func (b *book) byMail(d tasks.Delivery) {
	mail := tasks.Recipient{Channel: tasks.Email, Unit: d.Unit, Address: b.config.units[d.Unit].addresses[tasks.Email]}
	for _, s := range d.Steps {
		m, rank := markOf(s, mail)
		if slices.ContainsFunc(b.planned[m], func(p *plannedStep) bool { return p.again }) {
			continue // a person took it in hand
		}
		if told, ok := b.told(m); mail.Address != "" && (!ok || told < rank) {
			b.fault("%s refuses %s %s, and nothing goes to %s", d.Address, s.No, s.Name, mail.Address)
		}
	}
}

func (row *modelDelivery) settled() bool {
	return slices.Contains([]tasks.DeliveryState{tasks.Delivered, tasks.Dropped, tasks.Superseded, tasks.Failed}, row.state)
}

func (b *book) settle(d tasks.Delivery, s tasks.Step) {
	p := b.step(d, s)
	if p.state != tasks.Planned {
		b.fault("%s %s to %s was %s and is %s", s.No, s.Name, d.Address, p.state, d.State)
	}
	p.state = d.State
	switch d.State {
	case tasks.Dropped:
		if why := b.stale(p); why == "" {
			b.fault("%s %s to %s is dropped, and it holds: %s", s.No, s.Name, d.Address, d.Error)
		}
	case tasks.Superseded:
		if rank, _ := b.told(p.modelMark); rank <= p.rank {
			b.fault("%s %s to %s is superseded by nothing", s.No, s.Name, d.Address)
		}
	case tasks.Delivered:
		if !slices.Contains(p.arrived, d.ID) {
			b.fault("%s %s to %s counts as sent, and did not arrive", s.No, s.Name, d.Address)
		}
	}
}

// divided is told of a message that was parted: what had gone out, what is not
// sent, and what is left, which may go on under another id.
func (b *book) divided(into []tasks.Delivery) {
	b.mu.Lock()
	own := slices.DeleteFunc(slices.Clone(into), func(d tasks.Delivery) bool {
		inPlace := slices.ContainsFunc(into, func(old tasks.Delivery) bool { return slices.Contains(old.Instead, d.ID) })
		if inPlace && b.rows[d.ID] == nil {
			b.enter(d, time.Now())
			b.tally["instead"]++
		}
		return inPlace
	})
	for _, d := range own {
		if d.State != tasks.Planned || b.rows[d.ID] != nil {
			continue
		}
		for _, s := range d.Steps {
			b.step(d, s).id = d.ID
		}
		b.rows[d.ID] = &modelDelivery{Recipient: d.Recipient, kind: d.Kind, at: d.At, planned: time.Now(), state: tasks.Planned, arrivals: map[string]int{}, troubled: true}
	}
	b.tally["divided"]++
	b.mu.Unlock()
	for _, d := range own {
		b.kept(d)
	}
}

// died is told that the process has ended: what was under way is in doubt.
func (b *book) died() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.up = time.Time{}
	for _, row := range b.rows {
		if row.state == tasks.Sending {
			if !row.unrecorded {
				row.doubts++
			}
			row.crashes++
			row.troubled = true
		}
	}
}

// lives is told that a process runs, or that it has another config.
func (b *book) lives(c modelConfig, starts bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.config, b.since = c, time.Now()
	if starts {
		b.up = time.Now()
	}
}

// late finds what should have happened by now: a fire, or the delivery of what
// waits.
func (b *book) late() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.up.IsZero() {
		return
	}
	for _, r := range b.config.rules {
		if last, known := b.cursors[r.name]; !known {
			if now.Sub(b.since) > time.Minute {
				b.fault("the rule %s is not looked at", r.name)
			}
		} else if at, due := b.config.fire(r, last, now); due && now.After(b.patience(r, at)) {
			b.fault("the rule %s should have fired for %s", r.name, at)
		}
	}
	for id, row := range b.rows {
		if row.settled() {
			continue
		}
		calm := latest(row.planned, b.up, b.trouble[row.Channel], b.since)
		patience := 2 * time.Minute
		if row.troubled || !b.trouble[row.Channel].IsZero() && now.Sub(b.trouble[row.Channel]) < 4*time.Hour {
			patience = 75 * time.Minute
		}
		if now.Sub(calm) > patience {
			b.fault("%s to %s is %s since %s, and all has been calm for %s", id, row.Address, row.state, row.planned, now.Sub(calm))
		}
	}
}

// patience returns until when what is scheduled for an instant may stay undone:
// a minute, or, after a start in a quiet hour or on a day off, a day more.
func (b *book) patience(r modelRule, scheduled time.Time) time.Time {
	at := latest(b.config.takesPlace(r, scheduled), b.since)
	if b.config.open(r, at) {
		return at.Add(time.Minute)
	}
	for !b.config.open(r, at) {
		at = at.Add(time.Hour)
	}
	return at.AddDate(0, 0, 1)
}

func latest(tt ...time.Time) time.Time { return slices.MaxFunc(tt, time.Time.Compare) }
