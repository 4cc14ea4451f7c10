package tasks

import "time"

// point is a day or a period as the words give it; what they leave out is 0.
type point struct {
	unit       unit
	year       int
	first      int  // month, or first month of a period; 0: not said
	last       int  // last month of a period
	day        int  // 1 to 31; 0: the whole period
	inQuarter  int  // 1 to 3: the month of every quarter
	loose      bool // "30/6": may be a number of things too
	bare       bool // "6/2023": a month, if the day was not left out
	impossible bool
}

type unit byte

const (
	unitDay unit = iota + 1
	unitMonth
	unitQuarter
	unitHalf
	unitYear
	unitLastDay // the last day of a period
)

// Years outside of these are slips of the pen.
const firstYear, lastYear = 1990, 2100

// span is a point, or a range between two; spans of one group ("tháng 6 và
// tháng 9/2023") lend each other the year.
type span struct {
	start, end point
	ranged     bool
	group      int
	before     bool // the day before it is meant: "trước tháng 7"
	aside      bool // its clause speaks of other matters too
	bounds     bool // beside a cycle: it says how long that goes on, not when in it
	until      bool // … up to its end, from any start
	lent       bool // the start has its year from the end
}

// dates returns the first and last day of a point whose year is known.
func (p point) dates() (first, last Date, ok bool) {
	if p.impossible || p.year < firstYear || p.year > lastYear || p.first < 1 || p.first > 12 || p.last > 12 {
		return 0, 0, false
	}
	if p.unit == unitDay {
		d, err := NewDate(p.year, time.Month(p.first), p.day)
		return d, d, err == nil
	}
	first, err := NewDate(p.year, time.Month(p.first), 1)
	return first, LastOfMonth(p.year, time.Month(p.last)), err == nil
}

// span reads a point or a range: "tháng 6 - 8/2023", "15/6 đến 15/9/2023".
func (r *reader) span(like unit, bareYear bool) (span, bool) {
	at := r.at
	p, ok := r.point(like, bareYear)
	if !ok {
		if p, ok = r.halfRange(); !ok {
			return span{}, false
		}
		end, ok := r.rangeEnd(p.unit)
		if !ok {
			r.at = at
		}
		return span{start: p, end: end, ranged: true}, ok
	}
	next, dash, line := r.at, r.listed && r.lookingAt("-"), r.atLine()
	end, ok := r.rangeEnd(p.unit)
	switch {
	case ok && dash && line == (p.year == 0): // "- Tháng 6 - Tháng 9/2023": two lines, or one?
		r.at = at
		return span{}, false
	case ok && !line:
		return span{start: p, end: end, ranged: true}, true
	}
	r.at = next
	return span{end: p}, true
}

// halfRange reads the first half of a range that is no point by itself: "15 -
// 20/6/2023", "2023 - 2025".
func (r *reader) halfRange() (point, bool) {
	t := r.peek(0)
	if next := r.peek(1).text; next != "-" && next != "đến" {
		return point{}, false
	}
	switch {
	case isYear(t):
		r.at++
		return point{unit: unitYear, year: t.n, first: 1, last: 12}, true
	case isSmall(t):
		r.at++
		return point{unit: unitDay, day: t.n}, true
	}
	return point{}, false
}

func (r *reader) rangeEnd(like unit) (point, bool) {
	at := r.at
	if r.is("-") || r.take(untilWord) || r.take(endWords) && r.tokens[at].text == "đến" {
		r.take(untilWord)
		before := r.before() == "trước"
		end := r.take(endWords)
		if p, ok := r.point(like, end); ok {
			p.impossible = p.impossible || before && !end && p.unit != unitDay && p.unit != unitLastDay // "đến trước tháng 9"
			return p, true
		}
	}
	r.at = at
	return point{}, false
}

// point reads a day or a period. A bare number is one of the unit that like
// names, as in "tháng 6, 7/2023". A bare "năm" is a year if bareYear.
func (r *reader) point(like unit, bareYear bool) (point, bool) {
	if p, ok := r.day(); ok {
		return p, true
	}
	if p, ok := r.period(bareYear); ok {
		return p, true
	}
	at, t := r.at, r.peek(0)
	r.at++
	switch {
	case like == unitDay && isSmall(t) && !r.lookingAt("/"):
		return point{unit: unitDay, day: t.n}, true
	case like == unitMonth && isSmall(t):
		return r.withYear(monthOf(t.n)), true
	case like == unitQuarter && quarterOf(t) != 0:
		return r.withYear(quarter(quarterOf(t))), true
	case like == unitYear && isYear(t):
		return yearOf(t.n), true
	}
	r.at = at
	return point{}, false
}

// monthName reads "tháng 6", "tháng sáu".
func (r *reader) monthName() (int, bool) {
	if r.lookingAt("t") && isSmall(r.peek(1)) && r.peek(2).text == "/" && isYear(r.peek(3)) { // "T6/2023"
		r.at += 2
		return r.tokens[r.at-1].n, true
	}
	if r.peek(0).text != "tháng" {
		return 0, false
	}
	t, next := r.peek(1), r.peek(2)
	switch {
	case isSmall(t):
		r.at += 2
		return t.n, true
	case t.text == "mười" && (next.text == "một" || next.text == "hai"):
		r.at += 3
		return 10 + smallNumbers[next.text], true
	case t.text == "năm" && next.text != "năm": // "tháng năm 2023" may be anything
		return 0, false
	}
	if n, ok := smallNumbers[t.text]; ok {
		r.at += 2
		return n, true
	}
	return 0, false
}

var smallNumbers = map[string]int{"một": 1, "hai": 2, "ba": 3, "tư": 4, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "bẩy": 7, "tám": 8, "chín": 9, "mười": 10}

// period reads tháng 6/2023, quý III năm 2023, 6 tháng đầu năm, năm 2023.
func (r *reader) period(bareYear bool) (point, bool) {
	at := r.at
	if m, ok := r.monthName(); ok {
		return r.withYear(monthOf(m)), true
	}
	if r.is("quý") {
		if q := quarterOf(r.peek(0)); q != 0 {
			r.at++
			return r.withYear(quarter(q)), true
		}
		r.at = at
		return point{}, false
	}
	if q, ok := shortQuarters[r.peek(0).text]; ok {
		r.at++
		if q == 0 {
			r.is(".")
			q = quarterOf(r.peek(0))
			r.at++
		}
		if p := r.withYear(quarter(q)); q != 0 && p.year != 0 {
			return p, true
		}
		r.at = at
		return point{}, false
	}
	if p, ok := r.half(); ok {
		return p, true
	}
	if r.is("năm") {
		t := r.peek(0)
		switch {
		case isYear(t):
			r.at++
			return yearOf(t.n), true
		case r.relativeYear(&t.n):
			return yearOf(t.n), true
		case bareYear && r.boundary():
			return yearOf(0), true
		}
	}
	r.at = at
	return point{}, false
}

// shortQuarters are the letters of "Q3/2023" and "QIII/2023".
var shortQuarters = map[string]int{"q": 0, "qi": 1, "qii": 2, "qiii": 3, "qiv": 4}

func (r *reader) half() (point, bool) {
	at := r.at
	t := r.peek(0)
	n := t.n
	if word, ok := smallNumbers[t.text]; ok {
		n = word
	}
	r.at++
	p := point{unit: unitHalf}
	if t.text == "nửa" {
		n = 6
	} else if n != 3 && n != 6 && n != 9 || !r.is("tháng") {
		r.at = at
		return p, false
	}
	switch {
	case r.is("đầu"):
		p.first, p.last = 1, n
	case r.is("cuối"):
		p.first, p.last = 13-n, 12
	}
	r.is("của")
	if p.first == 0 || !r.is("năm") {
		r.at = at
		return p, false
	}
	if y := r.peek(0); isYear(y) {
		r.at++
		p.year = y.n
	} else if !r.relativeYear(&p.year) && !r.boundary() {
		r.at = at
		return p, false
	}
	return p, true
}

// relativeYear reads the "nay" of "năm nay" and the "sau" of "năm sau", if the
// year of issue is known.
func (r *reader) relativeYear(year *int) bool {
	if r.issued == 0 {
		return false
	}
	y, _, _ := r.issued.Split()
	switch {
	case r.is("nay"):
		*year = y
	case r.is("sau"), r.is("tới"):
		*year = y + 1
	default:
		return false
	}
	return true
}

// withYear adds the year that follows a point, if one does: "/2023", "-2023",
// "năm 2023", ", năm 2023".
func (r *reader) withYear(p point) point {
	at := r.at
	if r.is("/") {
		if y, ok := r.yearNumber(0); ok {
			r.at++
			p.year = y
			return p
		}
	} else {
		if !r.is("-") && !r.is(".") {
			r.is(",")
			r.is("của")
			if r.is("năm") {
				if r.relativeYear(&p.year) {
					return p
				}
			} else if at != r.at { // a comma alone joins nothing
				r.at = at
				return p
			}
		}
		if t := r.peek(0); isYear(t) {
			r.at++
			p.year = t.n
			return p
		}
	}
	r.at = at
	return p
}

func monthOf(m int) point   { return point{unit: unitMonth, first: m, last: m} }
func quarter(q int) point   { return point{unit: unitQuarter, first: 3*q - 2, last: 3 * q} }
func yearOf(year int) point { return point{unit: unitYear, year: year, first: 1, last: 12} }

func quarterOf(t token) int {
	switch t.text {
	case "i", "1", "01":
		return 1
	case "ii", "2", "02":
		return 2
	case "iii", "3", "03":
		return 3
	case "iv", "4", "04":
		return 4
	}
	return 0
}

// isSmall reports a number of one or two digits, isYear one that is a year.
func isSmall(t token) bool { return t.n >= 0 && len(t.text) <= 2 }
func isYear(t token) bool {
	return len(t.text) == 4 && t.n >= firstYear && t.n <= lastYear
}

// yearNumber reads 2023 in the token n ahead, and 23 if that is not the start
// of a year left open ("20…"), nor one long past.
func (r *reader) yearNumber(n int) (int, bool) {
	t := r.peek(n)
	if isSmall(t) && len(t.text) == 2 {
		year := 2000 + t.n
		return year, r.peek(n+1).text != blank && year >= r.issueYear()-1
	}
	return t.n, isYear(t)
}
