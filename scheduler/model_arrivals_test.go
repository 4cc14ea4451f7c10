package scheduler

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"nhacviec/tasks"
)

// stale says why a step is not to be sent now, "" when it is.
func (b *book) stale(p *plannedStep) string {
	t := b.tasks[p.no]
	i := slices.IndexFunc(b.config.rules, func(r modelRule) bool { return r.name == p.rule })
	switch {
	case t.status != tasks.Open:
		return "it is " + string(t.status)
	case t.version != p.version:
		return "its deadline has moved"
	case p.due != 0 && !slices.Contains(t.open(), p.due):
		return "its date is done, or a person must look first"
	case i < 0:
		return "its rule is gone"
	case !b.config.told(b.config.rules[i], t, p.due, today())[p.to]:
		return "it is another's"
	}
	return ""
}

// arrives is told of every text that a far end takes.
func (b *book) arrives(to tasks.Channel, o tasks.Outgoing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tally["arrived"]++
	row := b.rows[o.ID]
	if row == nil {
		b.fault("%s got %s, which was never planned", o.Address, o.ID)
		return
	}
	if row.state != tasks.Sending {
		b.fault("%s got %s, which is %s", o.Address, o.ID, row.state)
	}
	if row.Channel != to || row.Address != o.Address {
		b.fault("%s got what is for %s", o.Address, row.Address)
	}
	row.arrivals[o.Text]++
	repeated := 0
	for _, n := range row.arrivals {
		repeated += n - 1
	}
	if repeated > row.uncertain {
		b.fault("%s got %d texts of %s again, after %d doubts", o.Address, repeated, o.ID, row.uncertain)
	}
	for line := range strings.Lines(o.Text) {
		if row.kind == tasks.Reminder {
			b.reminded(row, o.ID, strings.Split(strings.TrimSpace(line), "|"))
		}
	}
}

// reminded holds one line of a reminder against what its reader was promised.
func (b *book) reminded(row *modelDelivery, id string, f []string) {
	version, _ := strconv.Atoi(f[1])
	m := modelMark{tasks.Number(f[0]), version, f[2], row.Recipient}
	i := slices.IndexFunc(b.planned[m], func(p *plannedStep) bool { return p.name == f[3] && p.id == id })
	if i < 0 {
		b.fault("%s was told of %v, which was not planned", row.Address, f)
		return
	}
	p := b.planned[m][i]
	attempt := row.attempt.Add(-2 * time.Second) // it was read shortly before
	settledThen := b.tasks[p.no].changed.Before(attempt) && b.since.Before(attempt)
	if why := b.stale(p); why != "" && settledThen {
		b.fault("%s was told of %v: %s", row.Address, f, why)
	}
	if p.due != 0 {
		if left := strconv.Itoa(int(p.due - dayOf(row.attempt))); f[4] != left {
			b.fault("%s was told of %v with %s days left", row.Address, f, left)
		}
	}
	for _, o := range b.planned[m] {
		if o.rank > p.rank && o.state != tasks.Dropped && o.state != tasks.Superseded && !p.again && b.rows[o.id].planned.Before(attempt) {
			b.fault("%s was told of %v, superseded by %s", row.Address, f, o.name)
		}
		if o.rank < p.rank || p.again && o != p {
			continue
		}
		for _, before := range o.arrived {
			if b.rows[before].uncertain == 0 {
				b.fault("%s was told of %v twice, by %s and %s, and the ledger knows of no doubt", row.Address, f, before, id)
			}
		}
	}
	p.arrived = append(p.arrived, id)
	here := 0
	for _, under := range p.arrived {
		if under == id {
			here++
		}
	}
	if doubts := b.rows[id].uncertain; here > 1+doubts {
		b.fault("%s was told of %v %d times, after %d doubts", row.Address, f, here, doubts)
	}
}

// answered is told of every answer that is no yes.
func (b *book) answered(ch tasks.Channel, id string, what tasks.Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble[ch] = time.Now()
	if row := b.rows[id]; row != nil {
		row.troubled = true
		switch what {
		case tasks.Permanent:
			row.refused++
		case tasks.Unknowable:
			row.doubts++
			row.unrecorded = true
		}
	}
}
