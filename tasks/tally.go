package tasks

import (
	"slices"
	"time"
)

// Tally is what was to leave the house on a day, and what became of it.
type Tally struct {
	Planned int       `json:"planned"` // all of the following
	Sent    int       `json:"sent"`
	Waiting int       `json:"waiting"` // from earlier days too
	Failed  int       `json:"failed"`
	Oldest  time.Time `json:"oldest_waiting,omitzero"` // since when the oldest one waits
}

// TallyOf counts a day. rows is what waits and what failed, whenever that was;
// sent is what the ledger has as sent on the day.
func TallyOf(day Date, loc *time.Location, rows, sent []Delivery) Tally {
	var t Tally
	for _, d := range sent {
		if DateOf(d.SentAt.In(loc)) == day {
			t.Sent++
		}
	}
	for _, d := range rows {
		switch {
		case d.State != Failed:
			t.Waiting++
			if t.Oldest.IsZero() || d.Created.Before(t.Oldest) {
				t.Oldest = d.Created
			}
		case DateOf(d.Created.In(loc)) == day:
			t.Failed++
		}
	}
	t.Planned = t.Sent + t.Waiting + t.Failed
	return t
}

// LateAfter is how long a message may wait before its silence is noticed.
const LateAfter = 15 * time.Minute

// Late is what waits too long on one channel.
type Late struct {
	Channel Channel   `json:"channel"`
	Count   int       `json:"count"`
	Since   time.Time `json:"since"` // the oldest
}

// LateOf returns what was due LateAfter before now and has not left the house,
// by channel, tried or not. running is since when somebody could have sent it.
// What failed is not late: it is not sent any more.
func LateOf(rows []Delivery, now, running time.Time) []Late {
	by := map[Channel]*Late{}
	for _, d := range rows {
		due := later(d.Created, d.At)
		if d.State == Failed || now.Sub(later(due, running)) < LateAfter {
			continue
		}
		l := by[d.Channel]
		if l == nil {
			l = &Late{Channel: d.Channel, Since: due}
			by[d.Channel] = l
		}
		l.Count++
		if due.Before(l.Since) {
			l.Since = due
		}
	}
	var out []Late
	for _, ch := range Channels {
		if l := by[ch]; l != nil {
			out = append(out, *l)
		}
	}
	return out
}

// Untold returns the rows that the office was not told of.
func Untold(rows []Delivery) []Delivery {
	return slices.DeleteFunc(slices.Clone(rows), func(d Delivery) bool { return d.Told })
}

// Untried returns the rows that should have been tried LateAfter before now: of
// what waits for its next attempt, or was just tried, the reason is known.
func Untried(rows []Delivery, now time.Time) []Delivery {
	return slices.DeleteFunc(slices.Clone(rows), func(d Delivery) bool { return now.Sub(d.NextAttempt) < LateAfter })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
