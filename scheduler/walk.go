package scheduler

import (
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// cursors holds, for each schedule of a rule, its last instant that is handled.
type cursors map[string]time.Time

// cursor names a rule's schedule. A rule's name has no space.
func (r Rule) cursor() string { return r.Name + " " + r.Cron }

// adopt lets a rule whose schedule was edited go on from where it was under the
// one before: what a downtime or the edit itself left out is made up for once,
// as ever. What was told already is known by its marks; a report leaves none,
// so the day on which one went out is done.
func (c cursors) adopt(s Setup, now time.Time) {
	for _, r := range s.Rules {
		newest, last := r.cursor(), c[r.cursor()]
		for name, at := range c {
			if strings.HasPrefix(name, r.Name+" ") && at.After(last) {
				newest, last = name, at
			}
		}
		if newest == r.cursor() {
			continue
		}
		if r.Message == tasks.WeeklyReport {
			day := tasks.DateOf(last.In(s.Calendar.Location))
			last = earlier((day+1).At(0, 0, s.Calendar.Location).Add(-time.Nanosecond), now)
		}
		c[r.cursor()] = last
	}
}

// takeBack moves cursors that are ahead of now back to it: the clock ran ahead
// and is right again. What was told meanwhile is known, and not told twice.
func (c cursors) takeBack(now time.Time) {
	for name, last := range c {
		if last.Sub(now) > onTime {
			c[name] = now
		}
	}
}

// due returns the fires that are to be handled at now and moves the cursors
// past them. However many instants of a rule were missed, they are one fire:
// steps stay ripe until they are sent. On a day off or in quiet hours nothing
// is due; it waits.
func (c cursors) due(s Setup, now time.Time) []Fire {
	var out []Fire
	now = now.In(s.Calendar.Location)
	for _, r := range s.Rules {
		last, known := c[r.cursor()]
		if !known {
			c[r.cursor()] = now
			continue
		}
		if at, ok := s.missed(r, last, now); ok {
			c[r.cursor()] = at
			out = append(out, Fire{r, at})
		}
	}
	return out
}

// missed returns the latest instant of a rule after last that may take place
// at now or should have before.
func (s Setup) missed(r Rule, last, now time.Time) (time.Time, bool) {
	if s.Calendar.Shift(now, r.AnyDay).After(now) {
		return time.Time{}, false
	}
	last = last.In(s.Calendar.Location)
	for limit := now; ; {
		at, ok := lastFire(r.Schedule, last, limit)
		if !ok || !s.Calendar.Shift(at, r.AnyDay).After(now) {
			return at, ok
		}
		limit = at.Add(-time.Nanosecond)
	}
}

// next returns the first instant after now at which something becomes due, and
// the zero time if nothing ever does.
func (c cursors) next(s Setup, now time.Time) time.Time {
	var next time.Time
	now = now.In(s.Calendar.Location)
	for _, r := range s.Rules {
		last, known := c[r.cursor()]
		if !known {
			last = now
		}
		if t := s.nextOf(r, last, now); !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// maxAhead bounds the look ahead over instants that days off move; every real
// schedule needs a handful.
const maxAhead = 1000

// nextOf returns the first instant after now at which a rule is due. An
// instant on a day off may move behind a later one that does not move, so the
// look ahead goes on until no later instant can come first.
func (s Setup) nextOf(r Rule, last, now time.Time) time.Time {
	var best time.Time
	at := last.In(s.Calendar.Location)
	for range maxAhead {
		at = r.Schedule.Next(at)
		if at.IsZero() || !best.IsZero() && !at.Before(best) {
			break
		}
		shifted := s.Calendar.Shift(at, r.AnyDay)
		if !shifted.After(now) { // missed, and now is no time to send
			shifted = s.Calendar.Shift(now, r.AnyDay)
			if eve := s.eve(r, now); at.Before(eve) {
				at = eve
			}
		}
		if shifted.After(now) && (best.IsZero() || shifted.Before(best)) {
			best = shifted
		}
	}
	return best
}

// eve returns the end of the working day before the days off that now lies in:
// what is scheduled for these is still to come. On a working day it is now.
func (s Setup) eve(r Rule, now time.Time) time.Time {
	worked := s.Calendar.LastWorking(tasks.DateOf(now))
	if r.AnyDay || worked == tasks.DateOf(now) {
		return now
	}
	return (worked + 1).At(0, 0, s.Calendar.Location).Add(-time.Nanosecond)
}

// onTime is how late a fire may be handled and still count as having taken
// place at its own instant.
const onTime = time.Minute

// instant returns the instant that messages of the fires bear: the fires' own
// when they are handled on time, otherwise now, so that days left are true.
func (s Setup) instant(fires []Fire, now time.Time) time.Time {
	var latest time.Time
	for _, f := range fires {
		if at := s.Calendar.Shift(f.Scheduled, f.Rule.AnyDay); at.After(latest) {
			latest = at
		}
	}
	now = now.In(s.Calendar.Location).Truncate(time.Second)
	if latest.Before(now) && now.Sub(latest) < onTime && tasks.DateOf(latest) == tasks.DateOf(now) {
		return latest
	}
	return now
}

// Forecast returns every message of [from, to] if nothing changes: it walks the
// schedules as the daemon would, with the sent set as it stands.
func Forecast(tt []tasks.Task, s Setup, sent tasks.Sent, from, to time.Time) []tasks.Message {
	told := make(tasks.Sent, len(sent))
	for k, rank := range sent {
		told[k] = rank
	}
	c := cursors{}
	for _, r := range s.Rules {
		c[r.cursor()] = from.Add(-time.Nanosecond)
	}
	var out []tasks.Message
	for now := c.next(s, from.Add(-time.Nanosecond)); !now.IsZero() && !now.After(to); now = c.next(s, now) {
		fires := c.due(s, now)
		if !anyUnfinished(tt) {
			fires = slices.DeleteFunc(fires, func(f Fire) bool { return f.Rule.Message == tasks.WeeklyReport })
		}
		for _, m := range Plan(tt, fires, s, told, s.instant(fires, now)) {
			told.Add(m)
			out = append(out, m)
		}
		c.skipDay(fires, now)
	}
	return out
}

// skipDay moves the cursors of reminder rules that have fired to the end of the
// day: what is ripe does not change within a day, so a rule that fires every
// second has no more to say on it.
func (c cursors) skipDay(fires []Fire, now time.Time) {
	for _, f := range fires {
		if f.Rule.Message == "" {
			c[f.Rule.cursor()] = (tasks.DateOf(now) + 1).At(0, 0, now.Location()).Add(-time.Nanosecond)
		}
	}
}

// anyUnfinished reports whether there is anything a weekly report could be
// about.
func anyUnfinished(tt []tasks.Task) bool {
	return slices.ContainsFunc(tt, func(t tasks.Task) bool {
		return t.Status != tasks.Done && t.Status != tasks.Cancelled
	})
}
