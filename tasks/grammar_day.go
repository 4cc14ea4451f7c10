package tasks

import (
	"strings"
	"time"
)

// day reads a day with what may stand before it: "17 giờ, thứ sáu, ngày …".
func (r *reader) day() (point, bool) {
	at := r.at
	r.clock()
	weekday, named := r.weekday()
	open := named && r.is("(")
	if named {
		r.is(",")
	}
	p, ok := r.dayNumbers()
	if !ok || open && !r.is(")") {
		r.at = at
		return point{}, false
	}
	if !named {
		weekday, named = r.afterDay()
	}
	if named {
		if first, _, ok := p.dates(); ok && first.Weekday() != weekday {
			p.impossible = true
		}
	}
	return p, true
}

// afterDay reads the hour or the day of the week where it follows the date:
// "30/6/2023 (thứ sáu)", "ngày 30/6/2023, trước 17 giờ".
func (r *reader) afterDay() (day time.Weekday, named bool) {
	at := r.at
	open := r.is("(")
	if !open {
		r.is(",")
	}
	day, named = r.weekday()
	if !named {
		r.take(beforeHour)
		if !r.clock() {
			r.at = at
			return 0, false
		}
		if r.lookingAt(":") && isSmall(r.peek(1)) { // seconds
			r.at += 2
		}
	}
	if open && !r.is(")") || !r.boundary() {
		r.at = at
		return 0, false
	}
	return day, named
}

// dayNumbers reads the day itself: in numbers, or as the last of a period, or
// of a month in words, or of one named elsewhere ("ngày 30 hằng tháng").
func (r *reader) dayNumbers() (point, bool) {
	at := r.at
	named := r.is("ngày")
	if named {
		r.is(":")
		if p, ok := r.lastDay(); ok {
			return p, true
		}
	}
	if p, ok := r.slashed(named); ok {
		return p, true
	}
	if p, ok := r.ofMonth(named); ok {
		return p, true
	}
	r.at = at
	return point{}, false
}

// lastDay reads the "cuối tháng 6" of "ngày cuối tháng 6", and "cuối cùng của
// mỗi quý".
func (r *reader) lastDay() (point, bool) {
	at := r.at
	if r.is("cuối") {
		r.is("cùng")
		r.is("của")
		if p, ok := r.period(false); ok {
			p.unit = unitLastDay
			return p, true
		}
		if r.each() && r.lookingAt("tháng") { // a cycle, to be read as one
			r.at--
			return point{unit: unitDay, day: 31}, true
		}
		switch {
		case r.is("quý"):
			return point{unit: unitDay, day: 31, inQuarter: 3}, true
		case r.is("tháng"):
			return point{unit: unitDay, day: 31}, true
		}
	}
	r.at = at
	return point{}, false
}

// slashed reads 30/6/2023, 30-6-2023, 30.6.2023, 2023-06-30, 30/6, and 6/2023,
// which is a month. After "ngày" 30-6 and 30.6 are days too.
func (r *reader) slashed(named bool) (point, bool) {
	a, sep, b := r.peek(0), r.peek(1).text, r.peek(2)
	if !a.number() || !b.number() || sep != "/" && sep != "-" && sep != "." {
		return point{}, false
	}
	following := r.peek(3).text
	if c := r.peek(4); following == sep && c.number() {
		if next := r.peek(5).text; next == "/" || next == "." && sep == "." && r.peek(6).number() {
			return point{}, false
		}
		year, ok := r.yearNumber(4)
		r.at += 5
		if isYear(a) && isSmall(b) && isSmall(c) {
			return point{unit: unitDay, year: a.n, first: b.n, day: c.n}, true
		}
		return point{unit: unitDay, year: year, first: b.n, day: a.n, impossible: !ok || !isSmall(a) || !isSmall(b)}, true
	}
	switch {
	case !isSmall(a) || following == "/" && sep != "-":
	case sep == "/" && !named && isYear(b):
		r.at += 3
		p := monthOf(a.n)
		p.year, p.bare = b.n, true
		return p, true
	case isSmall(b) && (sep == "/" || named && following != "/" && following != "tháng"):
		r.at += 3
		p := r.withYear(point{unit: unitDay, first: b.n, day: a.n})
		p.loose = !named && p.year == 0
		return p, true
	}
	return point{}, false
}

// ofMonth reads "30 tháng 6 năm 2023", "25 của tháng cuối quý", and the bare
// "30" of "ngày 30".
func (r *reader) ofMonth(named bool) (point, bool) {
	a, next := r.peek(0), r.peek(1).text
	if !isSmall(a) || !named && (next == "/" || next == "-" || next == ".") || named && (next == "/" || next == ".") && r.peek(2).number() {
		return point{}, false
	}
	r.at++
	after := r.at
	if named && r.is(",") { // "ngày 30, tháng 6, năm 2023"
		if m, ok := r.monthName(); ok {
			if p := r.withYear(point{unit: unitDay, first: m, day: a.n}); p.year != 0 {
				return p, true
			}
		}
		r.at = after
	}
	of := r.is("của")
	if m, ok := r.monthName(); ok {
		return r.withYear(point{unit: unitDay, first: m, day: a.n}), true
	}
	if p, ok := r.monthOfQuarter(); ok {
		p.day = a.n
		return p, true
	}
	if !named {
		return point{}, false
	}
	p := point{unit: unitDay, day: a.n}
	if before := r.at; r.each() && r.lookingAt("tháng") { // a cycle, to be read as one
		r.at = before
		return p, true
	}
	if r.at = after; of {
		r.at++
	}
	if !r.is("tháng") || !r.take(nextWords) && !of {
		r.at = after
	}
	return p, true
}

// each reads the "mỗi" of "mỗi quý".
func (r *reader) each() bool { return r.is("mỗi") || r.is("hằng") || r.is("từng") }

// monthOfQuarter reads "tháng cuối quý", "tháng đầu của quý sau".
func (r *reader) monthOfQuarter() (point, bool) {
	at := r.at
	if r.is("tháng") {
		p := point{unit: unitDay}
		switch {
		case r.is("cuối"), r.is("thứ") && (r.is("ba") || r.is("3")):
			p.inQuarter = 3
		case r.is("giữa"), r.is("thứ") && (r.is("hai") || r.is("2")):
			p.inQuarter = 2
		case r.is("đầu"):
			p.inQuarter = 1
		}
		if !r.is("tiên") {
			r.is("cùng")
		}
		if !r.is("của") {
			r.is("trong")
		}
		r.each()
		if p.inQuarter != 0 && r.is("quý") {
			if q := quarterOf(r.peek(0)); q != 0 {
				r.at++
				p.first, p.inQuarter = 3*q-3+p.inQuarter, 0
				return r.withYear(p), true
			}
			r.take(nextWords)
			return p, true
		}
	}
	r.at = at
	return point{}, false
}

var nextWords = newPhrases("sau|sau đó|tiếp theo|kế tiếp|liền kề|tiếp|sau liền kề|kế tiếp sau")

var beforeHour = newPhrases("trước|lúc|vào lúc|chậm nhất")

// clock reads "17 giờ 00 phút", "17h00", "16:30 chiều", and the "lúc" before.
func (r *reader) clock() bool {
	at := r.at
	t := r.peek(0)
	if isSmall(t) && t.n <= 24 {
		r.at++
		if r.is("giờ") || r.is("h") || r.is("g") || r.peek(0).text == ":" && len(r.peek(1).text) == 2 && isSmall(r.peek(1)) && r.is(":") {
			if m := r.peek(0); isSmall(m) && m.n < 60 && !(r.peek(2).number() && strings.Contains("/-.", r.peek(1).text)) {
				r.at++
				if !r.is("phút") {
					r.is("p")
				}
			}
			r.take(clockTail)
			r.is(",")
			r.is("của")
			return true
		}
		r.at = at
		return false
	}
	return r.take(clockTail)
}

func (r *reader) weekday() (time.Weekday, bool) {
	at := r.at
	if r.is("ngày") && r.peek(0).text != "thứ" && r.peek(0).text != "chủ" {
		r.at = at
		return 0, false
	}
	if r.is("chủ") && r.is("nhật") {
		return time.Sunday, true
	}
	if r.is("thứ") {
		t := r.peek(0)
		n, ok := smallNumbers[t.text]
		if isSmall(t) {
			n, ok = t.n, true
		}
		if ok && n >= 2 && n <= 7 {
			r.at++
			return time.Weekday(n - 1), true
		}
	}
	r.at = at
	return 0, false
}
