package tasks

import (
	"slices"
	"time"
)

// The deadline grammar is closed: a text is read from left to right, each piece
// of it by the first clause below that knows it. What stands between them may
// be words of work ("hoàn thành nhập dữ liệu …"), but nothing that speaks of
// time. Whatever is left over makes the whole unknown: better a question to the
// office than a date nobody wrote.
//
// The kind of the whole is the first that fits of
//
//	unknown   31/6/2023, anything not read    none; review
//	periodic  a cycle: hằng tháng             a series of its days or last days, from "từ …", to "đến hết …"
//	dated     points in time, terms           the last day of each; from the start of a range
//	ongoing   thường xuyên; từ …              none; beside dates and series too
//	awaiting  sau khi có hướng dẫn …          none; the office is asked
var clauses = []func(*reader) bool{
	// Time that is not the task's:
	(*reader).citation, // Nghị quyết số 50/NQ-CP ngày 08/4/2022
	(*reader).name,     // kế hoạch năm 2024; số liệu tháng 5, 6/2023

	// trong 30 ngày kể từ ngày ban hành         the issue date and 30 days; working days: unknown
	(*reader).countdown,
	// thường xuyên; duy trì; hằng ngày          ongoing
	// năm 2024 và những năm tiếp theo           ongoing, from the start of that year
	(*reader).ongoing,
	// hằng tháng; 6 tháng, năm; 01 lần/quý      the last day of each
	(*reader).every,
	// trước ngày 30/6/2023; 17h00 ngày 30/6     that day; without a year, of the year of issue
	// tháng 6; quý III/2023; 6 tháng đầu năm    the last day of the period
	// tháng 6 - 8/2023; giai đoạn 2023-2025     the last day, from the first
	// trước ngày 30/6 và 15/9/2023              each of them
	// trước tháng 7/2023                        the last day before the period
	// ngày 25 hằng tháng; 25 tháng cuối quý     that day of each
	(*reader).due,
	// dự kiến tháng 7/2023; gia hạn đến 30/9    that day, if no other is said
	(*reader).intended,
	// quý II đạt 80%                            the point in time stands, if it is to come
	(*reader).target,
	// quá hạn báo cáo lý do                     nothing
	(*reader).lateness,
	// thứ sáu hằng tuần                         every Friday
	(*reader).onWeekday,
	// từ tháng 5/2023; bắt đầu ngày 15/5/2023   ongoing from then, or from then to what is due
	(*reader).starting,
	// sau khi có hướng dẫn …; theo tiến độ …    awaiting
	(*reader).awaiting,

	// The rest.
	(*reader).label,  // lần 1; đợt 2:
	(*reader).mark,   // , ; . : ( ) và
	(*reader).filler, // words of work, or of anything but time
}

// ParseDeadline reads the words of a deadline cell as the plan issued on a day
// means them; without that day, words that need it say nothing. It never
// fails: what it does not understand is Unknown. Its time grows with the
// length of the text.
func ParseDeadline(text string, issued Date) Deadline {
	text = Clean(text)
	r := read(text, issued)
	d := r.deadline()
	d.Text, d.Source, d.Version = text, FromDeadline, 1
	return d
}

// read applies the clauses to a text.
func read(text string, issued Date) *reader {
	r := &reader{tokens: tokenise(text), issued: issued, pointed: -1, labelled: -1}
	r.listed = len(r.tokens) > 0 && r.tokens[0].text == "-" || len(r.tokens) > 1 && r.tokens[0].text == "(" && r.tokens[1].text == "-"
	for r.at < len(r.tokens) && !r.failed {
		at := r.at
		known := slices.ContainsFunc(clauses, func(clause func(*reader) bool) bool {
			if clause(r) {
				return true
			}
			r.at = at
			return false
		})
		if !known {
			r.failed = true
		}
	}
	return r
}

// reader is the state of reading one text.
type reader struct {
	tokens []token
	at     int
	issued Date
	listed bool // its lines begin with dashes
	failed bool // something speaks of time and is not understood

	// What was read so far.
	spans    []span
	group    int    // of the last span
	counted  []Date // from "trong 30 ngày kể từ …"
	start    *span  // from "từ …"
	startDay Date   // from "từ ngày ban hành"
	cycles   cycle
	days     []time.Weekday
	goesOn   bool
	waits    bool
	spoke    bool // of anything but time
	regular  bool // "định kỳ": no single date will do
	purpose  bool // "… để báo cáo tỉnh": what comes is not what is asked for
	pointed  int  // where the last span ended
	labelled int  // where the last label ended, if without a colon
	sole     bool // what is due may change, and nothing else may be said of it
	daily    bool // "hằng ngày"

	clause
	cited bool // a document, whose date may still come; a comma does not end it
}

// clause is what stands in the clause at hand, that is since the last , ; . :
// or bracket.
type clause struct {
	said       speech
	acts       bool // a verb of work is in it
	completing bool // "hoàn thành"
	working    bool // it began with words of work, and names no document since
	drafting   bool // … or its work is to write one
	found      bool // it speaks of what came out in a period: "kết quả trong quý II"
	past       bool // "đã"
	waiting    bool // "sau khi"
	timed      bool // a point in time or a cycle ends just here
	weakly     bool // a point in time that only stands if the clause says nothing else
}

// speech is how much a clause says beside time.
type speech int

const (
	nothing speech = iota // or words of work: "hoàn thành"
	report                // "báo cáo …": a bare "quý III" may be part of a name
	matter                // anything else
)

// deadline puts together what was read. Dated goes before periodic, periodic
// before ongoing, ongoing before awaiting.
func (r *reader) deadline() Deadline {
	unknown := Deadline{Kind: Unknown}
	if r.failed || r.sole && !r.saysOnce() || r.daily && r.repeats() {
		return unknown
	}
	if r.repeats() {
		from, until, bounded := r.bounds()
		rule, ok := r.recurrence()
		if !bounded || !ok || from > until {
			return unknown
		}
		if until != lastDate {
			rule.until = until
		}
		return Deadline{Kind: Periodic, RRule: &rule, From: from, Ongoing: r.goesOn}
	}
	from, due, ok := r.resolve()
	d := Deadline{From: from, Due: due, Ongoing: r.goesOn}
	switch {
	case !ok, len(r.days) > 0, r.regular && !r.goesOn:
		return unknown
	case len(due) > 0:
		d.Kind = Dated
		if from > due[len(due)-1] && !d.Ongoing {
			return unknown
		}
	case r.goesOn || from != 0:
		d.Kind, d.Ongoing = Ongoing, true
	case r.waits:
		d.Kind = Awaiting
	default:
		return unknown
	}
	return d
}

// saysOnce reports whether one clause says all there is about time.
func (r *reader) saysOnce() bool {
	return r.group == 1 && r.start == nil && len(r.counted) == 0 && !r.waits && !r.repeats()
}

// resolve turns what was read into due dates, ascending, each once, and the
// start: that of "từ …", else of the first range.
func (r *reader) resolve() (from Date, due []Date, ok bool) {
	lent, ok := r.lendYears()
	if !ok {
		return 0, nil, false
	}
	issueYear := r.issueYear()
	for i, s := range r.spans {
		first, end, ok := s.end.dates()
		if s.before {
			end = first - 1
		}
		if !ok || (s.aside || s.before) && end < r.issued {
			return 0, nil, false
		}
		if s.ranged {
			start, _, ok := s.start.dates()
			if ok && start > end && s.lent && s.start.first > s.end.first && s.end.year > issueYear { // "tháng 11 đến tháng 2/2024"
				s.start.year--
				start, _, ok = s.start.dates()
			}
			if !ok || start > end {
				return 0, nil, false
			}
			if from == 0 || start < from {
				from = start
			}
		}
		if lent && i > 0 && end <= due[i-1] {
			return 0, nil, false // "tháng 12 và tháng 3/2024": whose year?
		}
		due = append(due, end)
	}
	if r.start != nil {
		if from, _, ok = r.start.end.dates(); !ok {
			return 0, nil, false
		}
	} else if r.startDay != 0 {
		from = r.startDay
	}
	due = append(due, r.counted...)
	slices.Sort(due)
	return from, slices.Compact(due), true
}

// issueYear returns the year of issue, 0 if it is not known.
func (r *reader) issueYear() int {
	if r.issued == 0 {
		return 0
	}
	year, _, _ := r.issued.Split()
	return year
}

// lendYears gives the points without a year the year of the next one in their
// group, else of the one before, else the year of issue. It reports whether
// one was lent, and false for ok if there is none or it is in doubt.
func (r *reader) lendYears() (lent, ok bool) {
	var points []*point
	var groups []int
	for i := range r.spans {
		s := &r.spans[i]
		if s.ranged {
			points, groups = append(points, &s.start), append(groups, s.group)
			s.lent = s.start.year == 0 && s.end.year != 0
		}
		points, groups = append(points, &s.end), append(groups, s.group)
	}
	if r.start != nil {
		points, groups = append(points, &r.start.end), append(groups, r.start.group)
	}
	issueYear := r.issueYear()
	otherYear := false
	for i := range points {
		otherYear = otherYear || points[i].year != 0 && points[i].year != issueYear
	}
	for i := len(points) - 2; i >= 0; i-- {
		p, next := points[i], points[i+1]
		if groups[i] != groups[i+1] {
			continue
		}
		if p.first == 0 && p.unit == unitDay && next.unit == unitDay {
			p.first = next.first
		}
		if p.year == 0 && next.year != 0 {
			p.year, lent = next.year, true
		}
	}
	for i, p := range points {
		if p.year != 0 {
			continue
		}
		if i > 0 && groups[i-1] == groups[i] && points[i-1].year != 0 {
			p.year, lent = points[i-1].year, true
			continue
		}
		if issueYear == 0 || otherYear {
			return lent, false
		}
		p.year = issueYear
	}
	return lent, true
}
