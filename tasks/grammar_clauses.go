package tasks

import "time"

// peek returns the token n ahead, and an empty one beyond the end.
func (r *reader) peek(n int) token {
	if r.at+n < len(r.tokens) {
		return r.tokens[r.at+n]
	}
	return token{n: -1}
}

func (r *reader) lookingAt(word string) bool { return r.peek(0).text == word }

func (r *reader) before() string {
	if r.at == 0 {
		return ""
	}
	return r.tokens[r.at-1].text
}

// is consumes one word.
func (r *reader) is(word string) bool {
	if r.at < len(r.tokens) && r.tokens[r.at].text == word {
		r.at++
		return true
	}
	return false
}

// take consumes the longest phrase of a set that stands here.
func (r *reader) take(set phrases) bool {
next:
	for _, words := range set[r.peek(0).text] {
		if r.at+len(words) > len(r.tokens) {
			continue
		}
		for i, w := range words {
			if r.tokens[r.at+i].text != w {
				continue next
			}
		}
		r.at += len(words)
		return true
	}
	return false
}

// boundary reports whether a phrase may end here.
func (r *reader) boundary() bool {
	switch r.peek(0).text {
	case "", ",", ";", ".", blank, ":", "(", ")", "-", "và", "đến", "thực", "hoàn", "duy":
		return true
	}
	return false
}

// newClause forgets what the clause at hand said.
func (r *reader) newClause() {
	r.clause = clause{}
}

func isWord(t token) bool {
	switch t.text {
	case ",", ";", ".", blank, ":", "(", ")", "-", "/", "và", "%":
		return false
	}
	return true
}

// countdown reads "trong 30 ngày kể từ ngày ban hành Kế hoạch", from a date
// too, and from an event that has none yet.
func (r *reader) countdown() bool {
	r.take(withinWords)
	n := r.peek(0).n
	if word, ok := smallNumbers[r.peek(0).text]; ok {
		n = word
	} else if n < 1 || len(r.peek(0).text) > 3 {
		return false
	}
	r.at++
	r.aside()
	var add func(Date) Date
	switch {
	case r.is("ngày"):
		add = func(d Date) Date { return d + Date(n) }
	case r.is("tuần"):
		add = func(d Date) Date { return d + Date(7*n) }
	case n <= 120 && r.is("tháng"):
		add = func(d Date) Date { return addMonths(d, n) }
	case n <= 10 && r.is("năm"):
		add = func(d Date) Date { return addMonths(d, 12*n) }
	default:
		return false
	}
	workdays := r.is("làm") && r.is("việc") // whose holidays? not ours to guess
	r.is(",")
	if !r.take(sinceWords) && !r.is("sau") {
		return false
	}
	if !r.is("khi") && !r.lookingAt("ngày") {
		return false
	}
	at := r.at
	r.is("ngày")
	if r.take(issuing) {
		r.take(thisDoc)
		if r.boundary() {
			switch {
			case r.issued == 0:
				r.waits = true
			case workdays:
				r.failed = true
			default:
				r.counted = append(r.counted, add(r.issued))
			}
			r.timed = true
			return true
		}
	}
	r.at = at
	if p, ok := r.day(); ok && p.unit == unitDay {
		day, _, ok := p.dates()
		if !ok || workdays {
			r.failed = true
			return true
		}
		r.startDay = day
		r.counted = append(r.counted, add(day))
		r.timed = true
		return true
	}
	r.at = at
	r.is("ngày")
	r.waits, r.said, r.timed = true, matter, false
	return true
}

// aside skips a number in words, as in "15 (mười lăm) ngày".
func (r *reader) aside() {
	at := r.at
	if r.is("(") {
		for n := 0; n < 6; n++ {
			if r.is(")") {
				return
			}
			if r.peek(0).number() {
				break
			}
			r.at++
		}
	}
	r.at = at
}

func addMonths(d Date, n int) Date {
	y, m, day := d.Split()
	last := LastOfMonth(y, m+time.Month(n))
	_, _, length := last.Split()
	return last - Date(max(0, length-day))
}

// ongoing reads words for work without end. "… và những năm tiếp theo" makes
// the year before it the start of such work.
func (r *reader) ongoing() bool {
	if r.timed && r.take(laterYears) {
		if r.start == nil {
			first := len(r.spans) - 1
			if first < 0 || r.spans[first].end.unit != unitYear {
				return false
			}
			for first > 0 && r.spans[first-1].group == r.spans[first].group {
				first--
			}
			s := r.spans[first]
			if s.ranged {
				s.end = s.start
			}
			r.start, r.spans = &s, r.spans[:first]
		}
		r.goesOn = true
		return true
	}
	if r.goesOn && r.take(laterYears) {
		return true
	}
	if r.said <= report && !r.timed && r.take(everyDay) {
		r.goesOn, r.daily, r.timed = true, true, true
		return true
	}
	before := r.before()
	if !r.take(ongoingWords) || expenses[before] {
		return false
	}
	// "thường xuyên hằng năm" says no more than "thường xuyên".
	at, cycles := r.at, r.cycles
	if !r.take(daily) && !r.cycle() {
		r.at = at
	}
	r.cycles = cycles
	r.goesOn = true
	return true
}

// due reads points in time, ranges, and lists of them, with the words before:
// "hoàn thành trước ngày 30/6 và 15/9/2023".
func (r *reader) due() bool {
	at := r.at
	if r.take(allDay) && !r.lookingAt("/") && !r.lookingAt("năm") {
		return false
	}
	r.at = at
	lead := r.lead()
	if (lead.before || lead.in) && r.attributed(at) {
		return false
	}
	s, ok := r.span(0, lead.end || lead.in || lead.until)
	if !ok {
		return false
	}
	bound := lead.limit || lead.before
	if r.waiting || r.past || r.said == matter && !r.acts && !lead.done && !lead.limit {
		return false
	}
	strong := bound || lead.done
	fits := strong ||
		r.said == nothing && !r.cited ||
		(lead.in || lead.until && lead.end) && (r.said <= report && !r.found || r.completing) ||
		lead.in && !s.ranged && r.working && !r.found && !r.cited
	switch {
	case !fits, r.goesOn && !strong:
		return false
	case s.end.loose && !bound && !lead.until && r.counting(): // "hoàn thành 5/6 nhiệm vụ"
		return false
	case at == r.labelled && s.end.unit == unitYear && !strong: // "đợt 1 năm 2023"
		return false
	case r.pointed == at, at > 0 && r.pointed == at-1 && r.tokens[at-1].text == "(": // "tháng 7 (quý III/2023)": which?
		return false
	case r.purpose && len(r.spans) > 0: // "… để tổng hợp, báo cáo tỉnh trước ngày …": another's deadline
		return false
	}
	r.group++
	for first := true; ; first = false {
		s.before = lead.before && !lead.end && s.end.unit != unitDay && s.end.unit != unitLastDay
		mixed := !first && s.before != r.spans[len(r.spans)-1].before // "trước 30/6 và năm 2024"
		if lead.before && (s.ranged || mixed || s.before && (s.end.unit == unitHalf || s.end.bare)) {
			r.failed = true
		}
		s.group, s.aside = r.group, r.said == matter
		s.bounds, s.until = !bound && (lead.until || lead.in || s.ranged), lead.until
		r.spans = append(r.spans, s)
		r.pointed = r.at
		at := r.at
		if !r.take(andWords) {
			break
		}
		if r.take(laterYears) || r.phase() {
			r.at = at
			break
		}
		more := r.lead()
		if s, ok = r.span(s.end.unit, more.end); !ok || r.cut() {
			r.at = at
			break
		}
		if more.limit || more.done {
			r.at = at
			break
		}
		lead.end = lead.end || more.end
		lead.before = lead.before || more.before
	}
	r.timed = true
	r.weakly = lead == leadWords{}
	return true
}

// cut reports whether the number just read is cut off from what it counts:
// the "2" of "tháng 6, 2 lần".
func (r *reader) cut() bool {
	t := r.peek(0)
	return isWord(t) && t.text != "" && r.tokens[r.at-1].number() && !isYear(r.tokens[r.at-1]) && !r.boundary() && t.text != "hằng" && t.text != "tháng"
}

// maxLead is more phrases than anybody puts before a date, and keeps the time
// of reading linear.
const maxLead = 8

// leadWords is what stands before a point in time.
type leadWords struct{ before, limit, done, until, end, in bool }

func (r *reader) lead() leadWords {
	var l leadWords
	for range maxLead {
		switch {
		case r.take(doneWords):
			l.done = true
		case r.take(limitWords):
			l.limit = true
		case r.take(beforeWords):
			l.before = true
		case r.lookingAt("đến") && r.take(endWords):
			l.until, l.end = true, true
		case r.take(endWords):
			l.end = true
		case r.take(inWords):
			l.in = true
		case r.take(untilWord):
			l.until = true
			l.before = l.before || r.before() == "trước"
		case r.take(stageWords):
		case l != leadWords{} && r.take(isWords):
		default:
			return l
		}
	}
	return l
}

// starting reads "từ …", with or without an end, and "bắt đầu …".
func (r *reader) starting() bool {
	begins := r.take(startWords)
	if begins {
		r.is(":")
	} else {
		r.take(periodWords)
	}
	if !r.take(sinceWords) && !begins || r.said == matter || r.found || r.cited {
		return false
	}
	at := r.at
	if r.is("nay") && (r.lookingAt("đến") || r.lookingAt("tới") || r.lookingAt("cho")) {
		return true
	}
	r.is("ngày")
	if r.take(issuing) {
		r.take(thisDoc)
		if r.boundary() {
			r.startDay = r.issued
			if r.issued == 0 {
				r.waits = true
			}
			r.timed = true
			return true
		}
	}
	r.at = at
	r.is("đầu")
	listed := r.listed
	r.listed = false // "- Từ tháng 6 - tháng 9/2023" has one line
	s, ok := r.span(0, false)
	r.listed = listed
	if !ok || r.start != nil {
		return false
	}
	r.group++
	s.group = r.group
	if s.ranged {
		s.bounds = true
		r.spans = append(r.spans, s)
		r.pointed = r.at
	} else {
		r.start = &s
	}
	r.timed, r.weakly = true, true
	return true
}

// label reads "lần 1", "đợt 2:", "1)".
func (r *reader) label() bool {
	if !r.phase() {
		return false
	}
	if r.before() != ")" && !r.is(":") {
		r.labelled = r.at
	}
	r.newClause()
	r.cited, r.purpose = false, false
	return true
}

// phase reads the label itself.
func (r *reader) phase() bool {
	if isSmall(r.peek(0)) && r.peek(1).text == ")" {
		r.at += 2
		return true
	}
	if !r.take(labels) {
		return false
	}
	t, next := r.peek(0), r.peek(1).text
	r.at++
	return isSmall(t) && next != "/" && next != "-" || t.text != "" && counts[t.text] != nil
}

// mark reads what parts clauses, and marks of a list.
func (r *reader) mark() bool {
	switch r.peek(0).text {
	case "và":
	case "-":
		if r.atLine() {
			r.cited, r.purpose = false, false
			r.newClause()
		}
	case "*", bullet:
		r.cited, r.purpose = false, false
		r.newClause()
	case ",": // "tại các phường, xã trước ngày …"
		acts := r.acts
		r.newClause()
		r.acts = acts
	case ";", ".", blank, ":":
		r.cited = false
		r.purpose = r.purpose && r.lookingAt(":")
		r.newClause()
	case "(", ")":
		r.newClause()
	case "hoặc": // "hằng quý hoặc khi có yêu cầu" is a series all the same
		return (r.cycles != 0 || r.goesOn) && r.is("hoặc") && awaitWords[r.peek(0).text] != nil
	default:
		return false
	}
	r.at++
	return true
}

// atLine reports a dash that begins another line of a cell whose lines begin
// with dashes; line breaks are white space by now. A number behind it rather is
// the end of a range.
func (r *reader) atLine() bool {
	return r.listed && r.lookingAt("-") && isWord(r.peek(1)) && !r.peek(1).number()
}

// filler reads words that say nothing about time, and keeps account of them.
func (r *reader) filler() bool {
	at, t := r.at, r.peek(0)
	switch {
	case r.take(doneWords):
		r.completing, r.acts = true, true
		return true
	case r.take(workWords):
		r.working = r.working || r.said == nothing
		r.acts = true
		return true
	case !r.timed && r.is("đã"):
		r.past = true
	case r.take(regularly):
		r.regular = true
		return true
	case r.take(purposes):
		r.purpose = true
	case r.take(findings):
		r.found, r.acts = true, true
		r.said = max(r.said, report)
		return true
	case r.take(drafting):
		r.acts = true
		r.drafting = r.drafting || r.said == nothing
		r.working = r.working || r.drafting
		r.said = max(r.said, report)
		return true
	case r.take(reportWords):
		r.acts = true
		r.said = max(r.said, report)
		return true
	case r.said == nothing && r.take(actions), t.number() && r.peek(1).text == "%":
		r.at = max(r.at, at+1)
		r.acts = true
	case r.take(harmless), r.quantity():
	case r.take(documents):
		r.working = r.drafting
	case r.take(reserved), r.weakly, isYear(t):
		return false
	case t.number() && r.peek(2).number() && !isWord(r.peek(1)) && r.peek(1).text != "%" && r.peek(1).text != "và":
		return false
	default:
		r.at++
	}
	r.said, r.timed, r.spoke = matter, false, true
	return true
}
