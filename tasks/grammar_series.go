package tasks

import (
	"slices"
	"time"
)

// cycle is a set of periods at whose ends something is due.
type cycle uint8

const (
	everyWeek cycle = 1 << iota
	everyMonth
	everyQuarter
	everyHalf
	everyNineMonths
	everyYear
)

// months returns the months that end a period of the set.
func (c cycle) months() []time.Month {
	var set [13]bool
	for m := 1; m <= 12; m++ {
		set[m] = c&everyMonth != 0 || c&everyQuarter != 0 && m%3 == 0 || c&everyHalf != 0 && m%6 == 0 ||
			c&everyNineMonths != 0 && m == 9 || c&everyYear != 0 && m == 12
	}
	var out []time.Month
	for m := 1; m <= 12; m++ {
		if set[m] {
			out = append(out, time.Month(m))
		}
	}
	return out
}

// every reads "hằng tháng", "định kỳ hằng quý, 6 tháng", "6 tháng, năm", "mỗi
// quý một lần", "01 lần/tháng".
func (r *reader) every() bool {
	if r.said == matter && !r.timed {
		return false
	}
	if !r.cycle() {
		return false
	}
	r.timed = true
	return true
}

func (r *reader) cycle() bool {
	var set cycle
	if r.once() {
		if !r.is("/") && !r.is("mỗi") && !r.is("trong") {
			return false
		}
		c, ok := r.cycleUnit()
		r.cycles |= c // none if not ok
		return ok
	}
	if !r.take(endWords) {
		r.take(inWords)
	}
	prefixed, members := r.cyclePrefix(), 0
	for {
		at := r.at
		if members > 0 {
			if !r.is(",") && !r.is("và") && !r.is("/") && !r.is("hoặc") && !r.is(";") {
				break
			}
			r.cyclePrefix()
		}
		c, ok := r.cycleUnit()
		if !ok {
			r.at = at
			break
		}
		set |= c
		members++
		at = r.at
		r.is("/")
		if r.once() {
			prefixed = true
		} else {
			r.at = at
		}
	}
	if members == 0 || !prefixed && members < 2 {
		return false
	}
	r.cycles |= set
	return true
}

var atLeast = newPhrases("ít nhất|tối thiểu")

func (r *reader) cyclePrefix() bool {
	at := r.at
	r.is("định")
	if r.at > at && !r.is("kỳ") {
		r.at = at
	}
	r.each()
	return r.at > at
}

// once reads "1 lần", "một lần", and the "lần" of "6 tháng/lần".
func (r *reader) once() bool {
	at := r.at
	r.take(atLeast)
	if r.peek(0).n == 1 || r.lookingAt("một") {
		r.at++
	} else if r.before() != "/" {
		return false
	}
	if r.is("lần") {
		return true
	}
	r.at = at
	return false
}

func (r *reader) cycleUnit() (cycle, bool) {
	at := r.at
	t := r.peek(0)
	n := 0
	if t.text == "nửa" {
		n = -1
		r.at++
	} else if word, ok := smallNumbers[t.text]; ok && (r.peek(1).text == "tháng" || r.peek(1).text == "năm") && t.text != "năm" {
		n = word
		r.at++
	} else if isSmall(t) {
		n = t.n
		r.at++
	} else if t.text == "cả" {
		r.at++
	}
	var c cycle
	switch unit := r.peek(0).text; {
	case n == -1 && unit == "năm":
		c = everyHalf
	case unit == "tuần" && n <= 1:
		c = everyWeek
	case unit == "quý" && n <= 1:
		c = everyQuarter
	case unit == "năm" && n <= 1, unit == "tháng" && n == 12:
		c = everyYear
	case unit == "tháng":
		c = map[int]cycle{0: everyMonth, 1: everyMonth, 3: everyQuarter, 6: everyHalf, 9: everyNineMonths}[n]
	}
	r.at++
	next := r.peek(0)
	if c == 0 || next.number() && r.peek(1).text != "lần" || next.text == "học" || next.text == "đầu" || next.text == "cuối" ||
		quarterOf(next) != 0 && r.peek(1).text != "lần" {
		r.at = at
		return 0, false
	}
	return c, true
}

// onWeekday reads the "thứ sáu" of "trước 16 giờ thứ sáu hằng tuần".
func (r *reader) onWeekday() bool {
	r.lead()
	r.clock()
	day, ok := r.weekday()
	if !ok || r.said == matter || r.lookingAt("-") || r.lookingAt("đến") { // "thứ hai đến thứ sáu"
		return false
	}
	r.days = append(r.days, day)
	r.timed = true
	return true
}

// repeats reports whether the text speaks of a series.
func (r *reader) repeats() bool {
	return r.cycles != 0 || slices.ContainsFunc(r.spans, func(s span) bool { return s.end.inQuarter != 0 })
}

// recurrence makes one series of the cycles and the days in them, if one can
// say it.
func (r *reader) recurrence() (rule Recurrence, ok bool) {
	if len(r.counted) > 0 {
		return rule, false
	}
	if r.cycles&everyWeek != 0 {
		if len(r.days) == 0 {
			r.days = []time.Weekday{time.Sunday}
		}
		rule.freq = weekly
		for _, d := range r.days {
			rule.weekdays |= 1 << d
		}
		return rule, r.cycles == everyWeek && len(r.spans) == 0
	}
	if len(r.days) > 0 {
		return rule, false
	}
	if len(r.spans) == 0 {
		months := r.cycles.months()
		if len(months) == 12 {
			months = nil
		}
		return monthlyOn(0, months...), true
	}
	var days []int
	var months []time.Month
	for _, s := range r.spans {
		p := s.end
		if s.before || p.year != 0 || p.impossible || s.start.year != 0 || p.day > 31 || p.unit == unitDay && p.day == 0 {
			return rule, false
		}
		days = append(days, p.day)
		switch {
		case p.inQuarter != 0:
			if r.cycles&^everyQuarter != 0 || len(r.spans) > 1 {
				return rule, false
			}
			for m := p.inQuarter; m <= 12; m += 3 {
				months = append(months, time.Month(m))
			}
			return monthlyOn(p.day, months...), true
		case p.unit == unitDay && p.first == 0:
			if r.cycles != everyMonth {
				return rule, false
			}
		default:
			last := p.last
			if p.unit == unitDay {
				last = p.first
			}
			if r.cycles != everyYear || last < 1 || last > 12 || p.day > daysIn(2023, time.Month(last)) {
				return rule, false
			}
			months = append(months, time.Month(last))
		}
	}
	if r.cycles == everyMonth {
		return eachMonth(days)
	}
	return eachYear(days, months)
}

// eachMonth is the series of some days of every month.
func eachMonth(days []int) (Recurrence, bool) {
	if len(days) == 1 {
		return monthlyOn(days[0]), true
	}
	rule := Recurrence{freq: monthly}
	for _, d := range days {
		if d > 28 {
			return rule, false
		}
		rule.days |= 1 << d
	}
	return rule, true
}

// eachYear is the series of the same day, or the last, of some months.
func eachYear(days []int, months []time.Month) (Recurrence, bool) {
	same, last := true, true
	for i, d := range days {
		same = same && d == days[0]
		last = last && (d == 0 || d == daysIn(2023, months[i]) && months[i] != time.February)
	}
	switch {
	case last && len(days) > 1:
		return monthlyOn(0, months...), true
	case same:
		return monthlyOn(days[0], months...), true
	}
	return Recurrence{}, false
}

// bounds takes from what was read where a series starts and ends: "từ tháng
// 7/2023", "đến hết năm 2023", "giai đoạn 2023-2025". One without end ends on
// lastDate.
func (r *reader) bounds() (from, until Date, ok bool) {
	from, until = r.startDay, lastDate
	if r.start != nil {
		p := r.start.end
		if p.year == 0 {
			p.year = r.issueYear()
		}
		if from, _, ok = p.dates(); !ok {
			return 0, 0, false
		}
	}
	var days []span
	for _, s := range r.spans {
		if !s.bounds || s.end.year == 0 {
			days = append(days, s)
			continue
		}
		first, last, ok := s.end.dates()
		if s.ranged {
			if s.start.year == 0 {
				s.start.year = s.end.year
			}
			first, _, ok = s.start.dates()
		} else if s.until {
			first = from
		}
		if !ok || until != lastDate || first < from {
			return 0, 0, false
		}
		from, until = first, last
	}
	r.spans = days
	return from, until, true
}
