package tasks

// citation reads a document with its number and date. The date is the
// document's, and so is a bare "ngày …" or "năm …" that comes later.
func (r *reader) citation() bool {
	if r.cited && r.citedDate() {
		return true
	}
	led := r.before() == "theo" || r.before() == "tại" || r.before() == "cứ"
	law := r.take(laws)
	named := law || r.take(documents)
	switch {
	case r.symbol():
	case r.lookingAt("số") && (r.peek(1).number() || r.peek(1).text == "/"):
		r.at++
		if !r.symbol() {
			r.at++ // "số 12"; "số /KH-UBND" of a draft
		}
	case named && isSmall(r.peek(0)) && r.peek(1).text == "ngày" && r.peek(2).number():
		r.at++ // "Nghị quyết 50 ngày 08/4/2022"
	case (named || r.cited) && isSmall(r.peek(0)) && r.peek(1).text == "(" && r.peek(2).number():
		r.at++ // "theo QĐ 06 (06/01/2022)"
	case law, named && led:
	default:
		return false
	}
	r.acts = r.acts || r.cited || led
	r.cited, r.said, r.timed, r.spoke = true, matter, false, true
	at := r.at
	if !r.is(",") {
		r.is("(")
	}
	if !r.citedDate() {
		r.at = at
	}
	return true
}

// citedDate reads "ngày 08/4/2022", "ký ngày …", "năm 2020", the "ngày /6/2023"
// of a draft, and the date in "(06/01/2022)" if it is past.
func (r *reader) citedDate() bool {
	at := r.at
	if r.before() == "(" {
		if p, ok := r.slashed(false); ok && p.unit == unitDay && r.lookingAt(")") {
			if _, day, ok := p.dates(); ok && day <= r.issued {
				return true
			}
		}
		r.at = at
	}
	if r.is("năm") && isYear(r.peek(0)) {
		r.at++
		return true
	}
	r.at = at
	r.take(dateOfDoc)
	if r.lookingAt("ngày") {
		if p, ok := r.day(); ok && p.unit == unitDay && p.first != 0 {
			return true
		}
		r.is("ngày")
		r.is(blank)
		if r.is("/") && isSmall(r.peek(0)) && r.peek(1).text == "/" && isYear(r.peek(2)) {
			r.at += 3
			return true
		}
	}
	r.at = at
	return false
}

// symbol reads a document's number: 50/NQ-CP, 107/2021/NĐ-CP, 999-KL/TU.
func (r *reader) symbol() bool {
	at := r.at
	letters := func() bool {
		t := r.peek(0)
		if t.text == "" || t.number() || !isWord(t) || timeWords[t.text] {
			return false
		}
		r.at++
		return true
	}
	if r.peek(0).number() && len(r.peek(0).text) <= 5 {
		r.at++
	}
	ok := false
	if r.is("/") {
		if r.peek(0).number() && r.peek(1).text == "/" {
			r.at += 2
		}
		ok = letters()
	} else if r.at > at && r.is("-") {
		ok = letters() && (r.lookingAt("/") || r.lookingAt("-"))
	}
	if !ok || !r.tokens[at].number() && r.before() == "" {
		r.at = at
		return false
	}
	for r.at < len(r.tokens) {
		mark := r.at
		if (r.is("-") || r.is("/")) && letters() {
			continue
		}
		r.at = mark
		break
	}
	return true
}

var timeWords = map[string]bool{"ngày": true, "tháng": true, "quý": true, "năm": true, "tuần": true, "giờ": true, "lần": true, "hết": true, "đến": true, "trước": true, "h": true}

// name reads a thing with the period in its name: "kế hoạch năm 2024", "số
// liệu tháng 5, 6/2023". The period is no deadline.
func (r *reader) name() bool {
	if !r.take(periodical) {
		return false
	}
	r.take(stageWords)
	s, ok := r.span(0, false)
	for ok && s.end.unit != unitDay {
		at := r.at
		if r.cyclePrefix() {
			return false // "báo cáo tháng 6 hằng năm"
		}
		if !r.take(andWords) {
			break
		}
		if s, ok = r.span(s.end.unit, false); !ok || s.end.unit == unitDay {
			r.at, ok = at, true
			break
		}
	}
	if !ok || s.end.unit == unitDay && !r.lookingAt(",") {
		return false
	}
	r.said, r.working, r.timed, r.spoke = max(r.said, report), r.drafting, false, true
	return true
}

// attributed reports whether the point in time whose lead starts at the given
// token belongs to things and not to the task: "văn bản ban hành trước ngày …".
// It does not if the verb starts the clause, or if somebody is asked for it:
// "trình UBND tỉnh ban hành trước ngày …".
func (r *reader) attributed(at int) bool {
	for at < r.at && r.tokens[at].text != "trước" && r.tokens[at].text != "trong" {
		at++
	}
	verb := at - 1
	word := func(i int) string {
		if i < 0 || !isWord(r.tokens[i]) {
			return ""
		}
		return r.tokens[i].text
	}
	two := word(verb-1) + " " + word(verb)
	switch {
	case attributive[two]:
		verb--
	case !attributive[word(verb)] || two == "học sinh":
		return false
	}
	if before := word(verb - 1); before == "" || urging[before] {
		return false
	}
	back := reader{tokens: r.tokens}
	for i := verb - 1; i >= max(0, verb-maxAsking); i-- {
		if back.at = i; back.take(asking) && word(i-1) == "" {
			return false
		}
		if back.at = i; word(i) == "" || back.take(documents) {
			return true
		}
	}
	return true
}

// maxAsking is more words than stand between "trình" and what is asked for.
const maxAsking = 16

// counting reports whether a word follows that a number can count: the
// "phường" of "12/15 phường".
func (r *reader) counting() bool {
	t := r.peek(0)
	if t.text == "" || !isWord(t) || t.number() || r.boundary() || timeWords[t.text] {
		return false
	}
	at := r.at
	known := r.take(workWords) || r.take(reportWords) || r.take(doneWords) || r.take(reserved) || r.take(ongoingWords) || r.take(labels) ||
		r.take(sinceWords) || r.take(accordingTo) || r.cyclePrefix()
	r.at = at
	return !known
}

// quantity reads "12/15 phường", "10.000 tài khoản", "5,5 tỷ".
func (r *reader) quantity() bool {
	at := r.at
	if r.peek(0).number() {
		r.at++
		switch sep := r.peek(0).text; {
		case sep == "/" && r.peek(1).number(), sep == "," && r.peek(1).number():
			r.at += 2
		default:
			for r.lookingAt(".") && len(r.peek(1).text) == 3 && r.peek(1).number() {
				r.at += 2
			}
		}
		if r.at > at+1 && (r.counting() || r.lookingAt("%")) {
			return true
		}
	}
	r.at = at
	return false
}

// awaiting reads words for something that has no date yet.
func (r *reader) awaiting() bool {
	switch {
	case r.take(awaitWords):
		r.waiting = true
	case r.said <= report && r.take(accordingTo):
		r.cited = true
	default:
		return false
	}
	r.waits, r.said, r.timed = true, matter, false
	return true
}
